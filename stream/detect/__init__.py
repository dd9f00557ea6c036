"""Stage 3, detect: what only shows over time. Pure: states in, states out; the time is that of the articles.

stories, fingerprint   near-duplicates of one report are one story
throttle               groups and throttles of a rule: `step(state, match) -> state, ruling`
window, baseline       which events count together, and how many there usually are
correlate              correlations of one key: `receive`, and `advance(state, until) -> state, detections`
watermark              how far the runs are
memory                 all of this for one partition of `matches`, with snapshots to write and to restore from
"""

from stream.detect.fingerprint import fingerprint
from stream.detect.limits import DetectLimits
from stream.detect.memory import CLOCKS, Changes, Definitions, Due, Memory
from stream.detect.moments import NEVER_US, from_us, to_us
from stream.detect.snapshot import SnapshotError
from stream.detect.stories import Assigned, Stories, StoryLimits
from stream.detect.watermark import Told

__all__ = [
    "CLOCKS",
    "NEVER_US",
    "Assigned",
    "Changes",
    "Definitions",
    "DetectLimits",
    "Due",
    "Memory",
    "SnapshotError",
    "Stories",
    "StoryLimits",
    "Told",
    "fingerprint",
    "from_us",
    "to_us",
]

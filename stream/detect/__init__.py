"""Stage 3, detect: what only shows over time. So far stories: near-duplicates of one report are one story."""

from stream.detect.fingerprint import fingerprint
from stream.detect.stories import Assigned, Stories, StoryLimits

__all__ = ["Assigned", "Stories", "StoryLimits", "fingerprint"]

"""How much detection remembers. What falls out is counted; results are exact as long as nothing does."""

from __future__ import annotations

from dataclasses import dataclass, field

from stream.detect.stories import StoryLimits


@dataclass(frozen=True, slots=True)
class DetectLimits:
    """Limits of one state key, apart from `keys_max`, `decoded_max` and `runs_max`.

    `ids_max`                ids of the records seen last, by which one that comes again is known
    `groups_max`             groups of one rule; beyond, the one that was touched longest ago is forgotten
    `group_members_max`      stories and sources of one group that are told apart; more are not counted
    `group_retention_ms`     event time after which a group without matches begins anew
    `pending_max`            matches that wait for the watermark; of more, the latest ones are dropped
    `window_events_max`      events of one window; beyond, the oldest leave early
    `members_shown_max`      articles that an alert of a correlation lists
    `keys_max`               state keys of one partition; beyond, those touched longest ago are forgotten
    `decoded_max`            of these, the ones that are kept decoded between two chunks
    `snapshot_bytes_max`     of one key, all its parts; a larger one loses what waits longest for its time
    `runs_max`               runs that a partition remembers, live articles apart
    """

    ids_max: int = 10_000
    groups_max: int = 500
    group_members_max: int = 32
    group_retention_ms: int = 72 * 3_600_000
    pending_max: int = 20_000
    window_events_max: int = 20_000
    members_shown_max: int = 20
    keys_max: int = 100_000
    decoded_max: int = 4_096
    snapshot_bytes_max: int = 16_000_000
    runs_max: int = 32
    stories: StoryLimits = field(default_factory=StoryLimits)

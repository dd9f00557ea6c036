"""How much is remembered over time: stories, groups, windows, keys and runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from stream.settings.group import Group

if TYPE_CHECKING:
    from stream.detect import DetectLimits, StoryLimits


class MemorySettings(Group):
    """Limits of detection over time."""

    story_retention_hours: float = Field(
        72.0, gt=0, le=8_760, description="Longest pause between two copies of one story, in hours of event time."
    )
    story_texts_per_key_max: int = Field(
        800, ge=1, le=50_000, description="Texts that new copies are compared with, of one rule; the oldest leave."
    )
    state_keys_per_partition_max: int = Field(
        100_000, ge=100, le=10_000_000, description="State keys of one partition; beyond, the longest untouched leave."
    )
    groups_per_rule_max: int = Field(
        500,
        ge=1,
        le=2_000,
        description="Groups of one rule (alert.group_by, throttle.per); the longest untouched leave.",
    )
    window_events_max: int = Field(
        20_000,
        ge=1_000,
        le=1_000_000,
        description="Events in one window of a correlation; beyond, the oldest leave early.",
    )
    waiting_events_max: int = Field(
        20_000,
        ge=100,
        le=1_000_000,
        description="Matches of one key that wait for the grace; beyond, the latest are dropped.",
    )
    state_bytes_max: int = Field(
        16_000_000,
        ge=1_000_000,
        le=1_000_000_000,
        description="Size of one key's state in the table; beyond, what waits longest for its time is dropped.",
    )
    runs_kept_max: int = Field(
        32, ge=1, le=10_000, description="Replay runs whose state a partition keeps; the longest silent leave."
    )

    def detect_limits(self) -> DetectLimits:
        """The limits of detection, as a value."""
        from stream.detect import DetectLimits

        return DetectLimits(
            groups_max=self.groups_per_rule_max,
            pending_max=self.waiting_events_max,
            window_events_max=self.window_events_max,
            snapshot_bytes_max=self.state_bytes_max,
            keys_max=self.state_keys_per_partition_max,
            runs_max=self.runs_kept_max,
            stories=self.story_limits(),
        )

    def story_limits(self) -> StoryLimits:
        """The limits of stories, as a value; a story has one text at least."""
        from stream.detect import StoryLimits

        return StoryLimits(
            stories_max=self.story_texts_per_key_max,
            exemplars_max=self.story_texts_per_key_max,
            articles_max=2 * self.story_texts_per_key_max,
            retention_ms=round(self.story_retention_hours * 3_600_000),
        )

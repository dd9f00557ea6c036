"""Files that are replayed."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from stream.settings.group import Group


class ReplaySettings(Group):
    """The replayer."""

    seeds_dir: Path = Field(Path("seeds"), description="Folder of articles that `demo` and `replay` publish.")
    replay_gap_max_seconds: float = Field(
        2.0, ge=0, le=86_400, description="Longest pause between two replayed articles, in seconds."
    )
    source_file_bytes_max: int = Field(
        20_000_000, ge=1_000, le=10_000_000_000, description="Largest file that a source reads, in bytes."
    )

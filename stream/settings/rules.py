"""The rules, and what the engine writes about what they found."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from stream.settings.group import Group


class RuleSettings(Group):
    """Rule files, messages and alerts."""

    rules_dir: Path = Field(Path("rules"), description="Folder of rule files, read recursively.")
    rules_poll_interval_ms: int = Field(
        2_000, ge=0, le=3_600_000, description="How often the worker looks for changed rule files; 0: only on SIGHUP."
    )
    rules_trial_ms_max: int = Field(
        120_000,
        ge=1_000,
        le=3_600_000,
        description="How long changed rule files may take to be read, compiled and tested before they are refused.",
    )
    pipeline: str = Field(
        "news",
        pattern=r"^[a-z0-9._-]{1,64}$",
        description="Name of this pipeline; `source` of alerts is /redline/<it>.",
    )
    message_bytes_max: int = Field(
        900_000,
        ge=1_000,
        le=50_000_000,
        description="Largest message read or written, in bytes, checked on output too.",
    )
    alert_bytes_max: int = Field(65_536, ge=4_096, le=1_000_000, description="Largest alert, in bytes.")
    dead_letter_original_bytes_max: int = Field(
        65_536, ge=0, le=500_000, description="How much of a refused message its dead letter keeps, in bytes."
    )
    evidence_per_match_max: int = Field(
        20, ge=1, le=1_000, description="Pieces of evidence kept for one match; more are counted, not kept."
    )

"""The worker: batches, commits, and when it gives up."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from stream.settings.group import Group


class WorkerSettings(Group):
    """One worker process."""

    batch_records_max: int = Field(100, ge=1, le=10_000, description="Articles handed to the engine in one call.")
    match_batch_records_max: int = Field(
        100, ge=1, le=10_000, description="Matches of which alerts are made in one call."
    )
    engine_processes: int = Field(
        0,
        ge=0,
        le=64,
        description="Processes that judge articles beside the worker, about one a core; 0: the worker does it itself.",
    )
    batch_bytes_max: int = Field(
        2_000_000, ge=1_000, le=100_000_000, description="Bytes handed to the engine in one call."
    )
    batches_in_work_max: int = Field(
        8,
        ge=1,
        le=1_000,
        description="Batches of each stage in work or next in line; those of one partition are finished in order.",
    )
    alerts_first_ms_max: int = Field(
        30,
        ge=0,
        le=10_000,
        description="How long articles wait for the alerts of those before, while few of them wait; 0: not at all, as "
        "with engine processes.",
    )
    linger_ms_max: int = Field(
        15,
        ge=0,
        le=1_000,
        description="How long a tagged article without matches may wait for the next ones, so that they go to the "
        "broker in one request; 0: not at all.",
    )
    buffer_records_max: int = Field(
        256, ge=1, le=100_000, description="Records fetched but not yet in work; fetching pauses above."
    )
    fetch_wait_ms_max: int = Field(
        50, ge=1, le=10_000, description="How long the broker may hold a fetch that finds nothing; delays new records."
    )
    commit_interval_ms: int = Field(200, ge=50, le=60_000, description="How often confirmed offsets are committed.")
    shutdown_timeout_ms: int = Field(
        8_000, ge=100, le=120_000, description="How long a stopping worker may finish its batch; then it exits with 75."
    )
    stall_timeout_ms: int = Field(
        60_000,
        ge=1_000,
        le=3_600_000,
        description="Lag without progress for so long fails /livez and ends the worker with 75.",
    )
    data_dir: Path | None = Field(None, description="Working files of the worker; default: a temporary folder.")

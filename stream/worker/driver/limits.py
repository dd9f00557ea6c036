"""The limits of the driver, each with its unit."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What bounds chunks and waiting. Whatever takes longer than its limit ends the process with code 75."""

    chunk_records_max: int = 100
    chunk_bytes_max: int = 2_000_000
    """A single record may be larger."""
    queued_chunks_max: int = 2
    """Chunks that wait for an agent."""
    fetch_wait_ms_max: int = 50
    """How long a broker may hold a fetch that finds nothing. New records of a partition that was just read wait as
    long as the fetch under way, and the embedded broker does not end a waiting fetch when records come."""
    fetch_wait_ms_behind_max: int = 2_000
    """The same while fetches bring little although more is there, see `patience`."""
    send_seconds_max: float = 11.0
    """For the broker's acknowledgements in `Chunk.confirm`."""
    commit_seconds_max: float = 11.0
    drain_seconds_max: float = 8.0
    """For a chunk in work, at a stop or rebalance; keep it below the rebalance timeout."""
    work_seconds_max: float = 60.0
    """For one chunk in an agent's hands."""

"""Where articles come in: `redline ingest`."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from stream.settings.group import Group, Port


class IngestSettings(Group):
    """Sources, the HTTP listener and feeds."""

    sources_file: Path = Field(Path("sources.yml"), description="The file that names the sources of `ingest`.")
    ingest_state_dir: Path | None = Field(
        None, description="Where sources remember how far they are; default: .redline beside the sources file."
    )
    ingest_metrics_port: Port = Field(9_470, description="Port of /metrics, /livez and /readyz of `ingest`; 0: any.")
    ingest_waiting_articles_max: int = Field(
        5_000, ge=1, le=9_000, description="Articles waiting for the broker; above it HTTP answers 429, others wait."
    )
    ingest_waiting_bytes_max: int = Field(
        24_000_000, ge=1_000_000, le=60_000_000, description="The same in bytes of the articles."
    )
    ingest_request_bytes_max: int = Field(
        1_048_576, ge=1_000, le=50_000_000, description="Largest body of one HTTP request, decompressed, in bytes."
    )
    ingest_request_articles_max: int = Field(1_000, ge=1, le=5_000, description="Most articles in one HTTP request.")
    ingest_head_timeout_ms: int = Field(
        10_000, ge=100, le=600_000, description="How long a client may take to send the head of a request."
    )
    ingest_body_timeout_ms: int = Field(
        10_000, ge=100, le=600_000, description="How long a client may take to send the body of a request."
    )
    ingest_connections_max: int = Field(256, ge=1, le=10_000, description="Most open connections of the listener.")
    feed_bytes_max: int = Field(
        10_000_000, ge=1_000, le=100_000_000, description="Largest feed or web page, decompressed, in bytes."
    )
    feed_timeout_ms: int = Field(
        30_000, ge=100, le=600_000, description="How long a feed or page may take, all redirects together."
    )
    feed_host_pause_ms: int = Field(
        1_000, ge=0, le=600_000, description="Least time between two requests to one host; one at a time."
    )
    feed_user_agent: str = Field(
        "redline/0.1 (news monitor; feed reader)",
        min_length=1,
        max_length=200,
        pattern=r"^[\x20-\x7e]+$",
        description="How feed requests name themselves; say how to reach you.",
    )

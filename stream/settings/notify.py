"""Delivery of alerts: `redline notify`."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from stream.settings.group import Group, Port


class NotifySettings(Group):
    """Routes, queues, retries and breakers."""

    notify_file: Path = Field(Path("routes.yml"), description="The file that says where `notify` delivers alerts.")
    notify_poll_interval_ms: int = Field(
        2_000, ge=0, le=3_600_000, description="How often `notify` looks for a changed routes file; 0: only on SIGHUP."
    )
    notify_group: str = Field(
        "redline-notify",
        pattern=r"^[a-zA-Z0-9._-]{1,150}$",
        description="Consumer groups of `notify` are named <this>-<destination>: each has its own position.",
    )
    notify_metrics_port: Port = Field(9_471, description="Port of /metrics, /livez and /readyz of `notify`; 0: any.")
    notify_waiting_alerts_max: int = Field(
        500, ge=10, le=100_000, description="Alerts of one partition that wait in memory for one destination."
    )
    notify_waiting_bytes_max: int = Field(
        2_000_000, ge=100_000, le=1_000_000_000, description="The same in bytes; more wait on Kafka."
    )
    notify_in_flight_max: int = Field(8, ge=1, le=100, description="Requests to one destination at a time.")
    notify_request_timeout_ms: int = Field(
        10_000, ge=100, le=300_000, description="How long one delivery may take, the answer included."
    )
    notify_response_bytes_max: int = Field(
        65_536, ge=0, le=10_000_000, description="How much of a destination's answer is read, in bytes."
    )
    notify_digest_bytes_max: int = Field(
        1_000_000, ge=100_000, le=10_000_000, description="Largest digest, in bytes of its alerts."
    )
    notify_retry_base_ms: int = Field(
        1_000, ge=10, le=600_000, description="Longest delay before the second try; it doubles with each further one."
    )
    notify_retry_delay_ms_max: int = Field(
        300_000, ge=10, le=86_400_000, description="Longest delay between two tries; also of an open circuit breaker."
    )
    notify_breaker_failures_max: int = Field(
        5, ge=1, le=1_000, description="Failed requests in a row that open the circuit breaker of a destination."
    )
    notify_breaker_open_ms: int = Field(
        30_000, ge=10, le=86_400_000, description="How long an opened breaker lets nothing through; doubles each time."
    )
    notify_attempts_max: int = Field(
        10, ge=1, le=10_000, description="Tries of one alert while the destination takes others; then it is put aside."
    )
    notify_give_up_hours: float = Field(
        24.0, gt=0, le=720, description="After so long, counted anew at each start, an alert that fails is put aside."
    )

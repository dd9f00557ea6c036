"""What all services have: metrics, health and logs."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from stream.settings.group import Group, Port


class ServiceSettings(Group):
    """Metrics, health and logs."""

    metrics_host: str = Field("127.0.0.1", description="Address of /metrics, /livez and /readyz.")
    metrics_port: Port = Field(
        9_464, description="Port of /metrics, /livez and /readyz of the worker; 0: any free one."
    )
    metrics_sources_max: int = Field(
        100,
        ge=1,
        le=200,
        description="Sources with metrics of their own (redline_alerts_by_source_total); later ones count as other.",
    )
    replay_metrics_port: Port = Field(9_465, description="The same of the replayer; 0: any free one.")
    web_metrics_port: Port = Field(9_466, description="The same of the page (`redline web`); 0: any free one.")
    prometheus_url: str | None = Field(
        None,
        pattern=r"^https?://[^?#@\s]+$",
        description="Prometheus that `redline top` asks for the metrics of all services, such as http://127.0.0.1:9090.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least severe lines logged.")
    log_format: Literal["text", "json"] = Field("text", description="Log lines for people or for machines.")

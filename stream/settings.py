"""Every setting, with unit, range, default and environment name.

A setting comes from, in this order: a command-line flag, an environment variable `REDLINE_<NAME>`, the file
`.env` in the working directory, the default. All are checked at start; `load` names every fault at once.
"""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from stream.errors import SettingsError

if TYPE_CHECKING:
    from stream.detect import DetectLimits, StoryLimits
    from stream.engine import EngineConfig

ENV_PREFIX = "REDLINE_"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
WebToken = Literal["web_token", "web_read_token"]
TOKENS: tuple[WebToken, ...] = ("web_token", "web_read_token")
TOKEN_CHARACTERS_MIN = 16

PASSWORD_CHARACTERS_MAX = 4_096

Port = Annotated[int, Field(ge=0, le=65_535)]


class Unshown(str):
    """A secret for libraries that want text: their logs of options, and whatever else prints a repr, hide it."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Nothing of it."""
        return "'**********'"


class Settings(BaseSettings):
    """All settings of all commands; each command uses the ones its reference page lists."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX, env_file=None, frozen=True, extra="forbid", hide_input_in_errors=True
    )

    # Kafka ---------------------------------------------------------------------------------------------------
    bootstrap: str = Field("127.0.0.1:9092", description="Kafka brokers to start from: host:port, comma-separated.")
    topic_prefix: str = Field(
        "redline.", pattern=r"^[a-zA-Z0-9._-]{0,64}$", description="Put before the name of every topic."
    )
    topic_partitions: int = Field(
        4, ge=1, le=1_000, description="Partitions of every topic; a worker refuses topics that have others."
    )
    topic_replication: int = Field(
        1, ge=1, le=10, description="Replicas of every topic; a worker refuses topics with fewer. 3 in production."
    )
    consumer_group: str = Field(
        "redline-worker", pattern=r"^[a-zA-Z0-9._-]{1,200}$", description="Consumer group of the workers."
    )
    session_timeout_ms: int = Field(
        10_000, ge=1_000, le=300_000, description="A worker that is silent for so long loses its partitions."
    )
    heartbeat_interval_ms: int = Field(
        3_000, ge=100, le=100_000, description="How often a worker says that it is alive; a third of the session."
    )
    kafka_connect_timeout_ms: int = Field(
        15_000, ge=100, le=600_000, description="How long a command waits for the broker at start."
    )
    kafka_request_timeout_ms: int = Field(
        10_000, ge=100, le=600_000, description="How long the broker may take to acknowledge a message."
    )
    kafka_security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="Security protocol; SASL without TLS is refused unless every broker is on loopback."
    )
    kafka_ca_file: Path | None = Field(
        None, description="PEM file of the authority that signed the brokers; default: the system's authorities."
    )
    kafka_certificate_file: Path | None = Field(
        None, description="PEM file of our own certificate, for brokers that ask for one."
    )
    kafka_key_file: Path | None = Field(None, description="PEM file of its private key, not encrypted.")
    kafka_sasl_mechanism: Literal["SCRAM-SHA-256", "SCRAM-SHA-512", "PLAIN"] = Field(
        "SCRAM-SHA-512", description="SASL mechanism."
    )
    kafka_username: str | None = Field(None, description="SASL user.")
    kafka_password: SecretStr | None = Field(None, description="SASL password; or kafka_password_file.")
    kafka_password_file: Path | None = Field(None, description="File that holds the SASL password.")

    # Rules and the engine ------------------------------------------------------------------------------------
    rules_dir: Path = Field(Path("rules"), description="Folder of rule files, read recursively.")
    rules_poll_interval_ms: int = Field(
        2_000, ge=0, le=3_600_000, description="How often the worker looks for changed rule files; 0: only on SIGHUP."
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

    # Worker --------------------------------------------------------------------------------------------------
    batch_records_max: int = Field(100, ge=1, le=10_000, description="Records handed to the engine in one call.")
    batch_bytes_max: int = Field(
        2_000_000, ge=1_000, le=100_000_000, description="Bytes handed to the engine in one call."
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

    # Sources -------------------------------------------------------------------------------------------------
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

    # Delivery ------------------------------------------------------------------------------------------------
    notify_file: Path = Field(Path("routes.yml"), description="The file that says where `notify` delivers alerts.")
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

    # Services ------------------------------------------------------------------------------------------------
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

    # The page -----------------------------------------------------------------------------------------------
    web_host: str = Field("127.0.0.1", description="Address of the page; off loopback it needs a token.")
    web_port: Port = Field(8_400, description="Port of the page; 0: any free one.")
    web_public_url: str | None = Field(
        None,
        pattern=r"^https?://[^/?#@\s]+/?$",
        description="Where people open the page, if not on loopback: https://redline.example; other names are refused.",
    )
    web_token: SecretStr | None = Field(
        None, description="Login of the page: read and decide. At least 16 characters; or web_token_file."
    )
    web_token_file: Path | None = Field(None, description="File that holds web_token.")
    web_read_token: SecretStr | None = Field(
        None, description="Login that may only read (no acknowledging, silencing, verdicts); or web_read_token_file."
    )
    web_read_token_file: Path | None = Field(None, description="File that holds web_read_token.")
    web_readers_max: int = Field(500, ge=1, le=10_000, description="Live readers of the page at a time; more get 503.")
    web_reader_queue_events_max: int = Field(
        256, ge=1, le=100_000, description="Events waiting for one slow reader; older ones are dropped with a `gap`."
    )
    web_reader_blocked_ms_max: int = Field(
        30_000, ge=100, le=600_000, description="A reader that takes nothing for so long is disconnected."
    )
    web_alerts_max: int = Field(5_000, ge=10, le=1_000_000, description="Alerts that the page keeps, newest first.")
    web_articles_bytes_max: int = Field(
        64_000_000, ge=100_000, le=10_000_000_000, description="Tagged articles that the page keeps, in bytes."
    )
    web_backlog_records_max: int = Field(
        20_000,
        ge=0,
        le=10_000_000,
        description="Records of alerts, and of articles, that the page reads back at start.",
    )
    playground_ms_max: int = Field(
        3_000,
        ge=100,
        le=60_000,
        description="Processor time of the page's playground for one rule and article.",
    )

    # Replay --------------------------------------------------------------------------------------------------
    seeds_dir: Path = Field(Path("seeds"), description="Folder of articles that `demo` and `replay` publish.")
    replay_gap_max_seconds: float = Field(
        2.0, ge=0, le=86_400, description="Longest pause between two replayed articles, in seconds."
    )
    source_file_bytes_max: int = Field(
        20_000_000, ge=1_000, le=10_000_000_000, description="Largest file that a source reads, in bytes."
    )

    @field_validator(
        "kafka_ca_file",
        "kafka_certificate_file",
        "kafka_key_file",
        "kafka_password_file",
        "web_token_file",
        "web_read_token_file",
    )
    @classmethod
    def _exists(cls, path: Path | None) -> Path | None:
        if path is not None and not path.is_file():
            raise ValueError(f"there is no file {path}")
        return path

    @field_validator("bootstrap")
    @classmethod
    def _host_and_port(cls, text: str) -> str:
        for broker in text.split(","):
            host, colon, port = broker.strip().rpartition(":")
            if not (host and colon and port.isdigit() and 0 < int(port) < 65_536):
                raise ValueError(f"found {broker.strip()!r}, expected host:port, several separated by commas")
        return ",".join(part.strip() for part in text.split(","))

    @model_validator(mode="after")
    def _consistent(self) -> Settings:
        if self.heartbeat_interval_ms * 2 > self.session_timeout_ms:
            raise ValueError("heartbeat_interval_ms must be at most half of session_timeout_ms")
        if fault := self._security_fault():
            raise ValueError(fault)
        for name in TOKENS:
            token = self.token(name)
            if token is not None and len(token) < TOKEN_CHARACTERS_MIN:
                raise ValueError(f"{name} has {len(token)} characters, expected at least {TOKEN_CHARACTERS_MIN}")
        if self.web_host not in LOOPBACK and self.token("web_token") is None:
            raise ValueError(
                f"web_host {self.web_host} is not loopback, so the page needs a login: set web_token or web_token_file"
            )
        return self

    def _security_fault(self) -> str | None:
        security, tls, login = self.kafka_security, self.uses_tls, self.uses_login
        # Whoever gave these wants them used: without, all would go over the network in clear, and work.
        for name, used, needed in (
            ("kafka_ca_file", tls, "SSL or SASL_SSL"),
            ("kafka_certificate_file", tls, "SSL or SASL_SSL"),
            ("kafka_username", login, "SASL_SSL"),
            ("kafka_password", login, "SASL_SSL"),
            ("kafka_password_file", login, "SASL_SSL"),
        ):
            if getattr(self, name) is not None and not used:
                return f"{name} is given, but kafka_security {security} does not use it; set kafka_security to {needed}"
        if (self.kafka_certificate_file is None) != (self.kafka_key_file is None):
            return "kafka_certificate_file and kafka_key_file belong together; give both or none"
        if self.kafka_password is not None and self.kafka_password_file is not None:
            return "kafka_password and kafka_password_file are both given; give one of them"
        if login and not (self.kafka_username and self.sasl_password()):
            return f"kafka_security {security} needs kafka_username and a password"
        if security == "SASL_PLAINTEXT" and not self.brokers_on_loopback():
            return "SASL_PLAINTEXT would send the password in clear; use SASL_SSL off loopback"
        return None

    @property
    def uses_tls(self) -> bool:
        """True if connections to Kafka are encrypted."""
        return self.kafka_security.endswith("SSL")

    @property
    def uses_login(self) -> bool:
        """True if Kafka gets a user name and a password."""
        return self.kafka_security.startswith("SASL")

    def brokers_on_loopback(self) -> bool:
        """True if every bootstrap broker is on this machine."""
        return all(b.rpartition(":")[0].strip("[]") in LOOPBACK for b in self.bootstrap.split(","))

    def sasl_password(self) -> Unshown | None:
        """The password, from its setting or its file (without the line's end); never logged or printed."""
        if self.kafka_password is not None:
            return Unshown(self.kafka_password.get_secret_value())
        if self.kafka_password_file is not None:
            try:
                with self.kafka_password_file.open(encoding="utf-8") as file:
                    return Unshown(file.read(PASSWORD_CHARACTERS_MAX).rstrip("\r\n"))
            except (OSError, UnicodeDecodeError) as error:
                why = getattr(error, "strerror", None) or "it is not UTF-8"
                raise SettingsError(f"kafka_password_file: cannot read {self.kafka_password_file}: {why}") from None
        return None

    def token(self, name: WebToken) -> str | None:
        """A token, from its setting or its file; never logged or printed."""
        given: SecretStr | None = getattr(self, name)
        if given is not None and given.get_secret_value():
            return given.get_secret_value()
        file: Path | None = getattr(self, f"{name}_file")
        return None if file is None else file.read_text(encoding="utf-8").strip()

    def engine_config(self) -> EngineConfig:
        """The part of the settings that the engine gets, as a value."""
        # Imported here: most commands need settings and no engine, and start in half the time without it.
        from stream.engine import EngineConfig
        from stream.matching import Limits

        return EngineConfig(
            topic_prefix=self.topic_prefix,
            pipeline=self.pipeline,
            message_bytes_max=self.message_bytes_max,
            alert_bytes_max=self.alert_bytes_max,
            dead_letter_original_bytes_max=self.dead_letter_original_bytes_max,
            limits=Limits(evidence_per_match_max=self.evidence_per_match_max),
            detect_limits=self.detect_limits(),
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

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags first; environment and `.env` are merged by `load`, which also finds misspelt names."""
        return (init_settings,)


def load(overrides: dict[str, Any] | None = None, *, env_file: Path = Path(".env")) -> Settings:
    """The settings in force. Raises `SettingsError` naming each fault: what was found, where, what is expected."""
    found: dict[str, tuple[str, Any]] = {}
    faults: list[str] = []
    for origin, names in (
        (str(env_file), dotenv_values(env_file) if env_file.is_file() else {}),
        ("the environment", os.environ),
    ):
        for name, value in names.items():
            if not name.upper().startswith(ENV_PREFIX) or value is None:
                continue
            field = name[len(ENV_PREFIX) :].lower()
            if field in Settings.model_fields:
                found[field] = (f"{name} in {origin}", value)
            else:
                near = difflib.get_close_matches(field, Settings.model_fields, n=1)
                hint = f"; did you mean {ENV_PREFIX}{near[0].upper()}?" if near else ""
                faults.append(f"{name} in {origin} is no setting{hint}")
    for field, value in (overrides or {}).items():
        if value is not None:
            found[field] = (f"--{field.replace('_', '-')}", value)
    try:
        settings = Settings(**{field: value for field, (_, value) in found.items()})
    except ValidationError as error:
        faults.extend(_fault(found, dict(e)) for e in error.errors())
        settings = None
    if faults or settings is None:
        raise SettingsError("; ".join(faults))
    return settings


def _fault(found: dict[str, tuple[str, Any]], error: dict[str, Any]) -> str:
    field = str(error["loc"][0]) if error["loc"] else ""
    origin, value = found.get(field, ("settings", None))
    message = str(error["msg"]).removeprefix("Value error, ")
    if field == "" or "password" in field or "token" in field:
        return message if field == "" else f"{origin}: {message}"
    return f"{origin}: {message[0].lower()}{message[1:]} (found {str(value)[:80]!r})"

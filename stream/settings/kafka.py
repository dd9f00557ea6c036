"""The brokers, topics and consumer groups, and how connections to them are secured."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from stream.errors import SettingsError
from stream.settings.group import LOOPBACK, ExistingFile, Group

PASSWORD_CHARACTERS_MAX = 4_096


class Unshown(str):
    """A secret for libraries that want text: their logs of options, and whatever else prints a repr, hide it."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Nothing of it."""
        return "'**********'"


def _is_host(name: str) -> bool:
    """False for what the system's resolver does not even take, such as `kafka..example`."""
    try:
        return bool(name.encode("idna"))
    except UnicodeError:
        return False


class KafkaSettings(Group):
    """Where Kafka is, and how to get there."""

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
    kafka_ca_file: ExistingFile | None = Field(
        None, description="PEM file of the authority that signed the brokers; default: the system's authorities."
    )
    kafka_certificate_file: ExistingFile | None = Field(
        None, description="PEM file of our own certificate, for brokers that ask for one."
    )
    kafka_key_file: ExistingFile | None = Field(None, description="PEM file of its private key, not encrypted.")
    kafka_sasl_mechanism: Literal["SCRAM-SHA-256", "SCRAM-SHA-512", "PLAIN"] = Field(
        "SCRAM-SHA-512", description="SASL mechanism."
    )
    kafka_username: str | None = Field(None, description="SASL user.")
    kafka_password: SecretStr | None = Field(None, description="SASL password; or kafka_password_file.")
    kafka_password_file: ExistingFile | None = Field(None, description="File that holds the SASL password.")

    @field_validator("bootstrap")
    @classmethod
    def _host_and_port(cls, text: str) -> str:
        for broker in text.split(","):
            if "@" in broker:
                raise ValueError("a login does not stand before the host; see kafka_username and kafka_password_file")
            host, _, port = broker.strip().rpartition(":")
            is_port = port.isascii() and port.isdigit() and len(port) <= 5 and 0 < int(port) < 65_536
            if not (_is_host(host) and is_port):
                raise ValueError(f"found {broker.strip()!r}, expected host:port, several separated by commas")
        return ",".join(part.strip() for part in text.split(","))

    @model_validator(mode="after")
    def _may_connect(self) -> Self:
        if self.heartbeat_interval_ms * 2 > self.session_timeout_ms:
            raise ValueError(
                f"heartbeat_interval_ms is {self.heartbeat_interval_ms}, expected at most half of session_timeout_ms "
                f"({self.session_timeout_ms}); lower the one or raise the other"
            )
        if fault := self._security_fault():
            raise ValueError(fault)
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
                # Some editors begin a file with a byte order mark.
                with self.kafka_password_file.open(encoding="utf-8-sig") as file:
                    text = file.read(PASSWORD_CHARACTERS_MAX + 3).rstrip("\r\n")
            except (OSError, UnicodeDecodeError) as error:
                why = getattr(error, "strerror", None) or "it is not UTF-8"
                raise SettingsError(f"kafka_password_file: cannot read {self.kafka_password_file}: {why}") from None
            if len(text) > PASSWORD_CHARACTERS_MAX:
                raise SettingsError(
                    f"kafka_password_file: {self.kafka_password_file} has more than {PASSWORD_CHARACTERS_MAX} "
                    "characters, expected a password"
                )
            return Unshown(text)
        return None

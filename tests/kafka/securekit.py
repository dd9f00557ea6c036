"""What tests of a secured Kafka share: settings for its listeners, logins, and running a command."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from stream.settings import Settings
from tests.kafka.secure import USERS, SecureBroker
from tests.worker.kit import DEADLINE_SECONDS, environment_of


def plain(broker: SecureBroker, prefix: str) -> Settings:
    """Settings of the tests' own clients, which may do everything."""
    return Settings(bootstrap=broker.bootstrap, topic_prefix=prefix, consumer_group=f"{prefix}worker", metrics_port=0)


def secured(broker: SecureBroker, prefix: str, listener: str, **more: Any) -> Settings:
    """Settings for a listener, with the right authority."""
    given = plain(broker, prefix).model_dump(exclude_none=True)
    return Settings(
        **given
        | {"bootstrap": broker.at(listener), "kafka_ca_file": broker.file("ca.pem"), "kafka_connect_timeout_ms": 20_000}
        | more
    )


def login(broker: SecureBroker, folder: Path, user: str, password: str | None = None, **more: Any) -> dict[str, Any]:
    """The settings of a login over TLS, with the password in a file."""
    file = folder / f"{user}.password"
    file.write_text((USERS[user] if password is None else password) + "\n", encoding="utf-8")
    return {"kafka_security": "SASL_SSL", "kafka_username": user, "kafka_password_file": file} | more


def redline(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a command with these settings to its end."""
    return subprocess.run(
        [sys.executable, "-m", "stream.cli", *arguments],
        env=environment_of(settings),
        capture_output=True,
        text=True,
        timeout=DEADLINE_SECONDS,
    )

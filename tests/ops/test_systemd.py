"""The systemd unit: systemd itself reads it, and finds little to object to."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from stream.settings import Settings
from tests.ops.queries import OPS

UNIT = OPS / "systemd" / "redline-worker.service"
TEXT = UNIT.read_text(encoding="utf-8")
EXPOSURE_MAX = 15
"""In tenths of systemd's own scale from 0 (nothing is exposed) to 10."""

pytestmark = pytest.mark.ops


def value(key: str) -> str:
    """The value of a key that stands there once."""
    (found,) = re.findall(rf"^{key}=(.*)$", TEXT, re.MULTILINE)
    return found


def test_systemd_accepts_it(tmp_path: Path) -> None:
    # The program is not installed here: another one that is takes its place.
    unit = tmp_path / UNIT.name
    unit.write_text(TEXT.replace("/opt/redline/bin/redline", sys.executable), encoding="utf-8")
    ended = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout + ended.stderr) == (0, "")


def test_little_is_exposed() -> None:
    command = ["systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE_MAX}", str(UNIT)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stdout[-500:]


@pytest.mark.parametrize(
    ("key", "wanted"),
    [
        ("DynamicUser", "yes"),
        ("ProtectSystem", "strict"),
        ("NoNewPrivileges", "yes"),
        ("PrivateTmp", "yes"),
        ("CapabilityBoundingSet", ""),
        ("LoadCredential", "kafka.password:/etc/redline/kafka.password"),
    ],
)
def test_hardening(key: str, wanted: str) -> None:
    assert value(key) == wanted


def test_the_worker_may_read_what_its_process_metrics_are_made_of() -> None:
    assert not re.search("^ProcSubset=pid", TEXT, re.MULTILINE)


def test_limits_and_times_fit_the_settings() -> None:
    assert value("MemoryMax") == "512M"
    assert int(value("TimeoutStopSec")) * 1_000 > Settings.model_fields["shutdown_timeout_ms"].default
    assert value("Restart") == "on-failure"
    assert "HUP" in value("ExecReload")

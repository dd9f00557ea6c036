"""The hard way out is one, whoever reads the log or does not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from stream.settings import Settings
from tests.worker.kit import DEADLINE_SECONDS, REAL, environment_of, make_topics

GIVES_UP = """
import pathlib, sys, time
from stream.worker.exit import HardExit

class Log:
    def emit(self, event):
        if sys.argv[2] == "raises":
            raise OSError("no log")
        time.sleep(3_600)

way_out = HardExit(Log())
way_out.temporary = pathlib.Path(sys.argv[1])
way_out.give_up("for a reason")
"""


@pytest.mark.parametrize("log", ["raises", "blocks"])
def test_it_needs_no_log_and_leaves_no_folder(tmp_path: Path, log: str) -> None:
    folder = tmp_path / "temporary"
    (folder / "v1").mkdir(parents=True)
    ended = subprocess.run([sys.executable, "-c", GIVES_UP, str(folder), log], timeout=DEADLINE_SECONDS, check=False)
    assert ended.returncode == 75
    assert not folder.exists()


@pytest.mark.embedded
def test_a_worker_whose_log_nobody_reads_any_more_can_be_stopped(broker_settings: Settings, tmp_path: Path) -> None:
    make_topics(broker_settings)
    settings = broker_settings.model_copy(update={"shutdown_timeout_ms": 500})
    environment = environment_of(settings) | {"TMPDIR": str(tmp_path)}
    ours, theirs = os.pipe()
    worker = subprocess.Popen([sys.executable, *REAL], env=environment, stderr=theirs)
    try:
        said = b""
        while b"worker ready" not in said:
            said += os.read(ours, 4_096)
        os.set_blocking(theirs, False)
        with suppress(BlockingIOError):
            while True:
                os.write(theirs, b"x")
        os.set_blocking(theirs, True)  # the worker has the same file
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(DEADLINE_SECONDS) == 75
        assert list(tmp_path.iterdir()) == []
    finally:
        worker.kill()
        worker.wait()
        os.close(ours)
        os.close(theirs)

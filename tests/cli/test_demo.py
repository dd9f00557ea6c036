"""`redline demo`, as a program: what it prints, how it ends, and that nothing is left running."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
QUICK = ("--replay-gap-max-seconds", "0.1")

pytestmark = pytest.mark.embedded


class Run:
    """One demo process, with a mark in its environment that all its children inherit."""

    def __init__(self, *args: str, cwd: Path = ROOT) -> None:
        self.mark = f"demo-{uuid.uuid4().hex}"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "stream.cli", "demo", *args],
            cwd=cwd,
            env={**os.environ, "REDLINE_PIPELINE": self.mark},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def end(self, seconds: float = 120) -> tuple[int, str, str]:
        """Exit code, stdout and stderr once it has ended."""
        out, err = self.process.communicate(timeout=seconds)
        return self.process.returncode, out, err

    def until_printed(self, text: str) -> str:
        """What it printed up to the line with this text."""
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        lines = ""
        for line in self.process.stdout:
            lines += line
            if text in line:
                return lines
        raise AssertionError(f"ended without printing {text!r}: {lines}{self.process.stderr.read()}")

    def left_over(self) -> list[str]:
        """The processes that still carry the mark."""
        found = subprocess.run(["ps", "axEww" if sys.platform == "darwin" else "axeww"], capture_output=True, text=True)
        return [line for line in found.stdout.splitlines() if self.mark in line]


def eventually(condition: Callable[[], bool], seconds: float = 60) -> bool:
    """True once the condition holds; False at the deadline."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def broker_port(printed: str) -> int:
    found = re.search(r"127\.0\.0\.1:(\d+)", printed)
    assert found, printed
    return int(found.group(1))


@pytest.fixture
def run() -> Iterator[Callable[..., Run]]:
    runs: list[Run] = []

    def start(*args: str, cwd: Path = ROOT) -> Run:
        runs.append(Run(*args, cwd=cwd))
        return runs[-1]

    yield start
    for one in runs:
        if one.process.poll() is None:
            one.process.kill()
            one.process.communicate()


def test_it_prints_alerts_and_a_summary_and_leaves_nothing(run: Callable[..., Run]) -> None:
    demo = run(*QUICK)
    code, out, err = demo.end()
    assert (code, err) == (0, "")
    assert "ua.escalation" in out
    assert "US warns Ukraine of escalation risk" in out
    assert "5 sent, 5 tagged, 0 dead letters" in out
    assert re.search(r"alerts +\d+ \(.*high \d+", out)
    assert "redline_end_to_end_seconds" in out
    assert demo.left_over() == []
    assert is_free(broker_port(out))


def test_the_page_beside_it_shows_the_alerts_at_the_address_that_is_printed(run: Callable[..., Run]) -> None:
    demo = run(*QUICK, "--stay")
    found = re.search(r"arrive at (http://127\.0\.0\.1:\d+/)", demo.until_printed("Still running"))
    assert found

    def rules() -> set[str]:
        with urllib.request.urlopen(f"{found.group(1)}api/alerts?limit=500", timeout=30) as answer:
            return {alert["rule"] for alert in json.load(answer)["items"]}

    assert eventually(lambda: "ua.escalation.risk" in rules()), rules()
    demo.process.terminate()
    demo.end()
    assert demo.left_over() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_in_order(run: Callable[..., Run], number: signal.Signals) -> None:
    demo = run(*QUICK, "--stay")
    printed = demo.until_printed("Still running")
    demo.process.send_signal(number)
    code, _, err = demo.end()
    assert (code, err.strip()) == (0, "Stopped.")
    assert demo.left_over() == []
    assert is_free(broker_port(printed))


def test_kill_9_leaves_nothing_either(run: Callable[..., Run]) -> None:
    demo = run(*QUICK, "--stay")
    printed = demo.until_printed("Replaying")
    demo.process.kill()
    demo.process.communicate()
    assert eventually(lambda: demo.left_over() == [] and is_free(broker_port(printed))), demo.left_over()


def test_a_killed_worker_is_started_again_and_nothing_is_lost(run: Callable[..., Run]) -> None:
    demo = run("--replay-gap-max-seconds", "1")
    demo.until_printed("Replaying")
    (worker,) = [
        int(line.split()[0]) for line in demo.left_over() if " -m stream.cli worker" in line and "guard" not in line
    ]
    os.kill(worker, signal.SIGKILL)
    code, out, err = demo.end()
    assert (code, err) == (0, "")
    assert "started again" in out
    assert "5 sent, 5 tagged, 0 dead letters" in out


def test_a_killed_broker_is_one_sentence(run: Callable[..., Run]) -> None:
    demo = run(*QUICK, "--stay")
    port = broker_port(demo.until_printed("Still running"))
    listing = subprocess.run(["ps", "axww"], capture_output=True, text=True, check=True).stdout
    (broker,) = [
        int(line.split()[0]) for line in listing.splitlines() if f"127.0.0.1:{port}" in line and "guard" not in line
    ]
    os.kill(broker, signal.SIGKILL)
    code, _, err = demo.end()
    assert code == 2
    assert "embedded broker" in err
    assert "Traceback" not in err
    assert demo.left_over() == []


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (("--rules-dir", "nowhere"), "nowhere"),
        (("--seeds-dir", "nowhere"), "nowhere"),
        (("--metrics-port", "99999"), "--metrics-port"),
        (("--speed", "0"), "--speed"),
    ],
)
def test_what_cannot_work_is_one_sentence_and_exit_code_2(
    run: Callable[..., Run], args: tuple[str, ...], sentence: str
) -> None:
    demo = run(*args)
    code, _, err = demo.end()
    assert code == 2, err
    assert sentence in err
    assert "Traceback" not in err
    assert demo.left_over() == []


@pytest.mark.parametrize("flag", ["--broker-port", "--metrics-port"])
def test_a_taken_port_is_named(run: Callable[..., Run], flag: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        demo = run(flag, str(port))
        code, _, err = demo.end()
    assert code == 2
    assert str(port) in err
    assert len(err.strip().splitlines()) == 1
    assert demo.left_over() == []


def test_a_bad_file_among_the_articles_is_named_and_the_rest_goes_on(run: Callable[..., Run], tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{broken", encoding="utf-8")
    (tmp_path / "b.json").write_text('{"body": "The Kremlin warned NATO of escalation in Ukraine."}', encoding="utf-8")
    code, out, err = run(*QUICK, "--seeds-dir", str(tmp_path)).end()
    assert (code, err) == (0, "")
    assert "2 sent, 1 tagged, 1 dead letters" in out


def test_json_is_alerts_and_a_summary_a_line_each(run: Callable[..., Run]) -> None:
    code, out, err = run(*QUICK, "--json").end()
    assert (code, err) == (0, "")
    *alerts, last = [json.loads(line) for line in out.splitlines()]
    summary = last["summary"]
    assert {alert["specversion"] for alert in alerts} == {"1.0"}
    assert (summary["sent"], summary["tagged"], summary["dead_letters"]) == (5, 5, 0)
    assert summary["alerts"] == len(alerts) == sum(summary["alerts_by_severity"].values())

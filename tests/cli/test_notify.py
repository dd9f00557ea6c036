"""`redline notify` as users start it: the file, one test alert, the whole service, and the receiver of the examples."""

from __future__ import annotations

import base64
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import pytest

from stream.cli import main
from stream.notify.signing import signed_headers
from stream.settings import Settings
from stream.wire.undelivered import Undelivered, encode_undelivered
from tests.notify.kit import notice, output
from tests.notify.receiver import status
from tests.notify.running import ThreadedReceiver, create_topics, notify_settings, publish, wait_for
from tests.ports import free_port
from tests.security.sockets import listening

ROOT = Path(__file__).resolve().parents[2]
DEADLINE_SECONDS = 60.0
CANARY = "canary-Zq8-4711-canary-Zq8-4711-"
SECRET = "whsec_" + base64.b64encode(CANARY.encode()).decode()
ENDS = "routes: [{id: all, to: [hook]}]\nfallback: none\n"


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("REDLINE_")}
    return {**kept, "HOOK_SECRET": SECRET, "HOOK_TOKEN": CANARY, **more}


class Redline:
    """`redline notify …` in a folder: exit code, standard output, errors. None of them has a secret in it."""

    def __init__(self, patch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str]) -> None:
        self._patch, self._capture = patch, capture

    def __call__(self, folder: Path, *arguments: str, **more: str) -> tuple[int, str, str]:
        self._patch.chdir(folder)
        for name, value in environment(**more).items():
            self._patch.setenv(name, value)
        self._patch.setattr(sys, "argv", ["redline", "notify", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = self._capture.readouterr()
        assert CANARY not in said.out + said.err
        assert SECRET not in said.out + said.err
        assert isinstance(ended.value.code, int)
        return ended.value.code, said.out, said.err


@pytest.fixture
def redline(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Redline:
    for name in [name for name in os.environ if name.startswith("REDLINE_")]:
        monkeypatch.delenv(name)
    return Redline(monkeypatch, capsys)


def routes(folder: Path, port: int, more: str = "", ends: str = ENDS) -> Path:
    path = folder / "routes.yml"
    path.write_text(
        "schema: routes/v1\ndestinations:\n"
        f"  - {{id: hook, type: webhook, url: 'http://127.0.0.1:{port}/${{HOOK_TOKEN}}', secret: '${{HOOK_SECRET}}', "
        f"allow_private: true{more}}}\n" + ends,
        encoding="utf-8",
    )
    return path


def test_without_a_file_it_says_how_to_begin(tmp_path: Path, redline: Redline) -> None:
    for arguments in ([], ["check"], ["test"], ["send-test", "x"]):
        code, _, said = redline(tmp_path, *arguments)
        assert code == 2
        assert "cp routes.example.yml routes.yml" in said


def test_check_and_test_of_the_example(tmp_path: Path, redline: Redline) -> None:
    (tmp_path / "routes.yml").write_bytes((ROOT / "routes.example.yml").read_bytes())
    assert redline(tmp_path, "check")[:2] == (
        0,
        "routes.yml: 1 enabled destination (1 alertmanager), 3 routes, 5 tests: 0 errors, 0 warnings\n",
    )
    assert redline(tmp_path, "test")[:2] == (0, "5 passed, 0 failed\n")


def test_check_names_all_mistakes_and_test_what_came_instead(tmp_path: Path, redline: Redline) -> None:
    path = routes(tmp_path, 1, more=", secrett: x", ends="routes: [{id: all, to: [hok]}]\nfallback: none\n")
    code, said, _ = redline(tmp_path, "check")
    assert code == 2
    assert "Did you mean `secret`?" in said
    assert "Did you mean `hook`?" in said
    code, said, _ = redline(tmp_path, "check", "--json")
    assert {orjson.loads(line)["code"] for line in said.splitlines()} == {"R201", "N108", "N902"}
    path = routes(
        tmp_path,
        1,
        ends=ENDS + "tests: [{name: t, alert: {severity: low, at: '2026-03-02T12:00:00Z'}, expect: nothing}]\n",
    )
    code, said, _ = redline(tmp_path, "test", str(path))
    assert code == 1
    assert "failed: t" in said
    assert "unexpected: hook at 2026-03-02T12:00:00Z by route all" in said
    code, said, _ = redline(tmp_path, "test", str(path), "--json")
    assert orjson.loads(said)["passed"] is False


def test_check_asks_apprise_about_its_urls(tmp_path: Path, redline: Redline) -> None:
    path = tmp_path / "routes.yml"
    path.write_text(
        "schema: routes/v1\ndestinations: [{id: chat, type: apprise, url: '${CHAT}'}]\n"
        "routes: []\nfallback: {to: [chat]}\n"
    )
    assert (
        redline(tmp_path, "check", CHAT=f"slack://{'T1JJ3T3L2'}/{'A1BRTD4JD'}/{'TIiajkdnlazkcOXrIdevi7FQ'}/#desk")[0]
        == 0
    )
    code, _, said = redline(tmp_path, "check", CHAT=f"nothing://{CANARY}")
    assert (code, "chat: apprise does not understand its nothing:// URL" in said) == (2, True)
    code, said, _ = redline(tmp_path, "check", CHAT=f"json://{CANARY}")
    assert (code, "N111" in said) == (2, True)


def test_send_test_says_what_came_back(tmp_path: Path, redline: Redline) -> None:
    with ThreadedReceiver() as receiver:
        routes(tmp_path, receiver.port)
        receiver.answers = [status(204), status(500, f"no {CANARY}".encode()), status(404, b"nothing here")]
        code, said, _ = redline(tmp_path, "send-test", "hook")
        assert code == 0
        assert re.search(rf"  hook  taken  204  \(webhook at http://127\.0\.0\.1:{receiver.port}, \d\.\d\d s\)", said)
        code, said, _ = redline(tmp_path, "send-test", "all", "--json")
        assert (code, orjson.loads(said)["outcome"], orjson.loads(said)["said"]) == (1, "failed", "answered 500 no …")
        code, said, _ = redline(tmp_path, "send-test", "all", "--severity", "critical")
        assert (code, "refused (an alert would go to alerts.undelivered)  answered 404 nothing here" in said) == (
            1,
            True,
        )
        code, _, said = redline(tmp_path, "send-test", "hok")
        assert (code, "Did you mean `hook`?" in said) == (2, True)
        event = orjson.loads(receiver.requests[0].body)
        assert (event["data"]["status"], event["severitytext"]) == ("exercise", "info")
        assert event["data"]["summary"].startswith("TEST")
        assert orjson.loads(receiver.requests[2].body)["severitytext"] == "critical"


def test_send_test_to_nobody(tmp_path: Path, redline: Redline) -> None:
    routes(tmp_path, 1)
    code, said, _ = redline(tmp_path, "send-test", "hook")
    assert (code, "failed (an alert would be tried again)  no answer" in said) == (1, True)


@contextmanager
def started(command: list[str], folder: Path, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / "out").open("wb") as out, (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment(**more), stdout=out, stderr=log)
    try:
        yield process
    finally:
        process.kill()
        process.wait(DEADLINE_SECONDS)


def _get(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


@pytest.mark.embedded
def test_the_service_delivers_is_watched_and_stops(broker_settings: Settings, tmp_path: Path) -> None:
    settings = notify_settings(broker_settings, notify_metrics_port=free_port())
    create_topics(settings)
    names = ("bootstrap", "topic_prefix", "notify_group", "notify_metrics_port", "session_timeout_ms")
    passed_on = {f"REDLINE_{name.upper()}": str(getattr(settings, name)) for name in names}
    passed_on["REDLINE_HEARTBEAT_INTERVAL_MS"] = "300"
    with ThreadedReceiver() as receiver:
        routes(tmp_path, receiver.port)
        with started(
            [sys.executable, "-m", "stream.cli", "notify", "--log-level", "debug"], tmp_path, **passed_on
        ) as process:
            wait_for(lambda: _get(settings.notify_metrics_port, "/readyz")[0] == 200, "it is ready")
            assert _get(settings.notify_metrics_port, "/livez")[0] == 200
            assert listening(process.pid) == {("127.0.0.1", settings.notify_metrics_port)}
            publish(settings, [output(1, prefix=settings.topic_prefix)])
            wait_for(lambda: receiver.ids() == [notice(1).id], "the alert arrives")
            delivered = 'redline_notify_alerts_total{destination="hook",outcome="delivered"} 1.0'
            wait_for(lambda: delivered in _get(settings.notify_metrics_port, "/metrics")[1], "it is counted")
            process.send_signal(signal.SIGHUP)
            again = 'redline_notify_reloads_total{outcome="changed"} 1.0'
            wait_for(lambda: again in _get(settings.notify_metrics_port, "/metrics")[1], "the routes are read again")
            wait_for(lambda: _get(settings.notify_metrics_port, "/readyz")[0] == 200, "it is ready again")
            process.send_signal(signal.SIGTERM)
            assert process.wait(DEADLINE_SECONDS) == 0
        log = (tmp_path / "log").read_text()
        assert CANARY not in log
        assert SECRET not in log
        assert "delivering" in log
        # What it would do, without doing it.
        with started(
            [sys.executable, "-u", "-m", "stream.cli", "notify", "--dry-run", "--from-beginning"], tmp_path, **passed_on
        ) as process:
            wait_for(lambda: "\n" in (tmp_path / "out").read_text(), "it prints")
            process.send_signal(signal.SIGINT)
            assert process.wait(DEADLINE_SECONDS) == 130
        assert re.search(r"high +war\.redline  -> hook \(route all\)", (tmp_path / "out").read_text())
        assert receiver.ids() == [notice(1).id]


@pytest.mark.embedded
def test_what_was_put_aside_is_sent_again_once(broker_settings: Settings, tmp_path: Path, redline: Redline) -> None:
    settings = notify_settings(broker_settings)
    create_topics(settings)
    told = {"REDLINE_BOOTSTRAP": settings.bootstrap, "REDLINE_TOPIC_PREFIX": settings.topic_prefix}
    told["REDLINE_NOTIFY_RETRY_BASE_MS"] = "10"
    topic = f"{settings.topic_prefix}alerts.undelivered"
    where = ("refused", "answered 400", 1)
    found = [notice(n) for n in (1, 2)]
    asides = [Undelivered("hook", "all", *where, n.id, n.group, "alerts.high", 0, 0, 1_000, n.event) for n in found] + [
        Undelivered("former", "old", *where, found[0].id, found[0].group, "alerts.high", 0, 0, 1_000, found[0].event)
    ]
    with ThreadedReceiver(answers=[status(400)]) as receiver:
        routes(tmp_path, receiver.port)
        assert redline(tmp_path, "resend", **told) == (0, "0 alerts taken, 0 not\n", "")
        publish(settings, [encode_undelivered(each, topic=topic) for each in asides])
        code, out, _ = redline(tmp_path, "resend", "--dry-run", **told)
        assert (code, receiver.ids()) == (0, [])
        assert "2 alerts would be sent; nothing was" in out
        assert "former" in out
        assert "no longer in the routes file" in out
        code, out, _ = redline(tmp_path, "resend", "--destination", "hok", **told)
        assert (code, receiver.ids()) == (2, [])
        # One is refused again, and one is taken; the next call has but the refused one.
        code, out, _ = redline(tmp_path, "resend", "--route", "all", "--since", "1h", "--json", **told)
        lines = [json.loads(line) for line in out.splitlines()]
        assert code == 1
        assert sorted(line["outcome"] for line in lines) == ["refused", "taken"]
        refused = next(line["alert"] for line in lines if line["outcome"] == "refused")
        code, out, _ = redline(tmp_path, "resend", "--destination", "hook", **told)
        assert (code, receiver.ids()[-1]) == (0, refused)
        assert "1 alert taken, 0 not; left out: 1 taken at an earlier call" in out
        assert redline(tmp_path, "resend", "--destination", "hook", **told)[0] == 0
        assert len(receiver.ids()) == 3
        bodies = [request.body for request in receiver.requests]
        assert set(bodies) == {one.event for one in found}


def test_a_broker_that_is_not_there(tmp_path: Path) -> None:
    routes(tmp_path, 1)
    found = subprocess.run(
        [sys.executable, "-m", "stream.cli", "notify"],
        cwd=tmp_path,
        env=environment(
            REDLINE_BOOTSTRAP="127.0.0.1:1", REDLINE_KAFKA_CONNECT_TIMEOUT_MS="200", REDLINE_NOTIFY_METRICS_PORT="0"
        ),
        capture_output=True,
        timeout=DEADLINE_SECONDS,
        check=False,
        text=True,
    )
    assert found.returncode == 2
    assert "127.0.0.1:1" in found.stderr
    assert CANARY not in found.stderr


def test_the_receiver_of_the_examples_takes_what_is_signed_once(tmp_path: Path, redline: Redline) -> None:
    port = free_port()
    command = [sys.executable, str(ROOT / "examples" / "webhook_receiver.py"), str(port)]

    def post(body: bytes, headers: dict[str, str]) -> int:
        request = urllib.request.Request(f"http://127.0.0.1:{port}/", body, headers)
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    with started(command, tmp_path, REDLINE_SECRET=SECRET):
        wait_for(lambda: _get(port, "/")[0] == 501, "it listens")
        routes(tmp_path, port)
        assert redline(tmp_path, "send-test", "hook")[0] == 0
        now, one, two = int(time.time()), notice(1), notice(2)
        key, digest = CANARY.encode(), b"[" + one.event + b"," + two.event + b"]"
        assert post(one.event, signed_headers([b"k" * 32, key], one.id, now, one.event)) == 204
        assert post(digest, signed_headers([key], "digest", now, digest)) == 204
        assert post(two.event, signed_headers([b"k" * 32], two.id, now, two.event)) == 401
        assert post(two.event, signed_headers([key], two.id, now - 301, two.event)) == 401
        assert post(two.event + b" ", signed_headers([key], two.id, now, two.event)) == 401
        assert post(two.event, {}) == 401
    said = [orjson.loads(line) for line in (tmp_path / "out").read_text().splitlines()]
    assert said == [
        ["info", "redline.test", "TEST: an alert of Redline would look like this"],
        *[["high", "war.redline", "A red line: “red line” (Reuters)"]] * 2,
    ]

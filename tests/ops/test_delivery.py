"""Alerts to a real Alertmanager with the shipped configuration."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from stream.notify.destinations.alertmanager import Alertmanager
from stream.notify.destinations.contract import Delivered, Outcome, Refused, message_of
from stream.notify.notice import Notice
from stream.notify.routes import AlertmanagerConfig, HttpEnd
from stream.settings import Settings
from tests.notify.kit import NOON, notice
from tests.notify.running import wait_for
from tests.notify.worlds import LOOPBACK
from tests.ops.queries import OPS
from tests.ports import free_port

pytestmark = pytest.mark.ops


class Real:
    """A running Alertmanager."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._config = AlertmanagerConfig("am", HttpEnd(f"http://127.0.0.1:{port}", (), LOOPBACK), 3_600, 86_400)

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/api/v2/{path}", timeout=10) as answer:
            return json.load(answer)

    def send(self, *notices: Notice) -> Outcome:
        async def main() -> Outcome:
            destination = Alertmanager(self._config, Settings())
            try:
                return await destination.deliver(message_of(notices), time.time())
            finally:
                await destination.close()

        return asyncio.run(main())

    def alerts(self, rule: str) -> list[dict[str, Any]]:
        return [alert for alert in self.get("alerts") if alert["labels"]["alertname"] == rule]

    def answers(self) -> bool:
        try:
            return bool(self.get("status"))
        except OSError:
            return False


@pytest.fixture(scope="module")
def alertmanager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    program = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
    assert program is not None, "alertmanager is missing: apt-get install prometheus-alertmanager"
    folder, port = tmp_path_factory.mktemp("alertmanager"), free_port()
    command = [
        program,
        f"--config.file={OPS / 'alertmanager' / 'alertmanager.yml'}",
        f"--storage.path={folder}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    with (Path(folder) / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        real = Real(port)
        wait_for(real.answers, "Alertmanager answers")
        yield real
    finally:
        process.terminate()
        process.wait(30)


def test_an_alert_arrives_with_its_labels_at_the_receiver_for_news(alertmanager: Real) -> None:
    sent = notice(1, rule="one.alert", labels=[("team-1", "desk")], title="x\x1b[31m “ü”")
    assert isinstance(alertmanager.send(sent), Delivered)
    (found,) = alertmanager.alerts("one.alert")
    assert found["status"]["state"] == "active"
    assert found["labels"] | {"team_1": "desk", "severity": "high", "source": "Reuters"} == found["labels"]
    assert found["annotations"]["article"] == "x “ü”"
    assert found["generatorURL"] == "https://news.example/1"
    assert [receiver["name"] for receiver in found["receivers"]] == ["news"]
    assert 3_000 < _seconds(found["endsAt"]) - time.time() <= 3_600


def test_the_same_alert_twice_is_one_and_another_is_another(alertmanager: Real) -> None:
    for number in (1, 1, 2):
        assert isinstance(alertmanager.send(notice(number, rule="twice")), Delivered)
    assert len(alertmanager.alerts("twice")) == 2


def test_an_episode_fires_goes_on_and_ends(alertmanager: Real) -> None:
    for sequence, state in enumerate(("fired", "updated")):
        sent = notice(sequence, rule="episode", episode=(state, sequence), group="g", time=NOON)
        assert isinstance(alertmanager.send(sent), Delivered)
        (found,) = alertmanager.alerts("episode")
        assert found["annotations"]["alert_id"] == sent.id
    assert isinstance(alertmanager.send(notice(2, rule="episode", episode=("resolved", 2), group="g")), Delivered)
    wait_for(lambda: alertmanager.alerts("episode") == [], "it has ended")


def test_many_in_one_request(alertmanager: Real) -> None:
    assert isinstance(alertmanager.send(*(notice(number, rule="many") for number in range(64))), Delivered)
    assert len(alertmanager.alerts("many")) == 64


def test_what_it_does_not_take_is_refused(alertmanager: Real) -> None:
    broken = AlertmanagerConfig("am", HttpEnd(f"http://127.0.0.1:{alertmanager._port}/api", (), LOOPBACK))

    async def main() -> Outcome:
        destination = Alertmanager(broken, Settings())
        try:
            return await destination.deliver(message_of([notice(1)]), time.time())
        finally:
            await destination.close()

    assert isinstance(asyncio.run(main()), Refused)


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()

"""End-to-end scenarios that hold on any broker; run on the embedded one here and on Apache Kafka in tests/kafka."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from stream.settings import Settings
from tests.worker.kit import (
    DEADLINE_SECONDS,
    REAL,
    Follower,
    WorkerProcess,
    following,
    make_topics,
    publish,
    running,
    until,
)

ALERT_TOPICS = ("alerts.info", "alerts.low", "alerts.medium", "alerts.high", "alerts.critical")
RULE = """\
kind: rule
id: test.dam
version: 1
title: Dam in danger
description: A dam is said to fail.
status: stable
severity: high
topics: [dams]
match: >
  dam NEAR/5 collapse
alert:
  summary: '{rule.title}: {article.title}'
tests:
  - {name: fires, article: {title: A dam, body: The dam may collapse today.}, expect: fire}
  - {name: quiet, article: {title: A dam, body: The dam is old.}, expect: quiet}
---
kind: rule
id: test.water
version: 1
title: Water
description: Anything about water.
status: stable
severity: none
topics: [water]
match: water
tests:
  - {name: fires, article: {title: Water, body: Water is wet.}, expect: fire}
  - {name: quiet, article: {title: Sand, body: Sand is dry.}, expect: quiet}
"""

BAD: list[tuple[str, bytes | None]] = [
    ("tombstone", None),
    ("empty", b""),
    ("empty", b" \n"),
    ("invalid_utf8", b'{"body": "\xff"}'),
    ("invalid_utf8", '{"body": "x"}'.encode("utf-16")),
    ("invalid_json", b'{"body": "cut'),
    ("invalid_json", b"[" * 100_000),
    ("invalid_json", b'{"body": "\\ud800"}'),
    ("invalid_json", b'{"body": NaN}'),
    ("not_an_object", b"[]"),
    ("not_an_object", b'"text"'),
    ("missing_body", b"{}"),
    ("missing_body", b'{"body": ""}'),
    ("wrong_type", b'{"body": 7}'),
    ("wrong_type", b'{"body": "x", "title": []}'),
    ("wrong_type", b'{"body": "x", "published": 5}'),
    ("too_long", b'{"body": "' + b"x" * 200_001 + b'"}'),
    ("out_of_range", b'{"body": "x", "revision": 0}'),
]


def with_rules(settings: Settings, folder: Path, partitions: int = 4) -> Settings:
    """The settings with the two rules of this file, and the topics made."""
    (folder / "rules.yml").write_text(RULE, encoding="utf-8")
    make_topics(settings, partitions)
    return settings.model_copy(update={"rules_dir": folder})


def article(number: int, *, fires: bool = True, **fields: Any) -> bytes:
    """An article of its own id; `fires` makes it raise one alert."""
    body = f"Engineers said on day {number} that the dam may soon collapse." if fires else "Nothing about water here."
    return json.dumps({"id": f"a{number}", "title": f"Report {number}", "body": body, **fields}).encode()


def articles(first: int, count: int) -> list[tuple[bytes | None, bytes | None]]:
    """Messages for `publish`; every article raises an alert."""
    return [(f"a{n}".encode(), article(n)) for n in range(first, first + count)]


def alert_ids(follower: Follower) -> dict[str, list[str]]:
    """For each article id, the alert ids that came, repeats included."""
    found: dict[str, list[str]] = {}
    for topic in ALERT_TOPICS:
        for value in follower.values.get(topic, ()):
            event = json.loads(value)
            found.setdefault(event["data"]["article"]["id"], []).append(event["id"])
    return found


def from_raw_to_alerts(settings: Settings) -> None:
    """Articles become tags and alerts that carry their evidence, and are counted."""
    publish(settings, "articles.raw", [(b"a1", article(1, source="Wire")), (b"a2", article(2, fires=False))])
    with running(settings, REAL) as worker, following(settings, "articles.tagged", "alerts.high") as follower:
        worker.ready()
        alert = json.loads(follower.wait("alerts.high", 1)[0])
        assert alert["subject"] == "test.dam"
        assert alert["data"]["summary"] == "Dam in danger: Report 1"
        assert alert["data"]["article"]["id"] == "a1"
        body = json.loads(article(1))["body"]
        evidence = alert["data"]["evidence"]
        assert any("collapse" in piece["text"] for piece in evidence)
        assert all(body[piece["start"] : piece["end"]] == piece["text"] for piece in evidence)
        tagged = {}
        for value in follower.wait("articles.tagged", 2):
            event = json.loads(value)
            tagged[event["data"]["article"]["id"]] = {topic["topic"] for topic in event["data"]["topics"]}
        assert tagged == {"a1": {"dams"}, "a2": {"water"}}
        until(
            lambda: worker.metric('redline_alerts_total{rule="test.dam",severity="high",state="fired"}') == 1, "count"
        )
        until(lambda: worker.metric('redline_topics_total{topic="water"}') == 1, "the other one's topic, too")
        assert worker.stop() == 0
        assert "Traceback" not in worker.log


def bad_input_is_dead_letters_and_stalls_nothing(settings: Settings) -> None:
    """One dead letter for each bad record, with its code; the good article behind them all is alerted."""
    publish(settings, "articles.raw", [(f"bad{n}".encode(), value) for n, (_, value) in enumerate(BAD)])
    publish(settings, "matches", [(b"k", b"no match"), (b"k", None)])
    publish(settings, "articles.raw", articles(1, 8))
    with running(settings, REAL) as worker, following(settings, "articles.dead", "alerts.high") as follower:
        worker.ready()
        follower.wait("alerts.high", 8)
        letters = [json.loads(value) for value in follower.wait("articles.dead", len(BAD) + 2)]
        by_key = {letter["key"]: letter["code"] for letter in letters if letter["stage"] == "decode"}
        assert by_key == {f"bad{n}": code for n, (code, _) in enumerate(BAD)}
        assert [letter["code"] for letter in letters if letter["stage"] == "alert"] == ["invalid_match"] * 2
        assert worker.stop() == 0
        follower.poll()
        assert (len(follower.values["articles.dead"]), len(follower.values["alerts.high"])) == (len(BAD) + 2, 8)


def a_flood_of_bad_input_does_not_hold_up_the_good(settings: Settings) -> None:
    """Ten thousand malformed records, then one good one."""
    publish(settings, "articles.raw", [(b"same", b"{")] * 10_000 + [(b"same", article(1))])
    with running(settings, REAL) as worker, following(settings, "alerts.high") as follower:
        worker.ready()
        follower.wait("alerts.high", 1)
        until(
            lambda: worker.metric('redline_dead_letters_total{code="invalid_json",stage="decode"}') == 10_000, "counted"
        )
        assert worker.stop() == 0


def killed_and_started_again(settings: Settings, *, count: int, kills: int, hard: bool) -> tuple[int, int]:
    """Ends the worker `kills` times in the midst of `count` articles; returns (lost, repeated) alerts.

    Asserts that a repeat bears the id it had. `hard`: kill -9; else SIGTERM, which must give 0.
    """
    made = 0
    part = count // (kills + 1)
    with following(settings, *ALERT_TOPICS) as follower:
        for round_number in range(kills + 1):
            with running(settings, REAL) as worker:
                worker.ready()
                size = part if round_number < kills else count - made
                publish(settings, "articles.raw", articles(made, size))
                made += size
                if round_number < kills:
                    _wait_for_some(follower, made - size // 2)
                    _end(worker, hard)
                else:
                    _wait_for_all(follower, count)
                    assert worker.stop() == 0
        follower.rest()
        found = alert_ids(follower)
    assert all(len(set(ids)) == 1 for ids in found.values()), "an article's alert came under two ids"
    assert len({ids[0] for ids in found.values()}) == len(found)
    lost = count - len(found)
    repeated = sum(len(ids) - 1 for ids in found.values())
    return lost, repeated


def workers_come_and_go(settings: Settings, *, count: int) -> tuple[int, int]:
    """A second worker joins, the first is killed and comes back, the second leaves; returns (lost, repeated) alerts."""
    part = count // 5

    def send(number: int) -> None:
        publish(settings, "articles.raw", articles(number * part, part))

    with following(settings, *ALERT_TOPICS) as follower, running(settings, REAL) as first:
        first.ready()
        send(0)
        with running(settings, REAL) as second:
            send(1)
            second.ready()
            _wait_for_some(follower, part)
            _end(first, hard=True)
            send(2)
            with running(settings, REAL) as third:
                third.ready()
                send(3)
                _wait_for_some(follower, 3 * part)
                _end(second, hard=False)
                send(4)
                _wait_for_all(follower, 5 * part)
                _end(third, hard=False)
        follower.rest()
        found = alert_ids(follower)
    assert all(len(set(ids)) == 1 for ids in found.values()), "an article's alert came under two ids"
    return 5 * part - len(found), sum(len(ids) - 1 for ids in found.values())


def _wait_for_some(follower: Follower, count: int) -> None:
    until(lambda: follower.poll() and len(alert_ids(follower)) >= count, f"{count} alerts")


def _wait_for_all(follower: Follower, count: int) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while len(alert_ids(follower)) < count and time.monotonic() < deadline:
        follower.poll()


def _end(worker: WorkerProcess, hard: bool) -> None:
    if hard:
        worker.process.kill()
        worker.wait_exit()
    else:
        assert worker.stop() == 0, worker.log

"""`redline tap`: what is on the topics, readable, harmless for terminals, and good as a fixture."""

from __future__ import annotations

import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from stream.broker.admin import Admin
from stream.broker.publisher import Publisher
from stream.cli.jsonlines import json_line
from stream.cli.render import parse_alert
from stream.cli.scan import scan
from stream.cli.tap import tap
from stream.cli.tapfilter import FieldFilter
from stream.cli.tapsave import line_of
from stream.cli.tapview import as_json, json_of, render_record
from stream.detect import Memory
from stream.engine import Engine
from stream.model import Output, Record, Reject
from stream.settings import ENV_PREFIX, Settings
from stream.sources.rulefiles import load_ruleset
from stream.wire.control import encode_control
from stream.wire.deadletter import encode_dead_letter
from stream.wire.decode import parse_time
from stream.wire.topics import TOPICS

ROOT = Path(__file__).parents[2]
UNSAFE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
HOSTILE = "\x1b]0;owned\x07\x1b[2J\x9b31m‮evil‬ title"


@pytest.fixture
def settings(broker_settings: Settings) -> Settings:
    """Settings of a broker with all topics."""
    with Admin(broker_settings) as admin:
        admin.create()
    return broker_settings


def test_every_topic_of_a_real_article_is_readable_and_saved_articles_are_judged_the_same(
    settings: Settings, tmp_path: Path
) -> None:
    rules = ROOT / "rules"
    article = {"id": "one", "title": "Warning", "source": "Wire", "published": "2026-01-02T03:04:05Z"}
    article["body"] = (
        "The Kremlin warned that permission for Ukraine to strike deep inside Russia with long-range missiles would "
        "cross a red line and draw NATO into the war, an escalation that Moscow would answer."
    )
    _send_through(settings, article, rules)
    shown = _tap(settings, "articles.raw", "articles.tagged", "matches", "alerts", "--end")
    assert shown.exit_code == 0
    blocks = shown.stdout.split("\n\n")
    assert re.search(r"articles\.raw\[\d\]@0  key one  \d+ bytes\n +Warning\n +Wire · published 2026-", shown.stdout)
    assert "topics: " in shown.stdout
    assert any("alerts." in block and "escalation" in block and "— Wire · Warning" in block for block in blocks)
    assert any("matches[" in block and "— Wire · Warning · one" in block for block in blocks)

    judged = []
    for topic in ("articles.raw", "articles.tagged"):
        fixture = tmp_path / f"{topic}.ndjson"
        saved = _tap(settings, topic, "--end", "--save", str(fixture))
        assert (saved.exit_code, saved.stderr) == (0, f"1 saved in {fixture}\n")
        scanned = CliRunner().invoke(scan, ["--rules", str(rules), str(fixture)])
        assert scanned.exit_code == 0, scanned.stderr
        judged.append({json.loads(line)["subject"] for line in scanned.stdout.splitlines()})
    assert judged[0] == judged[1]
    assert judged[0]
    again = _tap(settings, "articles.raw", "--end", "--save", str(fixture))
    assert "there already is a file" in str(again.exception)  # `main` makes one sentence and exit code 2 of it


def test_filters_keys_count_and_end(settings: Settings) -> None:
    _send(
        settings, *(("articles.raw", f"k{n}", {"source": "A" if n % 2 else "B", "body": f"text {n}"}) for n in range(6))
    )
    _send_control(settings)
    assert _keys(_tap(settings, "articles.raw", "--end", "--json")) == {f"k{n}" for n in range(6)}
    assert _keys(_tap(settings, "articles.raw", "--end", "--json", "--filter", "source=A")) == {"k1", "k3", "k5"}
    assert _keys(_tap(settings, "articles.raw", "--end", "--json", "--filter", "source!=A")) == {"k0", "k2", "k4"}
    assert _keys(_tap(settings, "articles.raw", "--end", "--json", "--filter", "body~TEXT 4")) == {"k4"}
    assert _keys(_tap(settings, "articles.raw", "--end", "--json", "--key", "k1", "--key", "k2")) == {"k1", "k2"}
    two = _tap(settings, settings.topic_prefix + "articles.raw", "--from", "earliest", "--count", "2", "--json")
    assert (two.exit_code, len(two.stdout.splitlines())) == (0, 2)
    more = _tap(settings, "articles.raw", "--end", "--count", "9", "--json")
    assert (more.exit_code, more.stderr) == (1, "6 of the 9 asked for fitted, of 6 records\n")
    none = _tap(settings, "articles.dead", "--end")
    assert (none.exit_code, none.stdout) == (1, "")
    assert "no records" in none.stderr
    control = _tap(settings, "articles.raw", "--end", "--control", "--key", "r")
    assert "control: the run r has nothing before 2026-01-01 00:00:00 to come on partition 0" in control.stdout


def test_it_begins_at_a_time(settings: Settings) -> None:
    _send(settings, ("articles.raw", "old", {"body": "x"}), ("articles.raw", "older", {"body": "x"}))
    (later,) = (r["time"] for r in _rows(_tap(settings, "articles.raw", "--end", "--json", "--key", "older")))
    moment = parse_time(later)
    assert moment is not None
    assert _tap(settings, "articles.raw", "--end", "--from", "2100-01-01").exit_code == 1
    assert _keys(_tap(settings, "articles.raw", "--end", "--json", "--from", "1h")) == {"old", "older"}
    for before_all in ("1969-12-31T23:59:59.999Z", "1901-01-01"):  # in milliseconds the first is Kafka's `latest`
        assert _keys(_tap(settings, "articles.raw", "--end", "--json", "--from", before_all)) == {"old", "older"}
    time.sleep(0.01)  # the next record is younger by its milliseconds
    _send(settings, ("articles.raw", "new", {"body": "x"}))
    after = (moment + timedelta(milliseconds=5)).isoformat()
    assert _keys(_tap(settings, "articles.raw", "--end", "--json", "--from", after)) == {"new"}


def test_new_records_are_shown_until_ctrl_c(settings: Settings, tmp_path: Path) -> None:
    _send(settings, ("articles.raw", "before", {"body": "x"}))
    fixture = tmp_path / "new.ndjson"
    own = {name: value for name, value in os.environ.items() if not name.startswith(ENV_PREFIX)}
    environment = {**own, "REDLINE_BOOTSTRAP": settings.bootstrap, "REDLINE_TOPIC_PREFIX": settings.topic_prefix}
    command = [sys.executable, "-m", "stream.cli", "tap", "articles.raw", "--json", "--save", str(fixture)]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            lines: queue.Queue[str] = queue.Queue()
            stream = process.stdout
            threading.Thread(target=lambda: [lines.put(line) for line in stream], daemon=True).start()
            first = None
            for number in range(300):  # nothing tells from outside when it listens
                _send(settings, ("articles.raw", f"after{number}", {"body": "x"}))
                try:
                    first = lines.get(timeout=0.2)
                    break
                except queue.Empty:
                    continue
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 130
            assert process.stderr is not None
            assert f"saved in {fixture}" in process.stderr.read()
        finally:
            process.kill()
    assert first is not None
    assert json.loads(first)["key"].startswith("after")
    assert fixture.read_text().startswith('{"body":"x"}\n')


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("matchs",), "did you mean matches?"),
        (("articles.raw", "--from", "yesterday"), "expected earliest, latest, how long ago"),
        (("articles.raw", "--filter", "x"), "expected FIELD=VALUE"),
        (("articles.raw", "--count", "0"), "--count"),
        ((), "TOPIC"),
    ],
)
def test_what_cannot_be_meant_is_2(arguments: tuple[str, ...], said: str) -> None:
    done = CliRunner().invoke(tap, list(arguments))
    assert done.exit_code == 2
    assert said in done.stderr


_VALUES = st.one_of(
    st.none(),
    st.binary(max_size=40),
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.text(max_size=8), st.just(HOSTILE)),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(
                st.sampled_from(
                    ["data", "article", "topics", "rule", "id", "evidence", "title", "source", "kind", "x"]
                ),
                inner,
                max_size=4,
            ),
        ),
        max_leaves=12,
    ).map(lambda value: json.dumps(value).encode("utf-8", "surrogatepass")),
)


@given(
    st.sampled_from([*(t.name for t in TOPICS), "g-state-changelog"]),
    _VALUES,
    st.one_of(st.none(), st.binary(max_size=12), st.just(HOSTILE.encode())),
    st.integers(-(2**63), 2**63 - 1),
)
def test_no_record_breaks_it_or_reaches_the_terminal_as_it_is(
    topic: str, value: bytes | None, key: bytes | None, at: int
) -> None:
    record = Record("p." + topic, 0, 7, at, key, value, (("redline-x", HOSTILE.encode()),))
    for width in (None, 60):
        text = render_record(record, prefix="p.", width=width).plain
        assert not UNSAFE.search(text), text
    line = json_line(as_json(record))
    assert not UNSAFE.search(line)
    assert "\n" not in line
    assert json.loads(line)["offset"] == 7
    line_of(record, topic)


def test_hostile_text_is_shown_without_what_a_terminal_obeys() -> None:
    record = Record("articles.raw", 0, 0, 0, b"k", orjson.dumps({"title": HOSTILE, "body": "b"}))
    out = Console(width=100, no_color=True)
    with out.capture() as captured:
        out.print(render_record(record, prefix=""))
    assert "evil title" in captured.get()
    assert not UNSAFE.search(captured.get())
    assert json.loads(json_line({"t": HOSTILE})) == {"t": HOSTILE}


@pytest.mark.parametrize("topic", [*(t.name for t in TOPICS), "g-state-changelog"])
@pytest.mark.parametrize("depth", [100, 300, 1_015])
def test_a_record_that_is_nested_deeply_is_shown_and_told_and_no_end_of_it(topic: str, depth: int) -> None:
    deep = b"[" * depth + b"]" * depth
    article = b'{"title": ' + deep + b"}"
    for value in (article, b'{"data": {"article": ' + article + b', "topics": []}}'):
        record = Record(topic, 0, 7, 0, b"k", value)
        assert "7" in render_record(record, prefix="").plain
        told = json.loads(json_of(record))
        assert told["offset"] == 7
        assert ("value" in told) == (depth == 100)
        assert told.get("text") in (None, value.decode())
        line_of(record, topic)
    wrapped = b'{"id": "1", "time": ' + deep + b', "severitytext": "low", "data": {"state": "fired", "evidence": [], '
    parse_alert(wrapped + b'"rule": {"id": "r", "title": ""}, "article": {}}}')


def test_a_dead_letter_of_somebody_else_brings_nothing_to_the_terminal() -> None:
    letter = {"stage": HOSTILE, "code": HOSTILE, "reason": HOSTILE, "size_bytes": HOSTILE}
    letter["source"] = dict.fromkeys(("topic", "partition", "offset"), HOSTILE)  # type: ignore[assignment]
    text = render_record(Record("articles.dead", 0, 0, 0, b"k", orjson.dumps(letter)), prefix="").plain
    assert "evil title bytes, not UTF-8" in text
    assert not UNSAFE.search(text)


def test_a_dead_letter_gives_back_its_original_unless_it_was_cut() -> None:
    raw = Record("articles.raw", 0, 3, 0, b"k", b'{"body":\n 1}')
    reject = Reject("decode", "wrong_type", "found a number")
    whole = encode_dead_letter(reject, raw, topic="articles.dead", original_bytes_max=1_000)
    cut = encode_dead_letter(reject, raw, topic="articles.dead", original_bytes_max=5)
    assert line_of(Record("articles.dead", 0, 0, 0, b"k", whole.value), "articles.dead") == b'{"body":  1}'
    assert "beginning" in str(line_of(Record("articles.dead", 0, 0, 0, b"k", cut.value), "articles.dead"))
    text = render_record(Record("articles.dead", 0, 0, 0, b"k", whole.value), prefix="").plain
    assert "decode wrong_type: found a number" in text
    assert "from articles.raw[0]@3" in text
    assert "original: {" in text


def test_a_field_is_named_by_the_end_of_its_path() -> None:
    value = {
        "source": "/redline/news",
        "data": {"article": {"source": "Wire"}, "topics": [{"topic": "a"}, {"topic": "b"}]},
    }
    assert FieldFilter("source", "=", "Wire").holds(value)
    assert FieldFilter("data.article.source", "=", "Wire").holds(value)
    assert not FieldFilter("data.article.source", "=", "/redline/news").holds(value)
    assert FieldFilter("topics.topic", "=", "b").holds(value)
    assert not FieldFilter("topic", "!=", "b").holds(value)
    assert not FieldFilter("rce", "=", "Wire").holds(value)


def test_the_hint_where_there_is_nothing_is_no_advice_that_was_followed(settings: Settings) -> None:
    nothing = _tap(settings, "articles.raw", "--from", "earliest", "--end")
    assert (nothing.exit_code, nothing.stderr) == (1, "there are no records\n")
    assert _tap(settings, "articles.raw", "--end").stderr == "there are no records\n"
    later = _tap(settings, "articles.raw", "--from", "latest", "--end")
    assert later.stderr == "there are no records since then; `--from earliest` begins with the oldest\n"
    _send_control(settings)
    control = _tap(settings, "articles.raw", "--end")
    assert control.stderr == "there are no records but control records (`--control` shows them)\n"


def _send_through(settings: Settings, article: dict[str, str], rules: Path) -> None:
    engine = Engine(load_ruleset(rules), settings.engine_config())
    raw = Output(settings.topic_prefix + "articles.raw", article["id"].encode(), orjson.dumps(article))
    record = Record(raw.topic, 0, 0, 1_780_000_000_000, raw.key, raw.value)
    tagged = engine.tag([record]).outputs
    matches = [o for o in tagged if o.topic.endswith("matches")]
    records = [Record(o.topic, 0, n, record.timestamp_ms, o.key, o.value) for n, o in enumerate(matches)]
    _publish(settings, [raw, *tagged, *engine.alert(records, datetime.now(UTC), Memory()).outputs])


def _send(settings: Settings, *records: tuple[str, str, dict[str, object]]) -> None:
    _publish(settings, [Output(settings.topic_prefix + t, k.encode(), orjson.dumps(v)) for t, k, v in records])


def _send_control(settings: Settings) -> None:
    moment = parse_time("2026-01-01")
    assert moment is not None
    output, partition = encode_control(
        "progress", topic=settings.topic_prefix + "articles.raw", run="r", partition=0, time=moment
    )
    with Publisher(settings) as publisher:
        publisher.send(output, partition=partition)
        assert publisher.flush(60.0) == 0


def _publish(settings: Settings, outputs: list[Output]) -> None:
    with Publisher(settings) as publisher:
        for output in outputs:
            publisher.send(output)
        assert publisher.flush(60.0) == 0
        assert publisher.take_failures() == []


def _tap(settings: Settings, *arguments: str) -> Result:
    own = ["--bootstrap", settings.bootstrap, "--topic-prefix", settings.topic_prefix]
    return CliRunner().invoke(tap, [*arguments, *own])


def _rows(result: Result) -> list[dict[str, str]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def _keys(result: Result) -> set[str]:
    return {row["key"] for row in _rows(result)}

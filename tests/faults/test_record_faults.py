"""Records that cannot be read, or become too large: each is one dead letter, its neighbours are not held up."""

import json
import os
from collections import Counter
from pathlib import Path

import pytest
from kafka import KafkaProducer

from stream.settings import Settings
from tests.corpora import raw_values
from tests.e2e import scenarios
from tests.faults.conftest import Report
from tests.faults.results import Result
from tests.worker.kit import REAL, WorkerProcess, following, publish, running, until

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(600)]

IN_A_ROW = 10_000


@pytest.fixture
def settings(kafka_settings: Settings, tmp_path: Path) -> Settings:
    return scenarios.with_rules(kafka_settings, tmp_path, partitions=1)


def cpu_seconds(worker: WorkerProcess) -> float:
    """What the process has used so far; time on the clock would depend on what else runs."""
    fields = Path(f"/proc/{worker.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_hostile_collections(settings: Settings, report: Report) -> None:
    """Malformed and odd JSON, strings and UTF-8: tagged or dead, each once, and the worker does not notice."""
    values = raw_values()
    publish(settings, "articles.raw", [(f"h{n}".encode(), value) for n, value in enumerate(values)])
    publish(settings, "articles.raw", scenarios.articles(0, 10))
    with (
        running(settings, REAL) as worker,
        following(settings, "articles.tagged", "articles.dead", "alerts.high") as follower,
    ):
        worker.ready()
        follower.wait("alerts.high", 10)
        assert worker.stop() == 0, worker.log
        follower.rest()
        dead = Counter(json.loads(value)["key"] for value in follower.values["articles.dead"])
        tagged = len(follower.values["articles.tagged"]) - 10
        assert max(dead.values()) == 1
        assert tagged + len(dead) == len(values)
        assert "Traceback" not in worker.log
        lost = len(values) - tagged - len(dead)
        report(Result("hostile JSON, strings and UTF-8", 1, len(values), lost, 0, (), f"{len(dead)} dead letters"))


def test_poison_in_a_row_costs_no_more_than_good_articles(settings: Settings, report: Report) -> None:
    with running(settings, REAL) as worker, following(settings, "articles.dead") as follower:
        worker.ready()
        spent = {}
        for kind, metric in (
            ("good", 'redline_articles_total{stage="tagged"}'),
            ("poison", 'redline_dead_letters_total{code="invalid_json",stage="decode"}'),
        ):
            before = cpu_seconds(worker)
            value = b'{"body":"cut' if kind == "poison" else None
            publish(
                settings,
                "articles.raw",
                [(b"k", value or scenarios.article(n, fires=False)) for n in range(IN_A_ROW)],
            )
            until(lambda metric=metric: worker.metric(metric) == IN_A_ROW, kind)
            spent[kind] = cpu_seconds(worker) - before
        assert len(follower.wait("articles.dead", IN_A_ROW)) == IN_A_ROW
        ratio = spent["poison"] / spent["good"]
        remark = f"{ratio:.1f} times the worker's CPU time of {IN_A_ROW:,} good short articles"
        report(Result("poison records in a row", IN_A_ROW, 2 * IN_A_ROW, 0, 0, (), remark))
        assert ratio < 1.5
        assert worker.stop() == 0


def test_an_output_that_is_too_large_harms_nobody_else(kafka_settings: Settings, tmp_path: Path) -> None:
    small = scenarios.with_rules(kafka_settings.model_copy(update={"message_bytes_max": 1_500}), tmp_path, 1)
    large = {7, 8, 60}
    sent = [(f"a{n}".encode(), scenarios.article(n, title="t" * (800 if n in large else 9))) for n in range(100)]
    publish(small, "articles.raw", sent)
    with running(small, REAL) as worker, following(small, "articles.dead", "alerts.high") as follower:
        worker.ready()
        follower.wait("alerts.high", 97)
        letters = [json.loads(value) for value in follower.wait("articles.dead", 3)]
        assert {(letter["key"], letter["code"]) for letter in letters} == {(f"a{n}", "output_too_large") for n in large}
        assert worker.stop() == 0
        assert "giving up" not in worker.log


def test_a_dead_letter_that_would_be_too_large_is_cut(settings: Settings) -> None:
    """The broker takes a long key and control characters; repeated and escaped, they would be more than it takes."""
    settings = settings.model_copy(update={"dead_letter_original_bytes_max": 500_000})
    hostile = [(b"k" * 800_000, b"{bad"), (b"control", b"\x01" * 400_000)]
    with KafkaProducer(bootstrap_servers=settings.bootstrap, max_request_size=1_000_000) as producer:
        for key, value in hostile:
            producer.send(f"{settings.topic_prefix}articles.raw", key=key, value=value).get(30)
    publish(settings, "articles.raw", scenarios.articles(0, 10))
    with running(settings, REAL) as worker, following(settings, "articles.dead", "alerts.high") as follower:
        worker.ready()
        follower.wait("alerts.high", 10)
        letters = [json.loads(value) for value in follower.wait("articles.dead", 2)]
        assert [(letter["code"], letter["size_bytes"]) for letter in letters] == [
            ("invalid_json", 4),
            ("invalid_json", 400_000),
        ]
        assert letters[1]["truncated"]
        assert worker.stop() == 0
        assert "giving up" not in worker.log

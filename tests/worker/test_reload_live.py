"""Rules that change under load, in a worker process on the embedded broker.

Every article matches all rules, which change together. So a batch that was judged by half a rule set, by none, or
twice would show: as an article whose alerts bear two digests, or are too few, or too many.

`REDLINE_SOAK_RELOADS` (`make soak-reload`) sets how often the rules change.
"""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from kafka import KafkaProducer

from stream.settings import Settings
from stream.sources.rulefiles import load_ruleset
from tests.worker.kit import REAL, Follower, WorkerProcess, following, make_topics, publish, running, until
from tests.worker.rulefolder import Published, replaced, rule_text

pytestmark = pytest.mark.embedded

RELOADS = int(os.environ.get("REDLINE_SOAK_RELOADS", "30"))
RULES = ("a", "b", "c", "d")
WORDS = ("dam", "river", "valley")
ARTICLES_PER_SECOND = 100
CHANGED = 'redline_rules_reloads_total{outcome="changed"}'
REFUSED = 'redline_rules_reloads_total{outcome="refused"}'
SUCCESS = "redline_rules_reload_success"


def article(number: int) -> bytes:
    return json.dumps({"id": f"a{number}", "body": f"Number {number}: {', '.join(WORDS)}."}).encode()


def rule_files(version: int) -> dict[str, str]:
    return {f"{name}.yml": rule_text(name, WORDS[version % len(WORDS)], version) for name in RULES}


def settings_for(settings: Settings, folder: Path, poll_ms: int = 20) -> Settings:
    return settings.model_copy(update={"rules_dir": folder, "rules_poll_interval_ms": poll_ms})


def digest_in_force(worker: WorkerProcess) -> str:
    line = next(line for line in worker.page("/metrics")[1].splitlines() if line.startswith("redline_rules_info{"))
    return line.split('"')[1]


def judged(follower: Follower) -> dict[str, list[str]]:
    """The digests on the alerts of each article."""
    digests: dict[str, list[str]] = defaultdict(list)
    for value in follower.values["alerts.high"]:
        data = json.loads(value)["data"]
        digests[data["article"]["id"]].append(data["rule"]["ruleset_digest"])
    return digests


class Load:
    """Publishes numbered articles at a steady rate from `with` to its end."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._done = settings, threading.Event()
        self._thread = threading.Thread(target=self._publish, daemon=True)
        self.sent = 0

    def _publish(self) -> None:
        producer = KafkaProducer(bootstrap_servers=self._settings.bootstrap, acks="all", linger_ms=5)
        began = time.monotonic()
        while not self._done.is_set():
            producer.send(f"{self._settings.topic_prefix}articles.raw", key=b"%d" % self.sent, value=article(self.sent))
            self.sent += 1
            self._done.wait(max(0.0, began + self.sent / ARTICLES_PER_SECOND - time.monotonic()))
        producer.flush(timeout=30)
        producer.close()

    def __enter__(self) -> Load:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rules = tmp_path / "rules"
    rules.mkdir()
    for name, text in rule_files(1).items():
        (rules / name).write_text(text, encoding="utf-8")
    return rules


@pytest.mark.timeout(180 + 2 * RELOADS)
@pytest.mark.parametrize(
    ("processes", "reloads"), [pytest.param(0, RELOADS, id="one process"), pytest.param(2, 8, id="2 engine processes")]
)
def test_many_reloads_under_load_lose_nothing_and_no_article_is_judged_by_half(
    broker_settings: Settings, tmp_path: Path, processes: int, reloads: int
) -> None:
    make_topics(broker_settings)
    mounted = Published(tmp_path / "mounted")
    mounted.publish(rule_files(1))
    settings = settings_for(broker_settings.model_copy(update={"engine_processes": processes}), mounted.folder)
    digests = [load_ruleset(mounted.folder).digest]
    memory = []
    with (
        following(settings, "articles.tagged", "alerts.high", "articles.dead") as follower,
        running(settings, REAL) as worker,
    ):
        worker.ready()
        began = time.monotonic()
        with Load(settings) as load:
            for reload in range(1, reloads + 1):
                mounted.publish(rule_files(1 + reload))
                digests.append(load_ruleset(mounted.folder).digest)
                until(lambda: worker.metric(CHANGED) == reload, f"reload {reload}")  # noqa: B023 - called at once
                assert digest_in_force(worker) == digests[-1]
                memory.append(worker.metric("process_resident_memory_bytes") / 1e6)
                follower.poll()
        seconds = time.monotonic() - began
        follower.wait("alerts.high", load.sent * len(RULES))
        assert worker.metric(REFUSED) == 0
        assert worker.stop() == 0, worker.log
        follower.rest()
    found = judged(follower)
    spread = Counter(digests[0] for digests in found.values())
    print(  # noqa: T201 - the table of `make soak-reload`
        f"\n{reloads} reloads in {seconds:.1f} s, {load.sent} articles, {len(follower.values['alerts.high'])} alerts, "
        f"{load.sent - len(found)} lost, {len(spread)} rule sets at work; memory {memory[0]:.0f} MB after the first, "
        f"{memory[len(memory) // 2]:.0f} MB in the middle, {memory[-1]:.0f} MB after the last"
    )
    assert len(found) == load.sent, "lost"
    assert all(len(digests) == len(RULES) for digests in found.values()), "an article was judged by none or twice"
    assert all(len(set(digests)) == 1 for digests in found.values()), "an article was judged by two rule sets"
    assert set(spread) <= set(digests)
    assert len(follower.values["articles.tagged"]) == load.sent
    assert not follower.values["articles.dead"]


def test_articles_before_a_change_bear_the_old_digest_and_after_it_the_new(
    broker_settings: Settings, folder: Path
) -> None:
    make_topics(broker_settings)
    settings = settings_for(broker_settings, folder)
    old = load_ruleset(folder).digest
    with following(settings, "alerts.high") as follower, running(settings, REAL) as worker:
        worker.ready()
        publish(settings, "articles.raw", [(b"%d" % n, article(n)) for n in range(50)])
        follower.wait("alerts.high", 50 * len(RULES))
        replaced(folder / "a.yml", rule_text("a", "valley"))
        new = load_ruleset(folder).digest
        until(lambda: digest_in_force(worker) == new, "the new digest")
        publish(settings, "articles.raw", [(b"%d" % n, article(n)) for n in range(50, 100)])
        follower.wait("alerts.high", 100 * len(RULES))
        assert worker.stop() == 0
        assert f"digest={new[:12]} digest_before={old[:12]} changed=test.a" in worker.log
    found = judged(follower)
    assert {digest for n in range(50) for digest in found[f"a{n}"]} == {old}
    assert {digest for n in range(50, 100) for digest in found[f"a{n}"]} == {new}


def test_a_match_that_a_worker_with_newer_rules_made_waits_for_them(broker_settings: Settings, folder: Path) -> None:
    make_topics(broker_settings)
    settings = settings_for(broker_settings, folder, poll_ms=3_600_000)
    with following(settings, "articles.dead") as follower, running(settings, REAL) as worker:
        worker.ready()
        (folder / "e.yml").write_text(rule_text("e", "valley"), encoding="utf-8")
        new = load_ruleset(folder).digest
        publish(settings, "matches", [(b'[null,"test.e"]', b"no match, but its key is of that rule")])
        follower.wait("articles.dead", 1)
        assert digest_in_force(worker) == new
        assert worker.stop() == 0, worker.log


def replace(path: Path, text: str) -> None:
    """At once: a file that is cut off and then written can be read in between, and is refused once more."""
    new = path.parent.with_suffix(".new")
    new.write_text(text, encoding="utf-8")
    new.replace(path)


def test_broken_rules_leave_the_old_ones_at_work_until_they_are_repaired(
    broker_settings: Settings, folder: Path
) -> None:
    make_topics(broker_settings)
    settings = settings_for(broker_settings, folder)
    path = folder / "b.yml"
    good = path.read_text(encoding="utf-8")
    half = good[: good.index("alert:") + 12]
    old = load_ruleset(folder).digest
    with following(settings, "alerts.high") as follower, running(settings, REAL) as worker:
        worker.ready()
        assert worker.metric(SUCCESS) == 1
        troubles = (half, good.replace("match: river", "match: (river"), "", None)
        for number, trouble in enumerate(troubles):
            refusals = worker.metric(REFUSED)
            if trouble is None:
                path.unlink()
            else:
                replace(path, trouble)
            until(lambda: worker.metric(REFUSED) > refusals, f"{trouble!r} refused")  # noqa: B023 - called at once
            assert worker.metric(SUCCESS) == 0
            assert digest_in_force(worker) == old
            publish(settings, "articles.raw", [(b"k", article(number))])
            follower.wait("alerts.high", (number + 1) * len(RULES))
            assert worker.page("/readyz")[0] == 200
            replace(path, good)
            until(lambda: worker.metric(SUCCESS) == 1, f"repaired after {trouble!r}")
        assert worker.stop() == 0
        assert worker.log.count("rules not reloaded, the old ones stay in force") == len(troubles)
        assert f"at={path}:8:" in worker.log
    assert {digest for digests in judged(follower).values() for digest in digests} == {old}


def test_sighup_reloads_without_a_watch_and_confirms_that_a_file_is_to_go(
    broker_settings: Settings, folder: Path
) -> None:
    make_topics(broker_settings)
    settings = settings_for(broker_settings, folder, poll_ms=0)
    with running(settings, REAL) as worker:
        worker.ready()
        (folder / "b.yml").unlink()
        worker.process.send_signal(signal.SIGHUP)
        until(lambda: worker.metric(CHANGED) == 1, "reloaded")
        assert digest_in_force(worker) == load_ruleset(folder).digest
        (folder / "a.yml").write_text("kind: nonsense\n", encoding="utf-8")
        for refusals in (1, 2):
            worker.process.send_signal(signal.SIGHUP)
            until(lambda: worker.metric(REFUSED) == refusals, "refused")  # noqa: B023 - called at once
        assert worker.stop() == 0
        assert "removed=test.b" in worker.log
        assert " stopped  seconds=" in worker.log.splitlines()[-1], worker.log
        assert worker.log.count(f"at={folder}/a.yml:1:") == 2, "asked twice, said twice"

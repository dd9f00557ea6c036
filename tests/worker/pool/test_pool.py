"""Engine processes: the same results as in one process, and they end when they should."""

from __future__ import annotations

import asyncio
import errno
import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.engine import Batch, Engine, EngineConfig
from stream.errors import GiveUp
from stream.model import Record
from stream.rulelang import RuleSet, SourceFile, load
from stream.wire.topics import MATCHES, RAW, full_name
from stream.worker.batches import joined
from stream.worker.pool import EnginePool, InPool
from stream.worker.pool.pool import EngineProcessError
from stream.worker.stages import InThisProcess, Stages
from tests.worker.kit import runs, until

RULE = """
kind: rule
id: t.dam
severity: high
topics: [dams]
match: {match}
"""
CONFIG = EngineConfig(topic_prefix="x.")
BODIES = ("The dam may fail.", "Nothing.", "Dam. Dam!", "")
CONTROL = ("redline-control", b"1")


def ruleset(match: str = "dam") -> RuleSet:
    found = load([SourceFile("t.yml", RULE.replace("{match}", match))]).ruleset
    assert found is not None
    return found


ENGINE = Engine(ruleset(), CONFIG)


def records(bodies: Sequence[str]) -> list[Record]:
    values = [json.dumps({"id": f"a{n}", "title": "T", "body": body}).encode() for n, body in enumerate(bodies)]
    return [
        Record(full_name("x.", RAW), 0, n, 1_700_000_000_000 + n, b"%d" % n, value) for n, value in enumerate(values)
    ]


def same(found: Batch, wanted: Batch) -> None:
    assert sorted(map(repr, found.outputs)) == sorted(map(repr, wanted.outputs))
    assert found.facts == wanted.facts
    assert found.controls == wanted.controls
    assert (found.newest_live_us, found.newest_published_us) == (wanted.newest_live_us, wanted.newest_published_us)


async def whole(engine: Stages, given: Sequence[Record]) -> Batch:
    """All parts of an answer as one."""
    return joined([part async for part in engine.tag(given)])


@contextmanager
def pool_of(count: int) -> Iterator[EnginePool]:
    pool = EnginePool(count, CONFIG)
    try:
        yield pool
    finally:
        pool.close()


@given(st.lists(st.sampled_from(BODIES), max_size=12), st.integers(1, 5))
def test_slices_come_to_the_same_as_the_whole(bodies: list[str], size: int) -> None:
    all_ = records(bodies)
    slices = [all_[start : start + size] for start in range(0, len(all_), size)]
    same(joined([ENGINE.tag(each) for each in slices]), ENGINE.tag(all_))


@given(st.lists(st.sampled_from(BODIES), max_size=40))
def test_parts_in_this_process_come_to_the_same_as_the_whole(bodies: list[str]) -> None:
    given_ = records(bodies)
    same(asyncio.run(whole(InThisProcess(ENGINE), given_)), ENGINE.tag(given_))


def test_processes_judge_as_the_engine_does_and_keep_the_order() -> None:
    given_ = records(["The dam may fail."] * 40 + [""] + ["Nothing."] * 10)
    with pool_of(2) as pool:
        engine = pool.learn(ENGINE)
        found = asyncio.run(whole(engine, given_))
        assert asyncio.run(whole(engine, [])).outputs == []
    same(found, ENGINE.tag(given_))
    matches = [json.loads(out.value)["article"]["id"] for out in found.outputs if out.topic == full_name("x.", MATCHES)]
    assert matches == [f"a{n}" for n in range(40)]


def test_a_call_is_judged_by_the_rules_it_was_asked_of() -> None:
    (dam, *_), (river, *_) = records(["The dam holds."]), records(["The river rises."])
    with pool_of(2) as pool:
        old = pool.learn(ENGINE)
        new = pool.learn(Engine(ruleset("river"), CONFIG))

        async def both() -> list[Batch]:
            return list(await asyncio.gather(*(whole(each, [dam, river] * 10) for each in (old, new) * 4)))

        for batch in asyncio.run(both()):
            assert batch.facts.matches == 10
        assert old.ruleset.digest != new.ruleset.digest


def test_a_process_that_dies_fails_the_call() -> None:
    with pool_of(1) as pool:
        engine = pool.learn(ENGINE)
        (process,) = pool._processes
        process._process.send_signal(signal.SIGKILL)
        with pytest.raises(EngineProcessError, match="an engine process ended with -9"):
            asyncio.run(whole(engine, records(["x"])))


def test_one_that_dies_at_start_or_during_a_reload_is_a_sentence_and_75() -> None:
    with pool_of(2) as pool:
        assert pool.fault() is None
        pool._processes[1]._process.send_signal(signal.SIGKILL)
        with pytest.raises(GiveUp, match="ended with -9: if nobody killed it, the worker needs more memory") as found:
            pool.learn(ENGINE)
        assert found.value.exit_code == 75
        assert pool.fault() == str(found.value)


def test_processes_that_cannot_be_started_leave_none_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []
    start = subprocess.Popen

    def start_one(*given: Any, **named: Any) -> subprocess.Popen[bytes]:
        if started:
            raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")
        started.append(start(*given, **named))
        return started[0]

    monkeypatch.setattr(subprocess, "Popen", start_one)
    with pytest.raises(GiveUp, match="found 1 of 3 engine processes: Resource temporarily unavailable"):
        EnginePool(3, CONFIG)
    assert started[0].poll() is not None


def test_a_call_that_outlives_several_changes_of_the_rules_is_judged_by_its_own() -> None:
    with pool_of(1) as pool:
        old = pool.learn(ENGINE)

        async def judged() -> list[Batch]:
            parts = [part async for part in old.tag(records(["The dam."]))]
            for word in ("river", "lake", "sea"):
                await asyncio.to_thread(pool.learn, Engine(ruleset(word), CONFIG))
            return parts + [part async for part in old.tag(records(["The dam."] * 4))]

        same(joined(asyncio.run(judged())[1:]), ENGINE.tag(records(["The dam."] * 4)))


def test_an_engine_that_fails_says_where() -> None:
    with pool_of(1) as pool:
        engine = pool.learn(ENGINE)
        no_record: Any = None
        with pytest.raises(EngineProcessError, match=r"AttributeError: 'NoneType' .* \(at .*\.py:\d+\)"):
            asyncio.run(whole(engine, [no_record]))


def test_signals_for_the_worker_are_not_for_them() -> None:
    with pool_of(1) as pool:
        engine: InPool = pool.learn(ENGINE)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            pool._processes[0]._process.send_signal(number)
        assert asyncio.run(whole(engine, records(["dam"]))).facts.matches == 1


def test_they_end_with_a_worker_that_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys, time\n"
        "from stream.worker.pool import EnginePool\n"
        "from tests.worker.pool.test_pool import CONFIG, ENGINE\n"
        "pool = EnginePool(2, CONFIG)\n"
        "pool.learn(ENGINE)\n"
        "print(*(p._process.pid for p in pool._processes), flush=True)\n"
        "time.sleep(600)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    try:
        assert parent.stdout is not None
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(pids) == 2
    finally:
        parent.kill()
        parent.wait()
    until(lambda: not any(map(runs, pids)), "the engine processes end")


def test_they_end_without_a_word_when_nobody_takes_their_answer() -> None:
    program = (
        "import os, signal, time\n"
        "from stream.worker.pool import EnginePool\n"
        "from tests.worker.pool.test_pool import CONFIG, ENGINE, records\n"
        "pool = EnginePool(1, CONFIG)\n"
        "pool.learn(ENGINE)\n"
        "(process,) = pool._processes\n"
        "process._pipe.send(('tag', ENGINE.ruleset.digest, records(['x'])))\n"
        "assert process._pipe.poll(60)\n"
        "os._exit(75)\n"
    )
    # All who hold its stderr have ended when this returns.
    ended = subprocess.run([sys.executable, "-c", program], stderr=subprocess.PIPE, timeout=120, check=False)
    assert (ended.returncode, ended.stderr) == (75, b"")

"""Which changes of rule files are taken, which are refused, and what is said about them."""

from __future__ import annotations

import asyncio
import errno
import itertools
import json
import logging
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stream.engine import Engine
from stream.errors import RulesError
from stream.model import Record
from stream.rulelang import RuleSet, load
from stream.sources import rulefiles as rulefiles_module
from stream.sources.rulefiles import load_ruleset, read_rule_files
from stream.telemetry.events import Telemetry
from stream.telemetry.metrics import Metrics
from stream.wire.matchcodec import rule_of_key
from stream.worker import reload as reload_module
from stream.worker.reload import Refused, RulesInForce, RuleWatch, Usable, stamp_of
from tests.worker.rulefolder import Published, replaced, rule_text


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rules = tmp_path / "rules"
    rules.mkdir()
    for name in ("a", "b"):
        (rules / f"{name}.yml").write_text(rule_text(name, "first"), encoding="utf-8")
    return rules


def watch(folder: Path, build: Callable[[RuleSet], Engine] = Engine) -> RuleWatch:
    """A watch that has seen the files as they are."""
    files = read_rule_files(folder)
    ruleset = load(files).ruleset
    assert ruleset is not None
    made = RuleWatch(folder, files, ruleset, build, rest_seconds=0.0, restless_seconds_max=0.2)
    assert made.look(asked=False) is None
    return made


def usable(found: object) -> Usable:
    assert isinstance(found, Usable), found
    return found


def refused(found: object) -> Refused:
    assert isinstance(found, Refused), found
    return found


def test_nothing_new_is_nothing(folder: Path) -> None:
    assert watch(folder).look(asked=False) is None


def test_a_changed_rule_gives_an_engine_and_says_what_changed(folder: Path) -> None:
    watched = watch(folder)
    (folder / "a.yml").write_text(rule_text("a", "second"), encoding="utf-8")
    (folder / "c.yml").write_text(rule_text("c", "first"), encoding="utf-8")
    found = usable(watched.look(asked=False))
    assert found.engine is not None
    assert found.engine.ruleset.digest == load_ruleset(folder).digest
    assert (found.changes.changed, found.changes.added, found.changes.removed) == (("test.a",), ("test.c",), ())
    watched.accept(found)
    assert watched.look(asked=False) is None


def test_a_second_write_in_the_same_tick_of_the_clock_is_seen(folder: Path) -> None:
    watched = watch(folder)
    path = folder / "a.yml"
    path.write_text(rule_text("a", "second"), encoding="utf-8")
    watched.accept(usable(watched.look(asked=False)))
    stamp = stamp_of(folder)
    path.write_text(rule_text("a", "thirds"), encoding="utf-8")
    unchanged = RuleWatch.look
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reload_module, "stamp_of", lambda _: stamp)
        found = usable(unchanged(watched, asked=False))
    assert found.changes.changed == ("test.a",)


def test_another_time_with_the_same_text_is_nothing(folder: Path) -> None:
    watched = watch(folder)
    os.utime(folder / "a.yml", (1, 1))
    assert watched.look(asked=False) is None


@pytest.mark.parametrize("change", ["rename", "symlink"])
def test_files_that_are_replaced_are_seen(tmp_path: Path, folder: Path, change: str) -> None:
    if change == "rename":
        watched = watch(folder)
        replaced(folder / "a.yml", rule_text("a", "second"))
    else:
        mounted = Published(tmp_path / "mounted")
        mounted.publish({"a.yml": rule_text("a", "first"), "b.yml": rule_text("b", "first")})
        watched = watch(mounted.folder)
        mounted.publish({"a.yml": rule_text("a", "second"), "b.yml": rule_text("b", "first")})
    assert usable(watched.look(asked=False)).changes.changed == ("test.a",)


def test_a_broken_file_says_line_and_column_and_a_repaired_one_is_taken(folder: Path) -> None:
    watched = watch(folder)
    good = (folder / "a.yml").read_text(encoding="utf-8")
    (folder / "a.yml").write_text(good.replace("match: first", "match: (first"), encoding="utf-8")
    trouble = refused(watched.look(asked=False)).troubles[0]
    assert trouble.at.startswith(f"{folder}/a.yml:8:")
    assert trouble.help
    assert watched.look(asked=False) is None, "said once"
    (folder / "a.yml").write_text(good, encoding="utf-8")
    assert usable(watched.look(asked=False)).engine is None, "as it was: the old engine goes on"


def test_a_rule_that_fails_its_own_test_is_refused(folder: Path) -> None:
    watched = watch(folder)
    text = rule_text("a", "second").replace("Some second words", "Other words")
    (folder / "a.yml").write_text(text, encoding="utf-8")
    trouble = refused(watched.look(asked=False)).troubles[0]
    assert "test 'fires'" in trouble.what
    assert trouble.at.startswith(f"{folder}/a.yml:12:")


@pytest.mark.parametrize("how", ["deleted", "emptied", "comment"])
def test_rules_that_vanish_with_their_file_need_a_word(folder: Path, how: str) -> None:
    watched = watch(folder)
    path = folder / "b.yml"
    if how == "deleted":
        path.unlink()
    else:
        path.write_text("" if how == "emptied" else "# later\n", encoding="utf-8")
    trouble = refused(watched.look(asked=False)).troubles[0]
    assert "test.b" in trouble.what
    assert trouble.at == f"{path}:1:1"
    assert usable(watched.look(asked=True)).changes.removed == ("test.b",)


def test_a_rule_may_move_to_another_file_or_go_from_a_file_that_stays(folder: Path) -> None:
    watched = watch(folder)
    (folder / "b.yml").rename(folder / "c.yml")
    moved = usable(watched.look(asked=False))
    assert moved.changes.removed == ()
    watched.accept(moved)
    (folder / "a.yml").write_text(rule_text("d", "first"), encoding="utf-8")
    assert usable(watched.look(asked=False)).changes.removed == ("test.a",)


def test_a_folder_that_is_gone_or_empty_keeps_the_rules_and_comes_back(folder: Path) -> None:
    watched = watch(folder)
    aside = folder.with_name("aside")
    folder.rename(aside)
    assert "found no folder" in refused(watched.look(asked=False)).troubles[0].what
    folder.mkdir()
    assert "found no *.yml" in refused(watched.look(asked=False)).troubles[0].what
    shutil.rmtree(folder)
    aside.rename(folder)
    assert usable(watched.look(asked=False)).engine is None


def test_what_cannot_be_read_is_tried_again_though_it_looks_the_same(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = watch(folder)
    replaced(folder / "a.yml", rule_text("a", "second"))

    def fails(_: Path) -> list[object]:
        raise RulesError("a.yml: the file cannot be read: Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(reload_module, "read_rule_files", fails)
        assert "Permission denied" in refused(watched.look(asked=False)).troubles[0].what
        refused(watched.look(asked=False))
    assert usable(watched.look(asked=False)).changes.changed == ("test.a",)


def test_bytes_that_are_no_text_and_links_to_nothing_are_refused(folder: Path) -> None:
    watched = watch(folder)
    (folder / "a.yml").write_bytes(b"kind: rule\xff\n")
    assert "expected UTF-8" in refused(watched.look(asked=False)).troubles[0].what
    (folder / "a.yml").unlink()
    (folder / "a.yml").symlink_to("nowhere.yml")
    assert "cannot be read" in refused(watched.look(asked=False)).troubles[0].what


@pytest.mark.parametrize("where", ["", "below"])
def test_a_folder_that_cannot_be_looked_into_keeps_the_rules_and_comes_back(
    folder: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    (folder / "below").mkdir()
    (folder / "b.yml").rename(folder / "below" / "b.yml")
    watched = watch(folder)
    stat, scandir = Path.stat, os.scandir

    def refused_to(path: object) -> None:
        if str(path) == str(folder / where):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))

    def look_at(path: Path, **named: Any) -> os.stat_result:
        if not where:
            refused_to(path)
        return stat(path, **named)

    def look_into(path: Any) -> Any:
        refused_to(path)
        return scandir(path)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "stat", look_at)
        patch.setattr(os, "scandir", look_into)
        for asked in (False, True):
            (trouble,) = refused(watched.look(asked=asked)).troubles
            assert trouble.what == f"{folder / where}: the folder cannot be looked into: permission denied"
    assert usable(watched.look(asked=False)).engine is None


def test_files_that_change_while_they_are_read_are_not_judged(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watched = watch(folder)
    numbers = itertools.count(10)

    def torn(of: Path) -> list[object]:
        # Longer each time: the clock of a file system may tick more slowly than files are read.
        (of / "a.yml").write_text(rule_text("a", "w" * next(numbers)), encoding="utf-8")
        return list(read_rule_files(of))

    replaced(folder / "a.yml", rule_text("a", "second"))
    with monkeypatch.context() as patch:
        patch.setattr(reload_module, "read_rule_files", torn)
        assert "kept changing" in refused(watched.look(asked=False)).troubles[0].what
    replaced(folder / "a.yml", rule_text("a", "second"))
    assert usable(watched.look(asked=False)).changes.changed == ("test.a",)


def test_a_file_that_goes_while_files_are_read_is_told_as_gone_and_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = watch(folder)
    listed = rulefiles_module.rule_paths

    def then_gone(of: Path) -> list[Path]:
        paths = listed(of)
        (of / "b.yml").unlink(missing_ok=True)
        return paths

    with monkeypatch.context() as patch:
        patch.setattr(rulefiles_module, "rule_paths", then_gone)
        replaced(folder / "a.yml", rule_text("a", "second"))
        troubles = refused(watched.look(asked=False)).troubles
    assert [trouble.what for trouble in troubles] == ["found the file gone or without rules, expected test.b"]
    assert watched.look(asked=False) is None


def test_a_bug_keeps_the_old_rules(folder: Path) -> None:
    def broken(_: RuleSet) -> Engine:
        raise ZeroDivisionError("a bug")

    watched = watch(folder, broken)
    replaced(folder / "a.yml", rule_text("a", "second"))
    trouble = refused(watched.look(asked=False)).troubles[0]
    assert "ZeroDivisionError: a bug" in trouble.what
    assert "test_reload.py" in trouble.at


def rules_in_force(folder: Path, poll_interval_ms: int = 1) -> tuple[RulesInForce, Telemetry]:
    files = read_rule_files(folder)
    ruleset = load(files).ruleset
    assert ruleset is not None
    telemetry = Telemetry(Metrics())
    made = RulesInForce(Engine(ruleset), files, Engine, telemetry, folder=folder, poll_interval_ms=poll_interval_ms)
    return made, telemetry


def test_trouble_is_logged_once_and_again_when_asked(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    rules, telemetry = rules_in_force(folder)
    before = rules.ruleset.digest
    trouble = Refused((reload_module.Trouble("R301: found x, expected y", "a.yml:3:7", "Write y."),))
    for asked in (False, False, True):
        rules._take(trouble, asked=asked)
    assert telemetry.metrics.value("redline_rules_reload_success") == 0
    assert telemetry.metrics.value("redline_rules_reloads_total", outcome="refused") == 2
    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 4
    assert caplog.records[1].redline_fields == {"at": "a.yml:3:7", "help": "Write y."}  # type: ignore[attr-defined]
    rules._take(Usable(read_rule_files(folder), None, reload_module.Changes(), 0.0), asked=False)
    assert telemetry.metrics.value("redline_rules_reload_success") == 1
    assert telemetry.metrics.value("redline_rules_reloads_total", outcome="same") == 1
    assert rules.ruleset.digest == before


def match_of(id_: str, *group: list[str]) -> Record:
    return Record("matches", 0, 0, 0, json.dumps([None, id_, *group]).encode(), b"")


@pytest.mark.parametrize("key", [None, b"", b"[", b"[null]", b"[null,1]", b'{"a":"b"}', b"17"])
def test_keys_that_name_no_rule_are_of_nobody(key: bytes | None) -> None:
    assert rule_of_key(key) is None


def test_a_match_of_newer_rules_than_ours_waits_until_the_files_are_looked_at(folder: Path) -> None:
    rules, telemetry = rules_in_force(folder, poll_interval_ms=3_600_000)

    async def body() -> None:
        watching = asyncio.ensure_future(rules.run())
        await rules.catch_up([match_of("test.stranger", ["group"])])
        looks = rules._looks_begun
        (folder / "c.yml").write_text(rule_text("c", "first"), encoding="utf-8")
        for nothing_new in ("test.a", "test.stranger"):
            await rules.catch_up([match_of(nothing_new)])
        assert rules._looks_begun == looks, "known, or looked for before"
        await rules.catch_up([match_of("test.a"), match_of("test.c")])
        assert {rule.id for rule in rules.ruleset.rules} == {"test.a", "test.b", "test.c"}
        (folder / "c.yml").write_text("kind: nonsense", encoding="utf-8")
        await rules.catch_up([match_of("test.stranger")])  # new rules may know it
        assert telemetry.metrics.value("redline_rules_reload_success") == 0
        watching.cancel()

    asyncio.run(body())


def test_who_looks_only_when_asked_does_not_look_for_a_match(folder: Path) -> None:
    rules, _ = rules_in_force(folder, poll_interval_ms=0)
    asyncio.run(rules.catch_up([match_of("test.c")]))
    assert not rules._woken.is_set()


def test_work_aside_is_a_thread_of_its_own_and_hands_errors_over() -> None:
    assert asyncio.run(reload_module.aside(threading.current_thread)) is not threading.main_thread()
    with pytest.raises(ZeroDivisionError):
        asyncio.run(reload_module.aside(lambda: 1 // 0))


def test_the_end_does_not_wait_for_work_aside() -> None:
    let_go, ended = threading.Event(), threading.Event()

    def slow() -> None:
        let_go.wait()
        ended.set()

    async def leave() -> None:
        reload = asyncio.ensure_future(reload_module.aside(slow))
        await asyncio.sleep(0)
        reload.cancel()

    asyncio.run(leave())
    assert not ended.is_set()
    let_go.set()
    assert ended.wait(60)

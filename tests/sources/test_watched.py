"""The watched folder where it is attacked or half-written."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from stream.sources import watched as module
from stream.sources.configs import DirectoryConfig
from stream.sources.watched import WatchedFolder
from stream.telemetry.sourcing import SourceTried
from tests.sources.kit import Bench, Run, lost, written

Play = Callable[[Bench, Run, Path], Awaitable[None]]


def play(folder: Path, scenario: Play, *, prepare: Callable[[Path], None] = lambda _: None, **config: object) -> Bench:
    """Runs a scenario on a watched folder."""
    inbox = folder / "in"
    inbox.mkdir()
    prepare(inbox)

    async def main() -> Bench:
        bench = Bench(folder)
        given = {"every_seconds": 0.02, "settle_seconds": 0.0} | config
        source = WatchedFolder(DirectoryConfig("drop", inbox, **given), file_bytes_max=10_000)  # type: ignore[arg-type]
        async with bench.running(source) as run:
            await scenario(bench, run, inbox)
        return bench

    return asyncio.run(main())


def test_links_pipes_devices_and_huge_files_are_dead_letters(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.txt").write_text("A secret outside of the folder.")

    def prepare(inbox: Path) -> None:
        (inbox / "link.txt").symlink_to(outside / "secret.txt")
        (inbox / "passwd.txt").symlink_to("/etc/passwd")
        (inbox / "folder").symlink_to(outside)
        os.mkfifo(inbox / "pipe.txt")
        (inbox / "zero.txt").symlink_to("/dev/zero")
        with (inbox / "huge.txt").open("wb") as stream:
            stream.truncate(50_000_000)
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(inbox / "socket.txt"))
        (inbox / "folder.txt").mkdir()
        (inbox / ".hidden.txt").write_text("Hidden.")
        (inbox / "archive.zip").write_bytes(b"PK\x03\x04")
        (inbox / "good.txt").write_text("The one good article.")

    async def scenario(bench: Bench, run: Run, inbox: Path) -> None:
        await run.until(lambda: len(bench.desk.dead()) == 6 and bool(bench.desk.articles()), "all are read")
        await asyncio.sleep(0.2)

    bench = play(tmp_path, scenario, prepare=prepare)
    assert bench.desk.bodies() == ["The one good article."]
    assert sorted((letter["code"], letter["original"]) for letter in bench.desk.dead()) == [
        ("too_large", None),
        *[("unreadable", None)] * 5,
    ]
    assert not any("secret outside" in str(letter) for letter in bench.desk.dead())


def test_files_that_still_grow_wait(tmp_path: Path) -> None:
    async def scenario(bench: Bench, run: Run, inbox: Path) -> None:
        with (inbox / "slow.txt").open("w") as stream:
            for part in ("The first half", " and the second", " and the end."):
                stream.write(part)
                stream.flush()
                await asyncio.sleep(0.15)
        await run.until(lambda: bool(bench.desk.articles()), "it is read")

    bench = play(tmp_path, scenario, settle_seconds=2.0)
    assert bench.desk.bodies() == ["The first half and the second and the end."]


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    async def scenario(bench: Bench, run: Run, inbox: Path) -> None:
        (inbox / "a.txt").write_text("One.")
        await run.until(lambda: bench.desk.bodies() == ["One."], "it is read")
        (inbox / "a.txt").write_text("One, and more.")
        await run.until(lambda: bench.desk.bodies() == ["One.", "One, and more."], "it is read again")

    play(tmp_path, scenario)


def test_files_can_be_moved_out_of_the_way(tmp_path: Path) -> None:
    async def scenario(bench: Bench, run: Run, inbox: Path) -> None:
        (inbox / "sub").mkdir()
        (inbox / "sub" / "a.txt").write_text("One.")
        await run.until((inbox / ".done" / "sub" / "a.txt").exists, "it is moved")
        assert bench.desk.bodies() == ["One."]
        assert not (inbox / "sub" / "a.txt").exists()

    play(tmp_path, scenario, after="move")


def test_a_file_replaced_before_it_is_moved_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.02)

    async def scenario(bench: Bench, run: Run, inbox: Path) -> None:
        bench.desk.fails = lost
        with written(inbox / "latest.txt", "Old.") as latest:
            await run.until(lambda: bool(bench.desk.sent), "the old one is offered, and the broker is away")
            with written(latest, "New."):
                bench.desk.fails = lambda _: None
                await run.until(lambda: bench.desk.bodies() == ["Old.", "New."], "both are read")
        await run.until(lambda: not latest.exists(), "it is moved")
        assert (inbox / ".done" / "latest.txt").read_text() == "New."

    play(tmp_path, scenario, after="move")


def test_a_file_replaced_with_the_same_size_and_time_before_it_is_moved_is_read(tmp_path: Path) -> None:
    def put(inbox: Path, text: str) -> None:
        aside = inbox / ".aside"
        aside.write_text(text)
        os.utime(aside, (1, 1))
        aside.replace(inbox / "latest.txt")

    async def scenario(bench: Bench, run: Run, inbox: Path) -> None:
        bench.desk.held = True
        put(inbox, "One.")
        await run.until(lambda: bool(bench.desk.sent), "the first is offered")
        put(inbox, "Two.")
        bench.desk.release()
        await run.until(lambda: bench.desk.bodies() == ["One.", "Two."], "both are read")

    play(tmp_path, scenario, after="move")


@pytest.mark.parametrize("newer", [None, "Newer."])
def test_a_file_replaced_while_it_is_moved_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, newer: str | None
) -> None:
    rename, inbox = os.rename, tmp_path / "in"

    def late(name: str, to: str, **folders: int) -> None:
        monkeypatch.setattr(os, "rename", rename)
        with written(inbox / "latest.txt", "New."):
            rename(name, to, **folders)
        if newer is not None:
            (inbox / "latest.txt").write_text(newer)

    async def scenario(bench: Bench, run: Run, inbox: Path) -> None:
        monkeypatch.setattr(os, "rename", late)
        (inbox / "latest.txt").write_text("Old.")
        await run.until(lambda: bench.desk.bodies() == ["Old.", newer or "New."], "the last one is read")
        await run.until(lambda: not (inbox / "latest.txt").exists(), "it is moved")

    play(tmp_path, scenario, after="move")


def test_nothing_is_moved_through_a_link(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.txt").write_text("Of somebody else.")

    async def scenario(bench: Bench, run: Run, inbox: Path) -> None:
        (inbox / ".done").symlink_to(outside)
        (inbox / "a.txt").write_text("One.")
        await run.until(lambda: "cannot be moved to .done/a.txt" in bench.log.getvalue(), "it is told")
        assert bench.value("redline_source_up", source="drop") == 0
        assert "links are not followed" in bench.log.getvalue()
        assert (inbox / "a.txt").exists()
        (inbox / ".done").unlink()
        await run.until((inbox / ".done" / "a.txt").exists, "it is moved as soon as it can be")
        await run.until(lambda: bench.value("redline_source_up", source="drop") == 1, "it works again")

    bench = play(tmp_path, scenario, after="move")
    assert (outside / "a.txt").read_text() == "Of somebody else."
    assert bench.desk.bodies() == ["One."]


def test_more_files_than_are_watched_are_told_once_while_it_lasts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FILES_MAX", 3)
    told: list[SourceTried] = []
    looks = 0

    def prepare(inbox: Path) -> None:
        for number in range(5):
            (inbox / f"{number}.txt").write_text(f"Article {number}.")

    async def scenario(bench: Bench, run: Run, inbox: Path) -> None:
        source = run.source
        assert isinstance(source, WatchedFolder)
        emit, look = run.outlet.emit, source._list

        def counted() -> object:
            nonlocal looks
            looks += 1
            return look()

        def noted(event: object) -> None:
            told.extend([event] if isinstance(event, SourceTried) else [])
            emit(event)  # type: ignore[arg-type]

        monkeypatch.setattr(run.outlet, "emit", noted)
        monkeypatch.setattr(source, "_list", counted)
        await run.until(lambda: len(bench.desk.articles()) == 3 and looks > 5, "it has looked several times")
        (inbox / "5.txt").write_text("Article 5.")
        await run.until(lambda: looks > 10, "it has looked again")
        assert [event.trouble is None for event in told] == [False]
        for number in range(3):
            (inbox / f"{number}.txt").unlink()
        await run.until(lambda: len(bench.desk.articles()) == 6, "the others are read")

    bench = play(tmp_path, scenario, prepare=prepare)
    assert [event.trouble is None for event in told] == [False, True]
    assert "found more than 3 files" in str(told[0].trouble)
    assert "`after: move`" in str(told[0].trouble)
    assert bench.value("redline_source_up", source="drop") == 1


def test_names_that_are_no_text(tmp_path: Path) -> None:
    def prepare(inbox: Path) -> None:
        Path(os.fsdecode(os.fsencode(inbox) + b"/\xff\xfe\x1b[31m.txt")).write_text("An odd name.")

    async def scenario(bench: Bench, run: Run, inbox: Path) -> None:
        await run.until(lambda: bool(bench.desk.articles()), "it is read")
        await run.until((bench.folder / "state" / "drop.json").exists, "it is remembered")

    bench = play(tmp_path, scenario, prepare=prepare)
    assert "\x1b" not in bench.log.getvalue()


def test_a_folder_exchanged_for_a_link_is_not_entered(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.txt").write_text("Outside.")

    async def scenario(bench: Bench, run: Run, inbox: Path) -> None:
        source = run.source
        assert isinstance(source, WatchedFolder)
        (inbox / "sub").mkdir()
        (inbox / "sub" / "a.txt").write_text("Inside.")
        await run.until(lambda: bench.desk.bodies() == ["Inside."], "it is read")
        # Between the listing and the opening, as an attacker would.
        found = source._list()
        assert not isinstance(found, str)
        (inbox / "sub" / "a.txt").unlink()
        (inbox / "sub").rmdir()
        (inbox / "sub").symlink_to(outside)
        (item,) = source._read(found[0]) or [None]
        assert item is None or "Outside" not in repr(item)
        await asyncio.sleep(0.2)

    bench = play(tmp_path, scenario)
    assert "Outside." not in bench.desk.bodies()

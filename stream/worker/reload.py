"""Changed rule files into force while the worker runs: compiled and tested aside, swapped between two chunks.

    RuleWatch (any thread)      files -> None (nothing new) | Usable | Refused; knows the files, never the loop
    RulesInForce (event loop)   the engine that the agents call; `run` watches, asks and swaps

Guarantees: a chunk is judged by one rule set, the one in force when it is asked of the engine. A rule set
comes into force whole or not at all: files are taken when they have rested, were read without a change meanwhile,
compile without an error and pass their own tests. Otherwise the old rules stay, and the log says why, once.

A file that is gone or holds no rule any more is refused too: it may be half of a deployment or an editor's pause, and
rules that vanish unnoticed are alerts that never come. SIGHUP says that it is meant.

Workers do not look at one moment. A match of a rule or correlation that one does not know yet, from a worker that does,
makes it look before it judges: what a correlation does not count then, it never does.

Limits: `CATCH_UP_SECONDS_MAX`, once for each id; one reload at a time; during one, two rule sets are in memory.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from stream.detect import Memory
from stream.engine import Batch
from stream.errors import GiveUp, RulesError
from stream.model import Record
from stream.net.filestamp import FileStamp, stamp_of_file
from stream.rulelang import RuleSet, SourceFile
from stream.rulelang.digest import digest
from stream.sources.rulefiles import read_rule_files, rule_paths
from stream.telemetry.events import Telemetry
from stream.telemetry.reloading import Changes, RulesRefused, RulesReloaded, Trouble
from stream.wire.matchcodec import rule_of_key
from stream.worker.stages import Stages
from stream.worker.trial import Tried, tried

REST_SECONDS_MAX = 0.2
"""So long nothing may change before files are read: most writers of several files pause for less."""

RESTLESS_SECONDS_MAX = 10.0
"""Files that never rest are refused after so long, and looked at again."""

CATCH_UP_SECONDS_MAX = 5.0
"""So long matches of rules that nobody here knows wait for the files to be looked at."""

STRANGERS_MAX = 1_000
"""Ids that the files did not know when they were looked at for them."""

Stamp = tuple[FileStamp, ...]
"""Of each file."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Usable:
    """Rule files that compile and pass their tests. `engine` is None if they are the ones in force, word for word."""

    files: Sequence[SourceFile]
    engine: Stages | None
    changes: Changes
    seconds: float


@dataclass(frozen=True, slots=True)
class Refused:
    """Rule files that cannot come into force, and all that is known of why."""

    troubles: tuple[Trouble, ...]


class RuleWatch:
    """Looks at the rule files; `look` blocks on disk and processor, so it belongs in a thread, one call at a time."""

    def __init__(
        self,
        folder: Path,
        files: Sequence[SourceFile],
        ruleset: RuleSet,
        build: Callable[[RuleSet], Stages],
        *,
        trial: Callable[[Sequence[SourceFile]], Tried] = tried,
        rest_seconds: float = REST_SECONDS_MAX,
        restless_seconds_max: float = RESTLESS_SECONDS_MAX,
    ) -> None:
        """`files` and `ruleset` are what is in force; `trial` says what files are good for, `build` makes an engine of
        a rule set."""
        self._folder, self._build, self._trial = folder, build, trial
        self._rest, self._restless = rest_seconds, restless_seconds_max
        self._force_files, self._force = list(files), ruleset
        self._seen: list[SourceFile] | None = self._force_files
        self._stamp: Stamp | None = None
        # The clock of a file system ticks slowly: two writes in one tick look like one, so texts are read twice.
        self._again = True

    def look(self, *, asked: bool) -> Usable | Refused | None:
        """What the files are good for, or None if they are as they were. `asked`: by hand, so judge in any case."""
        if not (asked or self._again) and stamp_of(self._folder) == self._stamp:
            return None
        began = time.perf_counter()
        try:
            files = self._read()
        except RulesError as error:
            # Whether a disk answers again cannot be seen from the stamps.
            self._again, self._seen = True, None
            return Refused((Trouble(str(error)),))
        if files == self._seen and not asked:
            return None
        self._seen = files
        if files == self._force_files:
            return Usable(files, None, Changes(), time.perf_counter() - began)
        try:
            return self._judge(files, began, asked=asked)
        except GiveUp as error:
            # Whoever ended the trial (no memory is left?) says nothing about the files.
            self._again, self._seen = True, None
            return Refused((Trouble(str(error)),))
        except Exception as error:  # noqa: BLE001 - a bug that new rules touch must not end the old ones
            what = f"a bug in Redline, please report it with the rule files: {type(error).__name__}: {error}"
            return Refused((Trouble(what, _where(error)),))

    def accept(self, usable: Usable) -> None:
        """These files are in force now."""
        self._force_files = list(usable.files)
        if usable.engine is not None:
            self._force = usable.engine.ruleset

    def _read(self) -> list[SourceFile]:
        """The files, none of which changed while they were read."""
        deadline = time.monotonic() + self._restless
        before = stamp_of(self._folder)
        if before != self._stamp:
            time.sleep(self._rest)
        while True:
            after = stamp_of(self._folder)
            if before == after:
                try:
                    files = read_rule_files(self._folder)
                except RulesError:
                    # A file that goes between being listed and being opened is a change, not a disk that fails.
                    after = stamp_of(self._folder)
                    if before == after:
                        raise
                else:
                    after = stamp_of(self._folder)
                    if before == after:
                        self._again = before != self._stamp
                        self._stamp = before
                        return files
            if time.monotonic() > deadline:
                raise RulesError(f"the files in {self._folder} kept changing for {self._restless:g} s")
            before = after
            time.sleep(self._rest)

    def _judge(self, files: list[SourceFile], began: float, *, asked: bool) -> Usable | Refused:
        found = self._trial(files)
        loaded = found.loaded
        if loaded.ruleset is None:
            return Refused(
                tuple(
                    Trouble(f"{d.code}: {d.message}", f"{d.file}:{d.place.line}:{d.place.column}", d.help)
                    for d in loaded.diagnostics
                    if d.severity == "error"
                )
            )
        if not asked and (gone := self._gone(loaded.ruleset)):
            return Refused(gone)
        if found.failed:
            return Refused(
                tuple(
                    Trouble(f"{r.rule}: test {r.name!r}: {'; '.join(r.problems)}", f"{r.file}:{r.line}:1")
                    for r in found.failed
                )
            )
        engine = self._build(loaded.ruleset)
        return Usable(files, engine, changes(self._force, loaded.ruleset), time.perf_counter() - began)

    def _gone(self, new: RuleSet) -> tuple[Trouble, ...]:
        """The files in force that hold no rule any more, though their rules are not elsewhere."""
        kept = dict(_holders(new))
        holders = set(kept.values())
        lost: dict[str, list[str]] = {}
        for name, file in _holders(self._force):
            if name not in kept and file not in holders:
                lost.setdefault(file, []).append(name)
        help_ = "Put the file back; or, if its rules are to go, send SIGHUP to the worker or start it again."
        return tuple(
            Trouble(f"found the file gone or without rules, expected {', '.join(rules)}", f"{file}:1:1", help_)
            for file, rules in lost.items()
        )


class RulesInForce:
    """The engine that judges, to be exchanged; for the agents it is an engine. Belongs to the event loop."""

    def __init__(
        self,
        engine: Stages,
        files: Sequence[SourceFile],
        build: Callable[[RuleSet], Stages],
        telemetry: Telemetry,
        *,
        folder: Path,
        poll_interval_ms: int,
        trial: Callable[[Sequence[SourceFile]], Tried] = tried,
    ) -> None:
        """`files` are what `engine` was made of; an interval of 0 looks only when asked; `trial` as of `RuleWatch`."""
        self._engine, self._telemetry, self._folder = engine, telemetry, folder
        self._interval_seconds = poll_interval_ms / 1_000 or None
        rest = min(REST_SECONDS_MAX, self._interval_seconds or REST_SECONDS_MAX)
        self._watch = RuleWatch(folder, files, engine.ruleset, build, trial=trial, rest_seconds=rest)
        self._asked = False
        self._woken, self._looked = asyncio.Event(), asyncio.Event()
        self._looks_begun = self._looks_done = 0
        self._known = _ids(engine.ruleset)
        self._strangers: set[str] = set()
        self._refused: Refused | None = None

    @property
    def ruleset(self) -> RuleSet:
        """The rules in force."""
        return self._engine.ruleset

    def turn(self) -> AbstractAsyncContextManager[object]:
        """As the engine says that is in force now."""
        return self._engine.turn()

    def tag(self, records: Sequence[Record]) -> AsyncGenerator[Batch, None]:
        """As the engine does that is in force now; it goes on if another one comes meanwhile."""
        return self._engine.tag(records)

    async def catch_up(self, records: Sequence[Record]) -> None:
        """Looks at the files first if one of these matches is of a rule or correlation that is not in force here."""
        ids = {id_ for record in records if (id_ := rule_of_key(record.key)) is not None}
        strangers = ids - self._known - self._strangers
        if not strangers or self._interval_seconds is None:
            return
        if len(self._strangers) + len(strangers) > STRANGERS_MAX:
            self._strangers.clear()
        self._strangers |= strangers
        look = self._looks_begun + 1
        self._woken.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(CATCH_UP_SECONDS_MAX):
                while self._looks_done < look:
                    self._looked.clear()
                    await self._looked.wait()

    def alert(self, records: Sequence[Record], now: datetime, memory: Memory) -> Batch:
        """As the engine in force does."""
        return self._engine.alert(records, now, memory)

    def ask(self) -> None:
        """Asks for a reload, whatever the files look like."""
        self._asked = True
        self._woken.set()

    async def run(self) -> None:
        """Watches and swaps until it is cancelled."""
        while True:
            asked, self._asked = self._asked, False
            self._woken.clear()
            self._looks_begun += 1
            found = await aside(partial(self._watch.look, asked=asked))
            self._take(found, asked=asked)
            self._looks_done = self._looks_begun
            self._looked.set()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), self._interval_seconds)

    def _take(self, found: Usable | Refused | None, *, asked: bool) -> None:
        match found:
            case Usable(engine=engine, changes=changed, seconds=seconds):
                before = self._engine.ruleset.digest
                self._engine = engine or self._engine
                self._known = _ids(self._engine.ruleset)
                self._strangers.clear()
                self._refused = None
                self._watch.accept(found)
                event = RulesReloaded(before, self._engine.ruleset, str(self._folder), changed, seconds)
                self._telemetry.emit(event)
            case Refused(troubles=troubles) if asked or found != self._refused:
                self._refused = found
                self._telemetry.emit(RulesRefused(str(self._folder), self._engine.ruleset.digest, troubles))


def stamp_of(folder: Path) -> Stamp:
    """What tells without reading them that rule files may have changed; links are followed. Of what cannot be looked at
    there is none: to read it says why."""
    try:
        return tuple(stamp_of_file(path) for path in rule_paths(folder))
    except RulesError:
        return ()


def changes(before: RuleSet, after: RuleSet) -> Changes:
    """Which rules differ, by their ids."""
    old, new = _digests(before), _digests(after)
    return Changes(
        added=tuple(sorted(new.keys() - old.keys())),
        removed=tuple(sorted(old.keys() - new.keys())),
        changed=tuple(sorted(id_ for id_ in old.keys() & new.keys() if old[id_] != new[id_])),
    )


async def aside(work: Callable[[], _T]) -> _T:
    """Runs blocking work in a thread of its own, which does not hold up the end of the process."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[_T] = loop.create_future()

    def settle(outcome: Callable[[], None]) -> None:
        if not done.done():
            outcome()

    def run() -> None:
        try:
            outcome = partial(done.set_result, work())
        except BaseException as error:  # noqa: BLE001 - handed to who waits
            outcome = partial(done.set_exception, error)
        # The loop is closed if the worker ended meanwhile.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, outcome)

    # Not asyncio.to_thread: `asyncio.run` would wait for a long compilation before the process can end.
    threading.Thread(target=run, name="reload", daemon=True).start()
    return await done


def _ids(ruleset: RuleSet) -> frozenset[str]:
    return frozenset(id_ for id_, _ in _holders(ruleset))


def _holders(ruleset: RuleSet) -> list[tuple[str, str]]:
    """The id of each rule and correlation, and its file."""
    return [(rule.id, rule.file) for rule in ruleset.rules] + [(c.id, c.file) for c in ruleset.correlations]


def _digests(ruleset: RuleSet) -> dict[str, str]:
    correlations = {each.id: digest((), (each,)) for each in ruleset.correlations}
    return {rule.id: digest((rule,)) for rule in ruleset.rules} | correlations


def _where(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"

"""The work of `redline scan`: batches of lines to lines of output, in this process or in several."""

from __future__ import annotations

import collections
from array import array
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import orjson

from stream.detect import NEVER_US, Memory, Told, to_us
from stream.engine import Engine, Facts, Judged, Timed
from stream.model import Match, Output, Reject
from stream.model.article import FUTURE_MAX, format_time
from stream.settings import Settings
from stream.sources.rulefiles import load_ruleset
from stream.wire.decode import Decoded, decode_article, too_large
from stream.wire.fields import evidence_fields
from stream.wire.topics import LATE, SUPPRESSED

Shape = Literal["alerts", "matches", "tagged"]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ORIGINAL_CODE_POINTS_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Line:
    """One line of input: file name, 1-based number, bytes without the line end.

    `ahead_us`: no later line has an event time, or a date, before these (microseconds since 1970 UTC); None if nobody
    has looked. `left_out_bytes`: of one that is too large, what stands behind `value`.
    """

    file: str
    number: int
    value: bytes
    ahead_us: tuple[int, int] | None = None
    left_out_bytes: int = 0

    @property
    def size_bytes(self) -> int:
        """Of the whole line."""
        return len(self.value) + self.left_out_bytes


@dataclass(slots=True)
class Totals:
    """What was counted; sums of batches. `warnings`: fields that cannot be read; the first of them with its place."""

    articles: int = 0
    refused: int = 0
    written: int = 0
    bytes: int = 0
    suppressed: int = 0
    late: int = 0
    warnings: int = 0
    first_warning: str = ""

    @property
    def megabytes(self) -> float:
        """Input of accepted and refused lines, in 10^6 bytes."""
        return self.bytes / 1e6

    def add(self, other: Totals) -> None:
        """Add another batch's counts."""
        self.articles += other.articles
        self.refused += other.refused
        self.written += other.written
        self.bytes += other.bytes
        self.suppressed += other.suppressed
        self.late += other.late
        self.warnings += other.warnings
        self.first_warning = self.first_warning or other.first_warning


Result = tuple[bytes, bytes, Totals]
"""Lines for stdout, dead letters for stderr, counts."""


class Scanner:
    """Judges batches of lines in the order given; keeps the time of the last article for undated ones.

    Correlations count when no line with an earlier time is to come, as far as the lines say; else when a later one
    has come (dates in the future, as seen from now, apart). `end` counts what is left.
    """

    def __init__(self, settings: Settings, shape: Shape, *, suppressed: bool = False) -> None:
        self._engine = Engine(load_ruleset(settings.rules_dir), settings.engine_config())
        self._shape = shape
        self._show_suppressed = suppressed
        self._memory = Memory(settings.detect_limits())
        self._runs: dict[str | None, tuple[datetime, datetime]] = {}
        self._offset = 0
        self._bytes_max = settings.message_bytes_max
        self._last = EPOCH

    def run(self, lines: Sequence[Line], now: datetime, *, last: datetime | None = None) -> Result:
        """The output of one batch. `last` is the time of the line before it, if it was not this scanner's."""
        if last is not None:
            self._last = last
        totals = Totals(bytes=sum(line.size_bytes for line in lines))
        dead: list[bytes] = []
        timed: list[Timed] = []
        ahead: list[tuple[int, int] | None] = []
        for line in lines:
            decoded = decode_article(line.value, message_bytes_max=self._bytes_max)
            if isinstance(decoded, Reject):
                whole = too_large(line.size_bytes, self._bytes_max) if line.left_out_bytes else decoded
                dead.append(_dead_letter(whole, line))
                continue
            for warning in decoded.warnings:
                totals.warnings += 1
                totals.first_warning = totals.first_warning or f"{line.file}:{line.number}: {warning}"
            self._last = _own_time(decoded) or self._last
            timed.append(Timed(decoded, self._last, int(self._last.timestamp() * 1000), decoded.article.published))
            ahead.append(line.ahead_us)
        out: list[bytes] = []
        facts = Facts()
        for judged, ahead_us in zip(self._engine.judge(timed), ahead, strict=True):
            out.extend(self._rows(judged, ahead_us, now, facts))
        totals.articles, totals.refused, totals.written = len(timed), len(dead), len(out)
        totals.suppressed, totals.late = facts.suppressed.total(), facts.late
        return _join(out), _join(dead), totals

    def end(self, now: datetime) -> Result:
        """What correlations come to at the end of the input."""
        facts, out = Facts(), []
        for run, newest in self._runs.items():
            out += self._hear(run, _us(newest), now, facts, ended=True)
        return _join(out), b"", Totals(written=len(out))

    @property
    def has_correlations(self) -> bool:
        """True if it matters what is still to come."""
        return self._shape == "alerts" and bool(self._engine.ruleset.correlations)

    def _rows(self, judged: Judged, ahead_us: tuple[int, int] | None, now: datetime, facts: Facts) -> list[bytes]:
        match self._shape:
            case "matches":
                return [_match_row(match) for match in judged.matches]
            case "tagged":
                return [self._engine.tagged_event(judged)]
            case "alerts":
                return self._alerts(judged, ahead_us, now, facts)

    def _alerts(self, judged: Judged, ahead_us: tuple[int, int] | None, now: datetime, facts: Facts) -> list[bytes]:
        outputs: list[Output] = []
        for match in self._engine.touching(judged):
            self._offset += 1
            outputs += self._engine.detect(match, self._offset, now, self._memory, facts)
        shown = [o.value for o in outputs if self._is_shown(o)]
        if not self.has_correlations:
            return shown
        run, time = judged.timed.decoded.article.run, judged.timed.time
        date = judged.timed.published or time
        if time <= now + FUTURE_MAX:  # a date in the future moves nothing
            newest, newest_date = self._runs.get(run, (time, min(date, time)))
            self._runs[run] = max(newest, time), max(newest_date, date if date <= now + FUTURE_MAX else newest_date)
        elif ahead_us is None or run not in self._runs:
            return shown
        reached_us = _us(self._runs[run])
        if ahead_us is None:
            ahead_us = to_us(time), to_us(date)
        # Not beyond what has come: whether a silence went on after the last article nobody knows.
        until_us = min(ahead_us[0], reached_us[0]), min(ahead_us[1], reached_us[1])
        return shown + self._hear(run, until_us, now, facts)

    def _hear(
        self, run: str | None, until_us: tuple[int, int], now: datetime, facts: Facts, *, ended: bool = False
    ) -> list[bytes]:
        self._offset += 1
        told = Told(run, 0, 1, *until_us, ended)
        return [o.value for o in self._engine.hear(told, self._offset, now, self._memory, facts)]

    def _is_shown(self, output: Output) -> bool:
        if output.topic.endswith(LATE.name):
            return False
        return self._show_suppressed or not output.topic.endswith(SUPPRESSED.name)


class Ahead:
    """For each line the earliest event time and date of the lines after it; 16 bytes a line."""

    def __init__(self, times: array[int], dates: array[int]) -> None:
        self._times, self._dates = _earliest_after(times), _earliest_after(dates)

    def __getitem__(self, index: int) -> tuple[int, int] | None:
        """None for a line that came after all were looked at: the file is being written."""
        return (self._times[index], self._dates[index]) if index < len(self._times) else None


def times_ahead(values: Iterable[bytes], bytes_max: int) -> Ahead:
    """For each line the earliest event time and date of the lines after it, in microseconds since 1970 UTC.

    A refused line counts with the time before it.
    """
    times, dates = array("q"), array("q")
    last = date = to_us(EPOCH)
    for value in values:
        decoded = decode_article(value, message_bytes_max=bytes_max)
        if isinstance(decoded, Decoded):
            own, published = _own_time(decoded), decoded.article.published
            last = last if own is None else to_us(own)
            date = last if published is None else to_us(published)
        times.append(last)
        dates.append(date)
    return Ahead(times, dates)


def _earliest_after(times: array[int]) -> array[int]:
    ahead, earliest = array("q", times), NEVER_US
    for index in range(len(times) - 1, -1, -1):
        ahead[index] = earliest
        earliest = min(earliest, times[index])
    return ahead


def _us(moments: tuple[datetime, datetime]) -> tuple[int, int]:
    return to_us(moments[0]), to_us(moments[1])


def scan_parallel(settings: Settings, shape: Shape, batches: Iterator[list[Line]], jobs: int) -> Iterator[Result]:
    """The results of all batches in their order, worked by `jobs` processes, at most 4 batches a process ahead."""
    last = EPOCH
    waiting: collections.deque[Future[Result]] = collections.deque()
    with ProcessPoolExecutor(jobs, initializer=_start_process, initargs=(settings, shape)) as pool:
        for batch in batches:
            waiting.append(pool.submit(_run_in_process, batch, datetime.now(UTC), last))
            last = _last_time(batch, settings.message_bytes_max, last)
            if len(waiting) >= 4 * jobs:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


_scanner: Scanner | None = None


def _start_process(settings: Settings, shape: Shape) -> None:
    global _scanner
    _scanner = Scanner(settings, shape)


def _run_in_process(lines: list[Line], now: datetime, last: datetime) -> Result:
    assert _scanner is not None
    return _scanner.run(lines, now, last=last)


def _last_time(batch: Sequence[Line], bytes_max: int, last: datetime) -> datetime:
    # From the end: with dated articles only one line is read twice.
    for line in reversed(batch):
        decoded = decode_article(line.value, message_bytes_max=bytes_max)
        if isinstance(decoded, Decoded) and (own := _own_time(decoded)) is not None:
            return own
    return last


def _own_time(decoded: Decoded) -> datetime | None:
    return decoded.article.fetched or decoded.article.published


def _match_row(match: Match) -> bytes:
    row: dict[str, Any] = {
        "article": match.article.id,
        "rule": match.rule.id,
        "version": match.rule.version,
        "severity": match.rule.severity,
        "time": format_time(match.time),
        "topics": match.rule.topics,
        "evidence": evidence_fields(match.evidence),
    }
    return orjson.dumps(row)


def _dead_letter(reject: Reject, line: Line) -> bytes:
    return orjson.dumps(
        {
            "stage": reject.stage,
            "code": reject.code,
            "reason": reject.reason,
            "file": line.file,
            "line": line.number,
            "size_bytes": line.size_bytes,
            "original": line.value[: ORIGINAL_CODE_POINTS_MAX * 4].decode("utf-8", "replace")[
                :ORIGINAL_CODE_POINTS_MAX
            ],
        }
    )


def _join(rows: Sequence[bytes]) -> bytes:
    return b"\n".join(rows) + b"\n" if rows else b""

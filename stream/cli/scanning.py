"""The work of `redline scan`: batches of lines to lines of output, in this process or in several."""

from __future__ import annotations

import collections
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import orjson

from stream.alert import raise_alert
from stream.engine import Engine, Judged, Timed
from stream.model import Match, Reject
from stream.model.article import format_time
from stream.settings import Settings
from stream.sources.rulefiles import load_ruleset
from stream.wire.decode import Decoded, decode_article
from stream.wire.fields import evidence_fields

Shape = Literal["alerts", "matches", "tagged"]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ORIGINAL_CODE_POINTS_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Line:
    """One line of input: file name, 1-based number, bytes without the line end."""

    file: str
    number: int
    value: bytes


@dataclass(slots=True)
class Totals:
    """What was counted; sums of batches."""

    articles: int = 0
    refused: int = 0
    written: int = 0
    bytes: int = 0

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


Result = tuple[bytes, bytes, Totals]
"""Lines for stdout, dead letters for stderr, counts."""


class Scanner:
    """Judges batches of lines in the order given; keeps the time of the last article for undated ones."""

    def __init__(self, settings: Settings, shape: Shape) -> None:
        self._engine = Engine(load_ruleset(settings.rules_dir), settings.engine_config())
        self._shape = shape
        self._bytes_max = settings.message_bytes_max
        self._last = EPOCH

    def run(self, lines: Sequence[Line], now: datetime, *, last: datetime | None = None) -> Result:
        """The output of one batch. `last` is the time of the line before it, if it was not this scanner's."""
        if last is not None:
            self._last = last
        totals = Totals(bytes=sum(len(line.value) for line in lines))
        dead: list[bytes] = []
        timed: list[Timed] = []
        for line in lines:
            decoded = decode_article(line.value, message_bytes_max=self._bytes_max)
            if isinstance(decoded, Reject):
                dead.append(_dead_letter(decoded, line))
                continue
            self._last = _own_time(decoded) or self._last
            timed.append(Timed(decoded, self._last, int(self._last.timestamp() * 1000)))
        out = [row for judged in self._engine.judge(timed) for row in self._rows(judged, now)]
        totals.articles, totals.refused, totals.written = len(timed), len(dead), len(out)
        return _join(out), _join(dead), totals

    def _rows(self, judged: Judged, now: datetime) -> list[bytes]:
        match self._shape:
            case "matches":
                return [_match_row(match) for match in judged.matches]
            case "tagged":
                return [self._engine.tagged_event(judged)]
            case "alerts":
                return [self._engine.alert_output(raise_alert(match, now)).value for match in judged.alerting]


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
            "size_bytes": len(line.value),
            "original": line.value[: ORIGINAL_CODE_POINTS_MAX * 4].decode("utf-8", "replace")[
                :ORIGINAL_CODE_POINTS_MAX
            ],
        }
    )


def _join(rows: Sequence[bytes]) -> bytes:
    return b"\n".join(rows) + b"\n" if rows else b""

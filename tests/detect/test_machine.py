"""A worker over virtual time: any log of matches and control records, any batches, crashes, handovers and repeats.

    log      match  match  told  match  …          what agent 1 has written, repeats after its crashes included
    worker   ├─ batch ─┤├─ batch ─ X               X: killed, its writes done up to some step; the batch comes again

Whatever happens to the worker, its alerts and its table are in the end those of one reading of the log in one go. And
the order of matches between two control records does not show in any episode.
"""

from __future__ import annotations

import random
from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from stream.detect import fingerprint, snapshot
from stream.model import Alert, Match, Severity
from tests.detect.kit import Feeder, Logged, as_bytes, correlation, match, ruleset, told

MINUTE = 60
GRACE = 10 * MINUTE
YEARS = 40 * 366 * 86_400.0
RULES = ruleset(
    correlation(id="c.count", condition="{gte: 3}", window="{size: 1h, grace: 10m}", keep_firing_for="20m")
    + correlation(id="c.story", condition="{gte: 2}", window="{size: 1h, grace: 10m}", count="story")
    + correlation(id="c.silence", type="absence", window="{size: 30m, grace: 10m}", group_by="[source]")
    + correlation(id="c.session", condition="{gte: 2}", window="{size: 2h, type: session, gap: 15m, grace: 10m}")
)
TEXTS = [[f"w{text}{word if word % 9 else 0}" for word in range(60)] for text in range(3)]
PRINTS = [fingerprint(words) for words in TEXTS]

sources = st.sampled_from(("x", "y"))
minutes = st.integers(0, 40)
runs = st.sampled_from((None, "r"))


class WorkerMachine(RuleBasedStateMachine):
    """One partition of `matches`; two raw partitions; live articles and one replay."""

    @initialize(small_parts=st.booleans())
    def begin(self, small_parts: bool) -> None:
        """`small_parts`: nearly every state is written in parts."""
        self.normal = snapshot.SPLIT_FROM_BYTES, snapshot.PART_BYTES_USUAL
        if small_parts:
            snapshot.SPLIT_FROM_BYTES, snapshot.PART_BYTES_USUAL = 300, 200
        self.log: list[Logged] = []
        self.number = 0
        self.worker = Feeder(RULES)
        self.alerts: list[Alert] = []
        self.at = 0
        self.reached = {(run, partition): 0.0 for run in (None, "r") for partition in (0, 1)}

    # What agent 1 writes ------------------------------------------------------------------------------------------

    @rule(
        after=minutes,
        source=sources,
        which=st.sampled_from("ab"),
        text=st.integers(0, 2),
        run=st.sampled_from((None, "r")),
    )
    def an_article_comes(self, after: int, source: str, which: str, text: int, run: str | None) -> None:
        """Within the grace, or later."""
        at = min(self.reached[run, 0], self.reached[run, 1]) - GRACE + after * MINUTE
        self._write(at, which, source, run, text)

    @rule(years=st.sampled_from((-YEARS, 2 * YEARS)), source=sources, run=runs)
    def an_absurd_date_comes(self, years: float, source: str, run: str | None) -> None:
        """1970 and 2100, as an exercise may have them."""
        self._write(years, "a", source, run, 0)

    def _write(self, at: float, which: str, source: str, run: str | None, text: int) -> None:
        self.number += 1
        name = f"m{self.number}"
        severity = Severity.HIGH if self.number % 7 == 0 else Severity.LOW
        if which == "a":
            self.log.append(match(name, at, which, source=source, run=run, severity=severity))
        for counted in RULES.correlations:
            made = match(name, at, which, source=source, run=run, counted=counted)
            self.log.append(replace(made, fingerprint=PRINTS[text] if counted.count == "story" else b""))

    @rule(run=st.sampled_from((None, "r")), partition=st.integers(0, 1), further=minutes)
    def time_moves_on(self, run: str | None, partition: int, further: int) -> None:
        """On one raw partition."""
        self.reached[run, partition] += further * MINUTE
        self.log.append(told(self.reached[run, partition], run=run, partition=partition, partitions=2))

    @precondition(lambda self: self.log)
    @rule(back=st.integers(1, 12))
    def agent_1_crashes_and_writes_again(self, back: int) -> None:
        """What was not confirmed stands in the log twice."""
        self.log += self.log[-back:]

    # What becomes of the worker -----------------------------------------------------------------------------------

    @rule(size=st.integers(1, 30))
    def it_works(self, size: int) -> None:
        """A batch, written and confirmed."""
        self._feed(size)
        self.worker.save()
        self.at = min(len(self.log), self.at + size)

    @rule(size=st.integers(1, 30), steps=st.integers(0, 3))
    def it_is_killed(self, size: int, steps: int) -> None:
        """In the middle of writing: nothing, parts, states, or all is written, and nothing confirmed."""
        self._feed(size)
        self.worker.save(steps=steps)
        self.worker.restart()

    @rule()
    def another_one_takes_over(self) -> None:
        """From the table alone."""
        self.worker.restart()

    def _feed(self, size: int) -> None:
        self.alerts += self.worker.feed(list(enumerate(self.log))[self.at : self.at + size])

    # What must hold -----------------------------------------------------------------------------------------------

    def teardown(self) -> None:
        """In the end: alerts, reasons, episodes and the table are those of an undisturbed reading."""
        if not hasattr(self, "log"):
            return
        try:
            self._feed(len(self.log))
            self.worker.save()
            plain = Feeder(RULES)
            expected = plain.feed(enumerate(self.log))
            plain.save()
            assert as_bytes(self.alerts) == as_bytes(expected)
            assert all(len(contents) == 1 for contents in as_bytes(self.alerts).values())
            assert self.worker.table == plain.table
            shuffled = Feeder(RULES).feed(enumerate(self._in_another_order()))
            assert episodes(shuffled) == episodes(expected)
        finally:
            snapshot.SPLIT_FROM_BYTES, snapshot.PART_BYTES_USUAL = self.normal

    def _in_another_order(self) -> list[Logged]:
        chance, log, waiting = random.Random(len(self.log)), [], []  # type: ignore[var-annotated]
        for record in [*self.log, None]:
            if isinstance(record, Match):
                waiting.append(record)
                continue
            chance.shuffle(waiting)
            log += [*waiting, record] if record is not None else waiting
            waiting = []
        return log


def episodes(alerts: list[Alert]) -> dict[str, set[bytes]]:
    """The alerts of correlations."""
    return as_bytes([alert for alert in alerts if alert.rule.id.startswith("c.")])


WorkerMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=40)
TestWorkerMachine = WorkerMachine.TestCase

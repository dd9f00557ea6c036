"""Correlations against the obvious way to evaluate them, in any order, any batches, and across crashes."""

from __future__ import annotations

import random
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from stream.model import Match
from stream.rulelang import Correlation
from stream.rulelang.ruleset import RuleSet
from stream.wire.matchcodec import correlation_key
from tests.detect.kit import BEGIN, Feeder, Logged, as_bytes, correlation, match, ruleset, told
from tests.detect.reference import Event, Step, evaluate, evaluate_whole

MINUTE = 60
SHAPES = {
    "burst": {"condition": "{gte: 3}", "keep_firing_for": "20m"},
    "burst by source, no keeping": {"condition": "{gte: 2}", "count": "source"},
    "tumbling": {"condition": "{gte: 2}", "window": "{size: 30m, type: tumbling}", "keep_firing_for": "10m"},
    "session": {"condition": "{gte: 3}", "window": "{size: 2h, type: session, gap: 15m}"},
    "values": {"type": "value_count", "condition": "{field: source, gte: 2}", "keep_firing_for": "1h"},
    "both": {"type": "temporal", "keep_firing_for": "5m"},
    "in order": {"type": "temporal_ordered", "window": "{size: 20m}"},
    "silence": {"type": "absence", "window": "{size: 30m}", "keep_firing_for": "10m"},
    "silence of a source": {"type": "absence", "window": "{size: 30m}", "group_by": "[source]"},
    "spike": {"type": "spike", "window": "{size: 10m}", "condition": "{baseline: {over: 40m, factor: 2, min: 2}}"},
    "few": {"condition": "{lt: 2}", "keep_firing_for": "10m"},
    "few in a bucket": {"condition": "{lte: 1}", "window": "{size: 30m, type: tumbling}"},
    "few in a bucket, kept": {
        "condition": "{lt: 3}",
        "window": "{size: 30m, type: tumbling}",
        "keep_firing_for": "45m",
    },
    "few sources in a bucket": {"condition": "{lt: 2}", "window": "{size: 20m, type: tumbling}", "count": "source"},
    "few in a session": {"condition": "{lt: 3}", "window": "{size: 1h, type: session, gap: 15m}"},
    "few in a session, kept": {
        "condition": "{lte: 2}",
        "window": "{size: 20m, type: session, gap: 15m}",
        "keep_firing_for": "30m",
    },
    "exactly": {"condition": "{eq: 2}", "keep_firing_for": "1m"},
}
GRACE = 600
RULESETS: dict[str, RuleSet] = {}
for _name, _fields in SHAPES.items():
    _window = str(_fields.get("window", "{size: 1h}")).replace("}", ", grace: 10m}")
    RULESETS[_name] = ruleset(correlation(**{**_fields, "window": _window}))
WHOLE = [name for name in SHAPES if name.startswith("few ")]
REFERRED = [name for name in SHAPES if name not in ("silence of a source", "spike", "few", "exactly", *WHOLE)]

events_of = st.lists(
    st.tuples(
        st.integers(0, 30).map(lambda five: float(5 * MINUTE * five)),
        st.integers(0, 9).map(lambda number: f"article-{number}"),
        st.sampled_from("ab"),
        st.sampled_from(("", "x", "y", "z")),
    ),
    max_size=14,
    unique_by=lambda event: (event[1], event[2]),
)


chances = st.integers(0, 1 << 32).map(random.Random)


def counted(rules: RuleSet) -> Correlation:
    (found,) = rules.correlations
    return found


def steps(alerts: list[object]) -> list[Step]:
    return [Step((a.time - BEGIN).total_seconds(), a.state, a.group.count) for a in alerts]  # type: ignore[attr-defined]


@given(st.sampled_from(REFERRED), events_of)
@settings(max_examples=400)
def test_it_is_what_the_reference_finds(shape: str, events: list[Event]) -> None:
    rules = RULESETS[shape]
    log: list[Logged] = [match(a, t, r, source=s, counted=counted(rules)) for t, a, r, s in events]
    until = 6 * 3_600.0
    found = Feeder(rules).feed(enumerate([*log, told(until + GRACE)]))
    assert steps(found) == evaluate(counted(rules), events, until)


@given(st.sampled_from(WHOLE), events_of)
@settings(max_examples=400)
def test_few_in_whole_buckets_and_sessions_is_what_the_reference_finds(shape: str, events: list[Event]) -> None:
    rules = RULESETS[shape]
    log: list[Logged] = [match(a, t, r, source=s, counted=counted(rules)) for t, a, r, s in events]
    until = 6 * 3_600.0
    found = Feeder(rules).feed(enumerate([*log, told(until + GRACE)]))
    assert steps(found) == evaluate_whole(counted(rules), events, until)
    if counted(rules).count == "article":
        assert all(len(alert.members) == alert.group.count for alert in found if alert.state == "fired")


def in_some_order(rules: RuleSet, events: list[Event], chance: random.Random, *, ends: bool) -> list[Logged]:
    """The events as they may come: in any order, with control records that no event contradicts."""
    order = list(events)
    chance.shuffle(order)
    log: list[Logged] = []
    for index, (t, a, r, s) in enumerate(order):
        log.append(match(a, t, r, source=s, counted=counted(rules), run="r"))
        rest = [event[0] for event in order[index + 1 :]]
        if chance.random() < 0.5 and rest:
            log.append(told(min(rest) + chance.randrange(-100, GRACE + 1), run="r"))
    # The same last time of the run in every order: no control record above has told of a later one.
    newest = max((event[0] for event in events), default=0.0) + GRACE
    log.append(told(newest, run="r", ended=True) if ends else told(6 * 3_600.0, run="r"))
    return log


@given(st.sampled_from(list(SHAPES)), events_of, chances, st.booleans())
@settings(max_examples=300)
def test_any_order_within_the_grace_gives_the_same_bytes(
    shape: str, events: list[Event], chance: random.Random, ends: bool
) -> None:
    rules = RULESETS[shape]
    first, second = Feeder(rules), Feeder(rules)
    one = first.feed(enumerate(in_some_order(rules, events, chance, ends=ends)))
    other = second.feed(enumerate(in_some_order(rules, events, chance, ends=ends)))
    assert first.late == second.late == 0
    assert as_bytes(one) == as_bytes(other)
    assert sorted(a.id for a in one) == sorted(set(as_bytes(one)))


@given(st.sampled_from(list(SHAPES)), events_of, chances)
@settings(max_examples=300)
def test_batches_crashes_and_repeats_change_nothing(shape: str, events: list[Event], chance: random.Random) -> None:
    rules = RULESETS[shape]
    log = in_some_order(rules, events, chance, ends=chance.random() < 0.5)
    for t, a, r, s in events:
        if r == "a":
            log.insert(chance.randrange(len(log)), match(a, t, r, source=s, run="r"))
    plain = Feeder(rules)
    expected = as_bytes(plain.feed(enumerate(log)))
    repeated = with_repeats(log, chance)
    worker = Feeder(rules)
    alerts, at = [], 0
    while at < len(repeated):
        size = chance.randrange(1, 6)
        batch = list(enumerate(repeated))[at : at + size]
        alerts += worker.feed(batch)
        match chance.randrange(5):
            case 0:  # killed before the states were written: the batch comes again
                worker.restart()
                continue
            case 1:  # killed when the states were written, and not the clocks
                worker.save(steps=chance.choice((1, 2)))
                worker.restart()
                continue
            case 2:  # killed before the offset was committed
                worker.save()
                worker.restart()
                if chance.random() < 0.5:
                    continue
            case 3:  # moved to another worker
                worker.save()
                worker.restart()
            case _:
                worker.save()
        at += size
    assert as_bytes(alerts) == expected


def with_repeats(log: list[Logged], chance: random.Random) -> list[Logged]:
    """What a crash of agent 1 makes of a log: stretches of it stand there twice, at new offsets."""
    repeated: list[Logged] = []
    for index, record in enumerate(log):
        repeated.append(record)
        if chance.random() < 0.2:
            repeated += log[max(0, index - 3) : index + 1]
    return repeated


@given(events_of, chances)
def test_runs_do_not_touch_each_other(events: list[Event], chance: random.Random) -> None:
    rules = RULESETS["burst"]
    log = in_some_order(rules, events, chance, ends=True)
    both = [replace(record, run=run) for record in log for run in ("r", "s")]
    both = [rekeyed(record) for record in both]
    feeder = Feeder(rules)
    alerts = feeder.feed(enumerate(both))
    alone = Feeder(rules).feed(enumerate(log))
    of_run = [alert for alert in alerts if alert.run == "r"]
    assert as_bytes(of_run) == as_bytes(alone)
    assert steps([a for a in alerts if a.run == "s"]) == steps(alone)  # type: ignore[arg-type]
    assert {a.id for a in of_run}.isdisjoint(a.id for a in alerts if a.run == "s")


def rekeyed(record: Logged) -> Logged:
    if isinstance(record, Match) and record.correlation is not None:
        return replace(record, key=correlation_key(record.run, record.correlation, record.group))
    return record

"""Throttles and groups: what passes, what is held back and why, and what is remembered."""

from __future__ import annotations

from stream.detect import DetectLimits, Memory, Stories, fingerprint
from stream.model import Alert, Severity
from tests.detect.kit import BEGIN, Feeder, Logged, match, ruleset

MINUTE = 60


def fed(*records: Logged, limits: DetectLimits | None = None) -> list[Alert]:
    return Feeder(ruleset(), limits).feed(enumerate(records))


def held(alerts: list[Alert]) -> list[bool]:
    return [alert.suppressed is not None for alert in alerts]


def test_one_alert_in_the_period_for_each_value() -> None:
    # x  00:00 fired   00:10 held   00:29:59 held   00:30 fired
    # y           00:05 fired
    times = [(0, "x"), (5 * MINUTE, "y"), (10 * MINUTE, "x"), (30 * MINUTE - 1, "x"), (30 * MINUTE, "x")]
    alerts = fed(*(match(f"m{n}", t, source=s) for n, (t, s) in enumerate(times)))
    assert held(alerts) == [False, False, True, True, False]
    assert [alert.group.suppressed for alert in alerts] == [0, 0, 0, 1, 2]
    assert [alert.group.count for alert in alerts] == [1, 1, 2, 3, 4]
    reason = "it came 10m after an alert; at most one every 30m for the same rule, source"
    assert alerts[2].suppressed is not None
    assert (alerts[2].suppressed.by, alerts[2].suppressed.reason) == ("throttle", reason)


def test_a_higher_severity_always_passes_and_raises_the_bar() -> None:
    severities = [Severity.LOW, Severity.HIGH, Severity.LOW, Severity.HIGH, Severity.CRITICAL]
    alerts = fed(*(match(f"m{n}", n, severity=s) for n, s in enumerate(severities)))
    assert held(alerts) == [False, False, True, True, False]


def test_old_articles_that_come_late_have_periods_of_their_own() -> None:
    week = 7 * 86_400
    times = [week, 0, 10, week + MINUTE, -5, -week, week - 1]
    alerts = fed(*(match(f"m{n}", t) for n, t in enumerate(times)))
    assert held(alerts) == [False, False, True, True, True, False, True]
    assert alerts[4].suppressed is not None
    assert alerts[4].suppressed.reason.startswith("it came 5s before an alert")


def test_absurd_dates_neither_end_a_period_nor_freeze_the_throttle() -> None:
    year = 366 * 86_400.0
    times = [0, 76 * year, MINUTE, 31 * MINUTE, -54 * year, 32 * MINUTE]
    alerts = fed(*(match(f"m{n}", t) for n, t in enumerate(times)))
    assert held(alerts) == [False, False, True, False, False, True]


def test_a_record_that_comes_again_changes_nothing() -> None:
    feeder = Feeder(ruleset())
    first = feeder.feed([(0, match("a", 0)), (1, match("b", 1))])
    again = feeder.feed([(1, match("b", 1)), (2, match("a", 0)), (3, match("b", 1)), (4, match("b", 1, revision=2))])
    assert held(first) == [False, True]
    assert [(alert.article.id, alert.article.revision) for alert in again] == [("b", 2)]
    assert feeder.known == 3


def test_copies_of_one_story_are_one_group() -> None:
    rules = ruleset(
        "---\nkind: rule\nid: s\nseverity: low\nmatch: z\n"
        "alert: {group_by: [rule, story], throttle: {every: 6h, per: [rule, story]}}\n"
        "tests: [{name: f, article: {body: z}, expect: fire}]\n"
    )
    report = [f"word{n}" for n in range(60)]
    copy = [*report[:57], "said", "an", "agency"]
    other = [f"other{n}" for n in range(60)]
    prints = [fingerprint(text) for text in (report, copy, other)]
    matches = [match(f"m{n}", n, "s", fingerprint=p, source=f"src{n}") for n, p in enumerate(prints)]
    alerts = Feeder(rules).feed(enumerate(matches))
    assert held(alerts) == [False, True, False]
    assert alerts[0].correlation_id == alerts[1].correlation_id != alerts[2].correlation_id
    assert (alerts[1].group.count, alerts[1].group.stories, alerts[1].group.sources) == (2, 1, 2)
    assert Stories().assign("m0", None, prints[0], 0, DetectLimits().stories).story == alerts[0].correlation_id


def test_a_group_without_matches_for_long_begins_anew() -> None:
    limits = DetectLimits(group_retention_ms=3_600_000)
    alerts = fed(match("a", 0), match("b", 60), match("c", 60 + 3_601), limits=limits)
    assert [alert.group.count for alert in alerts] == [1, 2, 1]
    assert alerts[2].group.first_seen > BEGIN


def test_limits_hold_and_what_falls_out_is_counted() -> None:
    limits = DetectLimits(groups_max=10, ids_max=5)
    feeder = Feeder(ruleset(), limits)
    feeder.feed((n, match(f"m{n}", n, source=f"s{n}")) for n in range(50))
    assert feeder.memory.forgotten == 40
    feeder.save()
    (size,) = [len(value) for value in feeder.table.values()]
    assert size < 2_000


def test_what_a_throttle_forgets_that_holds_apart_more_than_the_groups_is_counted() -> None:
    rules = ruleset(
        "---\nkind: rule\nid: s\nseverity: low\nmatch: z\n"
        "alert: {group_by: [rule], throttle: {every: 6h, per: [rule, source]}}\n"
        "tests: [{name: f, article: {body: z}, expect: fire}]\n"
    )
    found = []
    for groups_max in (5, 3):
        feeder = Feeder(rules, DetectLimits(groups_max=groups_max))
        alerts = feeder.feed((n, match(f"m{n}", n, "s", source=f"s{n % 5}")) for n in range(20))
        found.append((held(alerts).count(False), feeder.memory.forgotten))
    assert found == [(5, 0), (20, 17)]


def test_a_new_version_of_a_rule_begins_without_state() -> None:
    feeder = Feeder(ruleset())
    feeder.feed([(0, match("a", 0))])
    feeder.by_id["a"] = type(feeder.by_id["a"])(
        **{name: getattr(feeder.by_id["a"], name) for name in feeder.by_id["a"].__slots__} | {"version": 2}
    )
    assert held(feeder.feed([(1, match("b", 1))])) == [False]


def test_memory_is_that_of_a_partition() -> None:
    assert len(Memory()) == 0

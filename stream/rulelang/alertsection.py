"""The `alert` of a rule: how its alerts are grouped, how often they come, and what they say."""

from __future__ import annotations

from dataclasses import dataclass

from stream.rulelang.fields import Fields
from stream.rulelang.ruleset import Throttle
from stream.rulelang.source import did_you_mean, quoted
from stream.rulelang.template import DEFAULT_SUMMARY, check_template

ALERT_KEYS = ("group_by", "throttle", "summary")
THROTTLE_KEYS = ("every", "per", "pass")
GROUP_NAMES = ("rule", "story", "source", "country", "topic", "lang", "section", "author")
DEFAULT_GROUP = ("rule",)


@dataclass(frozen=True, slots=True)
class AlertSection:
    """What it says, or its defaults."""

    summary: str = DEFAULT_SUMMARY
    group_by: tuple[str, ...] = DEFAULT_GROUP
    throttle: Throttle | None = None


def read_alert(fields: Fields) -> AlertSection:
    """The `alert` of a rule. A throttle without `per` holds for each group."""
    mapping = fields.mapping_at("alert")
    if mapping is None:
        return AlertSection()
    alert = Fields(mapping, ALERT_KEYS, "alert")
    group_by = _grouping(alert, "group_by") or DEFAULT_GROUP
    throttle = _throttle(alert, group_by)
    summary = alert.scalar("summary")
    if summary is None:
        return AlertSection(group_by=group_by, throttle=throttle)
    check_template(summary)
    return AlertSection(summary.text.strip(), group_by, throttle)


def _throttle(alert: Fields, group_by: tuple[str, ...]) -> Throttle | None:
    mapping = alert.mapping_at("throttle")
    if mapping is None:
        return None
    fields = Fields(mapping, THROTTLE_KEYS, "throttle")
    fields.require("every")
    every = fields.seconds("every")
    # The only value: alerts of a higher severity are never held back. It is written for those who read the rule.
    fields.choice("pass", ("higher",), "higher")
    per = _grouping(fields, "per") or group_by
    return None if every is None else Throttle(every, per)


def _grouping(fields: Fields, key: str) -> tuple[str, ...]:
    scalars = fields.scalars(key)
    names = [scalar.text for scalar in scalars]
    if scalars and "rule" not in names:
        fields.source.add("R216", fields.place(key), f"`{key}` without `rule`", "`rule` among its names", "Add `rule`.")
    for scalar in scalars:
        if scalar.text not in GROUP_NAMES:
            help_ = did_you_mean(scalar.text, GROUP_NAMES)
            fields.source.add("R204", scalar.place, quoted(scalar.text), "a name to group by", help_)
    # `rule` first, then in the order of the file: the order of the parts of a group's key.
    return tuple(dict.fromkeys(("rule", *names))) if names else ()

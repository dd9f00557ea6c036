"""A match becomes an alert. Pure: the wall clock is an argument, and only `recorded_time` shows it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from stream.alert.render import render_summary
from stream.model import Alert, Detection, Group, Match, RuleRef, Ruling
from stream.wire.identity import alert_id, episode_alert_id, episode_id, scope_of


def raise_alert(match: Match, recorded_time: datetime, ruling: Ruling | None = None) -> Alert:
    """The alert of a single-article match; the same match has the same id and, `recorded_time` apart, content.

    `ruling`: its group and story, and whether it is held back; without one it is a group by itself.
    """
    return Alert(
        id=alert_id(match.rule.id, match.rule.version, match.article.id, match.article.revision, match.run),
        state="fired",
        rule=match.rule,
        article=match.article,
        run=match.run,
        exercise=match.exercise,
        time=match.time,
        recorded_time=recorded_time,
        summary=match.summary,
        evidence=match.evidence,
        group=ruling.group
        if ruling is not None
        else Group(
            key=match.key,
            count=1,
            stories=1,
            sources=1 if match.article.source else 0,
            first_seen=match.time,
            last_seen=match.time,
            suppressed=0,
        ),
        raw_timestamp_ms=match.raw_timestamp_ms,
        correlation_id=None if ruling is None else ruling.story,
        suppressed=None if ruling is None else ruling.suppression,
    )


def raise_episode(detection: Detection, rule: RuleRef, template: str, key: str, recorded_time: datetime) -> Alert:
    """The alert of a step in the life of an episode. `rule` and `template` are the correlation's, `key` its state's."""
    scope = scope_of(detection.run, detection.exercise)
    episode = episode_id(rule.id, rule.version, detection.values, detection.start, scope)
    group = replace(detection.group, key=key)
    return Alert(
        id=episode_alert_id(episode, detection.sequence),
        state=detection.state,
        rule=rule,
        article=detection.trigger,
        run=detection.run,
        exercise=detection.exercise,
        time=detection.time,
        recorded_time=recorded_time,
        summary=render_summary(template, rule, detection.trigger, detection.evidence, group, detection.values),
        evidence=detection.evidence,
        group=group,
        raw_timestamp_ms=detection.raw_timestamp_ms,
        correlation_id=episode,
        members=detection.members,
    )

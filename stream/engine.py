"""The stages composed, in batches; pure and total: the same records give the same outputs.

    tag(records)                 raw records -> articles.tagged, matches, articles.dead, control records
    alert(records, now, memory)  matches     -> alerts.<severity>, alerts.suppressed, articles.late and .dead, states
    judge(articles)              the middle of `tag` without records, for `redline scan` and rule tests

`outputs` is all that must be on the broker before the records are confirmed; `facts` is what telemetry counts.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from stream.alert import raise_alert, raise_episode, render_summary
from stream.clean import fold_key
from stream.detect import Definitions, DetectLimits, Memory, Told, fingerprint, to_us
from stream.matching import Limits, Matcher, ReadArticle, RuleMatch, read_article
from stream.model import Alert, Article, ArticleRef, Match, Output, Record, Reject, RuleRef, Severity, TopicHit
from stream.model.article import FUTURE_MAX
from stream.rulelang.ruleset import Correlation, Rule, RuleSet
from stream.tag import topics_of
from stream.wire.cloudevent import CleaningReport, encode_alert, encode_tagged, tagged_event
from stream.wire.control import Control, decode_control
from stream.wire.deadletter import encode_dead_letter
from stream.wire.decode import Decoded, decode_article, is_control
from stream.wire.matchcodec import correlation_key, decode_match, encode_late, encode_match, state_key
from stream.wire.topics import ALERTS, DEAD, LATE, MATCHES, SUPPRESSED, TAGGED, full_name

PAST_MAX = timedelta(days=7)
"""How far a live article's event time may be behind its Kafka timestamp (ahead: FUTURE_MAX); beyond, it is clamped."""

_FIRST_MS = to_us(datetime.min.replace(tzinfo=UTC) + PAST_MAX) // 1_000
_LAST_MS = to_us(datetime.max.replace(tzinfo=UTC) - FUTURE_MAX) // 1_000
"""Kafka timestamps around which event times are clamped, in milliseconds: what a datetime holds, and room for both."""

ALERT_BYTES_MIN = 4_096
"""So large an alert may be, however small messages must be; topics have room for it beside a message."""

TITLE_CODE_POINTS_MAX = 1_000
URL_CODE_POINTS_MAX = 2_000
VALUE_CODE_POINTS_MAX = 200
"""Of the values that articles are grouped by; what is the same so far is one group."""


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """Settings of the engine; sizes in bytes."""

    topic_prefix: str = "redline."
    pipeline: str = "news"
    message_bytes_max: int = 900_000
    alert_bytes_max: int = 65_536
    dead_letter_original_bytes_max: int = 65_536
    limits: Limits = field(default_factory=Limits)
    detect_limits: DetectLimits = field(default_factory=DetectLimits)


@dataclass(frozen=True, slots=True)
class Timed:
    """A decoded article with the times that it keeps from here on. `published`: by which windows by `published` count
    it; None: there is none, and they go by `time`.
    """

    decoded: Decoded
    time: datetime
    raw_timestamp_ms: int
    published: datetime | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """What the rules say about one article. `matches` are of all rules that held, severity none included."""

    timed: Timed
    topics: tuple[TopicHit, ...]
    matches: tuple[Match, ...]
    report: CleaningReport
    rule_errors: tuple[tuple[str, str], ...]

    @property
    def alerting(self) -> tuple[Match, ...]:
        """The matches that raise alerts."""
        return tuple(m for m in self.matches if m.rule.severity is not Severity.NONE)


@dataclass(slots=True)
class Facts:
    """What happened in one batch, for telemetry. Times are Kafka timestamps in milliseconds, one an alert.

    `alerts`, and `episodes` (those of correlations among them), count by rule, severity and state; `alert_sources`, of
    the others, by source and severity. `waiting`: matches that correlations took in; `known`: that came before;
    `forgotten`: what limits pushed out of the state; `watermark_seconds`: how far the live articles are (Unix time), if
    that is known.
    """

    records: int = 0
    controls: int = 0
    articles: int = 0
    article_bytes: int = 0
    matches: int = 0
    topics: Counter[str] = field(default_factory=Counter)
    alerts: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    episodes: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    alert_sources: Counter[tuple[str, str]] = field(default_factory=Counter)
    suppressed: Counter[tuple[str, str]] = field(default_factory=Counter)
    late: int = 0
    waiting: int = 0
    known: int = 0
    forgotten: int = 0
    watermark_seconds: float | None = None
    dead: Counter[tuple[str, str]] = field(default_factory=Counter)
    dead_reasons: list[str] = field(default_factory=list)
    rule_errors: list[tuple[str, str]] = field(default_factory=list)
    raw_timestamps_ms: list[int] = field(default_factory=list)
    published_live: list[datetime] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Batch:
    """The result of one call, in the order of writing: every message to send, then control records for every partition
    of `matches`; when all that is acknowledged, what changed in the memory (`Memory.changes`).

    `newest_live_us`: the newest event time among live articles, in microseconds since 1970 UTC; `newest_published_us`:
    the same of their dates.
    """

    outputs: list[Output]
    facts: Facts
    controls: list[Control] = field(default_factory=list)
    newest_live_us: int | None = None
    newest_published_us: int | None = None


class Engine:
    """A rule set at work. Holds no state between calls."""

    def __init__(self, ruleset: RuleSet, config: EngineConfig | None = None) -> None:
        self.ruleset = ruleset
        self.config = config or EngineConfig()
        self._matcher = Matcher(ruleset, self.config.limits)
        self._rule_refs = {rule.id: _rule_ref(rule, ruleset.digest) for rule in ruleset.rules}
        self._correlation_refs = {c.id: _correlation_ref(c, ruleset.digest) for c in ruleset.correlations}
        self._definitions = Definitions.of(ruleset)
        self._counted_by: dict[str, list[Correlation]] = {}
        for correlation in ruleset.correlations:
            for rule_id in correlation.rules:
                self._counted_by.setdefault(rule_id, []).append(correlation)
        self._tagged_topic = full_name(self.config.topic_prefix, TAGGED)
        self._matches_topic = full_name(self.config.topic_prefix, MATCHES)
        self._suppressed_topic = full_name(self.config.topic_prefix, SUPPRESSED)
        self._late_topic = full_name(self.config.topic_prefix, LATE)
        self._dead_topic = full_name(self.config.topic_prefix, DEAD)
        self._alert_topics = {s: full_name(self.config.topic_prefix, topic) for s, topic in ALERTS.items()}

    def tag(self, records: Sequence[Record]) -> Batch:
        """Agent 1: each raw record becomes one tagged article and its matches, or one dead letter."""
        facts = Facts(records=len(records))
        outputs: list[Output] = []
        timed: list[Timed] = []
        readable: list[Record] = []
        controls: list[Control] = []
        for record in records:
            if is_control(record):
                facts.controls += 1
                control = decode_control(record)
                if control is not None and control.run is not None:  # live time is the worker's own to tell
                    controls.append(replace(control, partition=record.partition))
                continue
            decoded = decode_article(record.value, message_bytes_max=self.config.message_bytes_max)
            match decoded:
                case Reject():
                    outputs.append(self._dead_letter(decoded, record, facts))
                case Decoded(article=article):
                    facts.article_bytes += len(record.value or b"")
                    moment = _from_ms(record.timestamp_ms)
                    times = event_time(article, moment), record.timestamp_ms, date_of(article, moment)
                    timed.append(Timed(decoded, *times))
                    readable.append(record)
        for record, judged in zip(readable, self.judge(timed), strict=True):
            outputs.extend(self._tag_outputs(judged, record, facts))
        live = [each for each in timed if each.decoded.article.run is None]
        newest, newest_date = _newest(live, by_date=False), _newest(live, by_date=True)
        return Batch(outputs, facts, controls, newest_live_us=newest, newest_published_us=newest_date)

    def alert(self, records: Sequence[Record], now: datetime, memory: Memory) -> Batch:
        """Agent 2: each match becomes an alert, or is held back, counted, late or known; control records move time on.

        `now` is the wall clock, shown only as `recordedtime`. `memory` is that of the partition, and is changed; what
        is to be written of it may be asked when the outputs are on their way, and before the next call.
        """
        facts = Facts(records=len(records))
        outputs: list[Output] = []
        for record in records:
            if is_control(record):
                facts.controls += 1
                outputs.extend(self._told(record, now, memory, facts))
                continue
            match = decode_match(record.value)
            if isinstance(match, Reject):
                outputs.append(self._dead_letter(match, record, facts))
                continue
            outputs.extend(self.detect(match, record.offset, now, memory, facts))
        facts.forgotten, memory.forgotten = memory.forgotten, 0
        facts.watermark_seconds = memory.reached(None)
        return Batch(outputs, facts)

    def detect(self, match: Match, offset: int, now: datetime, memory: Memory, facts: Facts) -> list[Output]:
        """What becomes of one match. `offset` orders the matches of a partition."""
        if match.correlation is not None:
            return self._counted(match, offset, memory, facts)
        rule, ruling = self._definitions.rules.get(match.rule.id), None
        if rule is not None and rule.stateful:
            ruling = memory.rule(rule, match, offset)
            if ruling is None:
                facts.known += 1
                return []
        alert = raise_alert(match, now, ruling)
        if alert.suppressed is not None:
            facts.suppressed[alert.rule.id, alert.suppressed.by] += 1
            return [self.alert_output(alert)]
        facts.alerts[alert.rule.id, alert.rule.severity.value, alert.state] += 1
        facts.alert_sources[alert.article.source or "", alert.rule.severity.value] += 1
        facts.raw_timestamps_ms.append(alert.raw_timestamp_ms)
        if not alert.exercise and alert.article.published is not None:
            facts.published_live.append(alert.article.published)
        return [self.alert_output(alert)]

    def hear(self, told: Told, offset: int, now: datetime, memory: Memory, facts: Facts) -> list[Output]:
        """What has become certain by a control record."""
        outputs = []
        for due in memory.hear(told, offset, self._definitions):
            correlation = self._definitions.correlations[due.detection.correlation]
            reference = self._correlation_refs[correlation.id]
            alert = raise_episode(due.detection, reference, correlation.summary, due.key, now)
            facts.alerts[alert.rule.id, alert.rule.severity.value, alert.state] += 1
            facts.episodes[alert.rule.id, alert.rule.severity.value, alert.state] += 1
            # Whoever was told that it began is told how it goes on, also where its severity was changed meanwhile.
            outputs += [self.alert_output(alert, severity) for severity in due.detection.severities]
        return outputs

    def _told(self, record: Record, now: datetime, memory: Memory, facts: Facts) -> list[Output]:
        control = decode_control(record)
        if control is None:
            return []
        time_us = to_us(control.time)
        published_us = time_us if control.published is None else to_us(control.published)
        ended = control.kind == "end"
        told = Told(control.run, control.partition, max(1, control.partitions), time_us, published_us, ended)
        return self.hear(told, record.offset, now, memory, facts)

    def _counted(self, match: Match, offset: int, memory: Memory, facts: Facts) -> list[Output]:
        correlation = self._definitions.correlations.get(match.correlation or "")
        if correlation is None:
            facts.waiting += 1  # its correlation went with a reload
            return []
        match memory.correlation(correlation, match, offset):
            case "waits":
                facts.waiting += 1
            case "known":
                facts.known += 1
            case "late":
                facts.late += 1
                return [encode_late(match, topic=self._late_topic)]
        return []

    def judge(self, articles: Sequence[Timed]) -> list[Judged]:
        """What the rules say about each article, in order."""
        read = [read_article(timed.decoded.article, timed.time) for timed in articles]
        found = self._matcher.match(read)
        return [self._judged(t, r, hits) for t, r, hits in zip(articles, read, found, strict=True)]

    def alert_output(self, alert: Alert, severity: Severity | None = None) -> Output:
        """The message of one alert, or of one that was held back. `severity`: of the topic, if not the alert's."""
        held = alert.suppressed is not None
        return encode_alert(
            alert,
            topic=self._suppressed_topic if held else self._alert_topics[severity or alert.rule.severity],
            pipeline=self.config.pipeline,
            # A broker refuses what is larger than a message may be, and a worker ends with each refusal.
            bytes_max=min(self.config.alert_bytes_max, max(self.config.message_bytes_max, ALERT_BYTES_MIN)),
        )

    def tagged_event(self, judged: Judged) -> bytes:
        """The tagged article as its topic carries it."""
        return tagged_event(
            judged.timed.decoded.article,
            judged.topics,
            judged.report,
            time=judged.timed.time,
            pipeline=self.config.pipeline,
            bytes_max=self.config.message_bytes_max,
        )

    def _tag_outputs(self, judged: Judged, record: Record, facts: Facts) -> list[Output]:
        article = judged.timed.decoded.article
        touching = self.touching(judged)
        outputs = [encode_tagged(article, self.tagged_event(judged), topic=self._tagged_topic)]
        outputs.extend(encode_match(match, topic=self._matches_topic) for match in touching)
        largest = max(outputs, key=lambda output: len(output.value))
        if len(largest.value) > self.config.message_bytes_max:
            return [self._too_large(largest, record, facts)]
        facts.articles += 1
        facts.matches += len(touching)
        facts.topics.update(hit.topic for hit in judged.topics)
        facts.rule_errors.extend(judged.rule_errors)
        return outputs

    def _too_large(self, output: Output, record: Record, facts: Facts) -> Output:
        # The broker would refuse it, and with it the others of its batch. The original would be no smaller.
        limit = f"found {len(output.value)} bytes for {output.topic}, expected at most {self.config.message_bytes_max}"
        reject = Reject("match", "output_too_large", limit)
        self._count_dead(reject, record, facts)
        return encode_dead_letter(reject, record, topic=self._dead_topic, original_bytes_max=0)

    def touching(self, judged: Judged) -> list[Match]:
        """One match for each state key that the article touches: of its alert rules, and of correlations."""
        touching = []
        for match in judged.matches:
            if match.rule.severity is not Severity.NONE:
                touching.append(match)
            for correlation in self._counted_by.get(match.rule.id, ()):
                touching.extend(_for_groups(match, correlation, judged.timed.published))
        return touching

    def _judged(self, timed: Timed, read: ReadArticle, hits: Sequence[RuleMatch]) -> Judged:
        article = timed.decoded.article
        held = [hit for hit in hits if hit.error is None]
        reference = article_ref(article) if held else None
        topics = topics_of(held)
        text = _fingerprint(read) if any(self._asks_for_stories(hit.rule) for hit in held) else b""
        values = _values(article, topics) if any(self._asks_for_values(hit.rule) for hit in held) else ()
        matches = []
        for hit in held:
            rule = self._rule_refs[hit.rule.id]
            assert reference is not None
            matches.append(
                Match(
                    rule=rule,
                    article=reference,
                    run=article.run,
                    exercise=article.exercise,
                    time=timed.time,
                    raw_timestamp_ms=timed.raw_timestamp_ms,
                    summary=render_summary(hit.rule.summary, rule, reference, hit.evidence),
                    evidence=hit.evidence,
                    key=state_key(article.run, rule.id, exercise=article.exercise),
                    fingerprint=text if self._asks_for_stories(hit.rule) else b"",
                    values=values if self._asks_for_values(hit.rule) else (),
                )
            )
        cuts = tuple(("body", cut.start, cut.end, cut.kind) for cut in read.body.cuts)
        return Judged(
            timed,
            topics,
            tuple(matches),
            CleaningReport(timed.decoded.warnings, cuts),
            tuple((hit.rule.id, hit.error) for hit in hits if hit.error is not None),
        )

    def _asks_for_stories(self, rule: Rule) -> bool:
        names = (*rule.group_by, *(rule.throttle.per if rule.throttle is not None else ()))
        return "story" in names or any(c.count == "story" for c in self._counted_by.get(rule.id, ()))

    def _asks_for_values(self, rule: Rule) -> bool:
        return rule.stateful or rule.id in self._counted_by

    def _count_dead(self, reject: Reject, record: Record, facts: Facts) -> None:
        facts.dead[reject.stage, reject.code] += 1
        facts.dead_reasons.append(f"{record.topic}[{record.partition}]@{record.offset}: {reject.reason}")

    def _dead_letter(self, reject: Reject, record: Record, facts: Facts) -> Output:
        self._count_dead(reject, record, facts)
        return encode_dead_letter(
            reject,
            record,
            topic=self._dead_topic,
            original_bytes_max=self.config.dead_letter_original_bytes_max,
            bytes_max=self.config.message_bytes_max,
        )


def event_time(article: Article, recorded: datetime) -> datetime:
    """`fetched`, else `published`, else `recorded` (the Kafka timestamp); clamped around it unless an exercise."""
    return _clamped(article.fetched or article.published or recorded, article, recorded)


def date_of(article: Article, recorded: datetime) -> datetime | None:
    """`published`, clamped in the same way: a date of 1970 or 2100 moves no window."""
    return None if article.published is None else _clamped(article.published, article, recorded)


def _clamped(moment: datetime, article: Article, recorded: datetime) -> datetime:
    if article.exercise:
        return moment
    return min(max(moment, recorded - PAST_MAX), recorded + FUTURE_MAX)


def _newest(live: Sequence[Timed], *, by_date: bool) -> int | None:
    """The newest time, no later than when Kafka received it. One from beyond the future's limit moves nothing, nor does
    an article that Kafka received at no time that there is.
    """
    times = []
    for each in live:
        if each.raw_timestamp_ms > _LAST_MS:
            continue
        recorded = _from_ms(each.raw_timestamp_ms)
        moment = (each.published or each.time) if by_date else each.time
        if moment < recorded + FUTURE_MAX:
            times.append(min(moment, recorded))
    return to_us(max(times)) if times else None


def article_ref(article: Article) -> ArticleRef:
    """What matches and alerts say about an article; long titles are cut, unusable URLs left out."""
    url = article.url
    return ArticleRef(
        id=article.id,
        revision=article.revision,
        url=url if url is not None and len(url) <= URL_CODE_POINTS_MAX else None,
        title=_clip(article.title),
        source=_clip(article.source),
        published=article.published,
        sha256=hashlib.sha256(article.body.encode("utf-8")).hexdigest(),
    )


def _fingerprint(read: ReadArticle) -> bytes:
    return fingerprint(read.body.tokens, () if read.title is None else read.title.tokens)


def _rule_ref(rule: Rule, digest: str) -> RuleRef:
    return RuleRef(rule.id, rule.version, rule.title, rule.severity, rule.topics, rule.labels, digest)


def _correlation_ref(correlation: Correlation, digest: str) -> RuleRef:
    c = correlation
    return RuleRef(c.id, c.version, c.title, c.severity, c.topics, c.labels, digest)


def _values(article: Article, topics: Sequence[TopicHit]) -> tuple[tuple[str, str], ...]:
    """What the article can be grouped and counted by, folded; what it does not have is left out."""
    texts = {name: getattr(article, name) for name in ("source", "country", "lang", "section", "author")}
    found = [(name, folded) for name, text in texts.items() if text and (folded := _fold(text))]
    names = ",".join(sorted(hit.topic for hit in topics))
    return tuple([*found, ("topic", names)] if names else found)


def _fold(text: str) -> str:
    return fold_key(text)[:VALUE_CODE_POINTS_MAX]


def _for_groups(match: Match, correlation: Correlation, published: datetime | None) -> Iterator[Match]:
    """The match for each group that it falls into: one, or with `topic` one for each topic of the article."""
    values = dict(match.values)
    topics = values.get("topic", "").split(",") if "topic" in correlation.group_by else [""]
    for topic in topics:
        group = tuple(topic if name == "topic" else values.get(name, "") for name in correlation.group_by)
        key = correlation_key(match.run, correlation.id, group, exercise=match.exercise)
        yield replace(
            match,
            key=key,
            correlation=correlation.id,
            group=group,
            evidence=match.evidence[:1],
            fingerprint=match.fingerprint if correlation.count == "story" else b"",
            published=published if correlation.window.time == "published" else None,
        )


def _clip(text: str | None) -> str | None:
    if text is None or len(text) <= TITLE_CODE_POINTS_MAX:
        return text
    return text[: TITLE_CODE_POINTS_MAX - 1] + "…"


def _from_ms(timestamp_ms: int) -> datetime:
    """What Kafka says, which is whatever a producer wrote: at most so far off that it can still be counted from."""
    return datetime.fromtimestamp(min(max(timestamp_ms, _FIRST_MS), _LAST_MS) / 1000, UTC)

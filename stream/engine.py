"""The stages composed, in batches; pure and total: the same records give the same outputs.

    tag(records)         raw records -> articles.tagged, matches, articles.dead
    alert(records, now)  matches     -> alerts.<severity>, articles.dead
    judge(articles)      the middle of `tag` without records, for `redline scan` and rule tests

`outputs` is all that must be on the broker before the records are confirmed; `facts` is what telemetry counts.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from stream.alert import raise_alert, render_summary
from stream.detect import fingerprint
from stream.matching import Limits, Matcher, ReadArticle, RuleMatch, read_article
from stream.model import Alert, Article, ArticleRef, Match, Output, Record, Reject, RuleRef, Severity, TopicHit
from stream.rulelang.ruleset import Rule, RuleSet
from stream.tag import topics_of
from stream.wire.cloudevent import CleaningReport, encode_alert, encode_tagged, tagged_event
from stream.wire.deadletter import encode_dead_letter
from stream.wire.decode import Decoded, decode_article, is_control
from stream.wire.matchcodec import decode_match, encode_match, state_key
from stream.wire.topics import ALERTS, DEAD, MATCHES, TAGGED, full_name

PAST_MAX = timedelta(days=7)
FUTURE_MAX = timedelta(minutes=5)
"""How far a live article's event time may be from its Kafka timestamp; beyond, it is clamped."""

TITLE_CODE_POINTS_MAX = 1_000
URL_CODE_POINTS_MAX = 2_000


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """Settings of the engine; sizes in bytes."""

    topic_prefix: str = "redline."
    pipeline: str = "news"
    message_bytes_max: int = 900_000
    alert_bytes_max: int = 65_536
    dead_letter_original_bytes_max: int = 65_536
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Timed:
    """A decoded article with the event time that it keeps from here on."""

    decoded: Decoded
    time: datetime
    raw_timestamp_ms: int


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
    """What happened in one batch, for telemetry. Times are Kafka timestamps in milliseconds, one an alert."""

    records: int = 0
    controls: int = 0
    articles: int = 0
    article_bytes: int = 0
    matches: int = 0
    topics: Counter[str] = field(default_factory=Counter)
    alerts: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    dead: Counter[tuple[str, str]] = field(default_factory=Counter)
    dead_reasons: list[str] = field(default_factory=list)
    rule_errors: list[tuple[str, str]] = field(default_factory=list)
    raw_timestamps_ms: list[int] = field(default_factory=list)
    published_live: list[datetime] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Batch:
    """The result of one call: every message to send, and the facts."""

    outputs: list[Output]
    facts: Facts


class Engine:
    """A rule set at work. Holds no state between calls."""

    def __init__(self, ruleset: RuleSet, config: EngineConfig | None = None) -> None:
        self.ruleset = ruleset
        self.config = config or EngineConfig()
        self._matcher = Matcher(ruleset, self.config.limits)
        self._rule_refs = {rule.id: _rule_ref(rule, ruleset.digest) for rule in ruleset.rules}
        self._tagged_topic = full_name(self.config.topic_prefix, TAGGED)
        self._matches_topic = full_name(self.config.topic_prefix, MATCHES)
        self._dead_topic = full_name(self.config.topic_prefix, DEAD)
        self._alert_topics = {s: full_name(self.config.topic_prefix, topic) for s, topic in ALERTS.items()}

    def tag(self, records: Sequence[Record]) -> Batch:
        """Agent 1: each raw record becomes one tagged article and its matches, or one dead letter."""
        facts = Facts(records=len(records))
        outputs: list[Output] = []
        timed: list[Timed] = []
        readable: list[Record] = []
        for record in records:
            if is_control(record):
                facts.controls += 1
                continue
            decoded = decode_article(record.value, message_bytes_max=self.config.message_bytes_max)
            match decoded:
                case Reject():
                    outputs.append(self._dead_letter(decoded, record, facts))
                case Decoded(article=article):
                    facts.article_bytes += len(record.value or b"")
                    moment = _from_ms(record.timestamp_ms)
                    timed.append(Timed(decoded, event_time(article, moment), record.timestamp_ms))
                    readable.append(record)
        for record, judged in zip(readable, self.judge(timed), strict=True):
            outputs.extend(self._tag_outputs(judged, record, facts))
        return Batch(outputs, facts)

    def alert(self, records: Sequence[Record], now: datetime) -> Batch:
        """Agent 2: each match becomes one alert; `now` is the wall clock, shown only as `recordedtime`."""
        facts = Facts(records=len(records))
        outputs: list[Output] = []
        for record in records:
            if is_control(record):
                facts.controls += 1
                continue
            match = decode_match(record.value)
            if isinstance(match, Reject):
                outputs.append(self._dead_letter(match, record, facts))
                continue
            alert = raise_alert(match, now)
            facts.alerts[alert.rule.id, alert.rule.severity.value, alert.state] += 1
            facts.raw_timestamps_ms.append(alert.raw_timestamp_ms)
            if not alert.exercise and alert.article.published is not None:
                facts.published_live.append(alert.article.published)
            outputs.append(self.alert_output(alert))
        return Batch(outputs, facts)

    def judge(self, articles: Sequence[Timed]) -> list[Judged]:
        """What the rules say about each article, in order."""
        read = [read_article(timed.decoded.article, timed.time) for timed in articles]
        found = self._matcher.match(read)
        return [self._judged(t, r, hits) for t, r, hits in zip(articles, read, found, strict=True)]

    def alert_output(self, alert: Alert) -> Output:
        """The message of one alert."""
        return encode_alert(
            alert,
            topic=self._alert_topics[alert.rule.severity],
            pipeline=self.config.pipeline,
            bytes_max=self.config.alert_bytes_max,
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
        alerting = judged.alerting
        outputs = [encode_tagged(article, self.tagged_event(judged), topic=self._tagged_topic)]
        outputs.extend(encode_match(match, topic=self._matches_topic) for match in alerting)
        largest = max(outputs, key=lambda output: len(output.value))
        if len(largest.value) > self.config.message_bytes_max:
            return [self._too_large(largest, record, facts)]
        facts.articles += 1
        facts.matches += len(alerting)
        facts.topics.update(hit.topic for hit in judged.topics)
        facts.rule_errors.extend(judged.rule_errors)
        return outputs

    def _too_large(self, output: Output, record: Record, facts: Facts) -> Output:
        # The broker would refuse it, and with it the others of its batch. The original would be no smaller.
        limit = f"found {len(output.value)} bytes for {output.topic}, expected at most {self.config.message_bytes_max}"
        reject = Reject("match", "output_too_large", limit)
        self._count_dead(reject, record, facts)
        return encode_dead_letter(reject, record, topic=self._dead_topic, original_bytes_max=0)

    def _judged(self, timed: Timed, read: ReadArticle, hits: Sequence[RuleMatch]) -> Judged:
        article = timed.decoded.article
        held = [hit for hit in hits if hit.error is None]
        reference = article_ref(article) if held else None
        text = _fingerprint(read) if any(hit.rule.severity is not Severity.NONE for hit in held) else b""
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
                    key=state_key(article.run, rule.id),
                    fingerprint=b"" if rule.severity is Severity.NONE else text,
                )
            )
        cuts = tuple(("body", cut.start, cut.end, cut.kind) for cut in read.body.cuts)
        return Judged(
            timed,
            topics_of(held),
            tuple(matches),
            CleaningReport(timed.decoded.warnings, cuts),
            tuple((hit.rule.id, hit.error) for hit in hits if hit.error is not None),
        )

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
        )


def event_time(article: Article, recorded: datetime) -> datetime:
    """`fetched`, else `published`, else `recorded` (the Kafka timestamp); clamped around it unless an exercise."""
    moment = article.fetched or article.published or recorded
    if article.exercise:
        return moment
    return min(max(moment, recorded - PAST_MAX), recorded + FUTURE_MAX)


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


def _clip(text: str | None) -> str | None:
    if text is None or len(text) <= TITLE_CODE_POINTS_MAX:
        return text
    return text[: TITLE_CODE_POINTS_MAX - 1] + "…"


def _from_ms(timestamp_ms: int) -> datetime:
    return datetime.fromtimestamp(timestamp_ms / 1000, UTC)

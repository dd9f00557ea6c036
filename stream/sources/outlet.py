"""A source's way to the broker: items become records of `articles.raw`, or dead letters.

Each article gets what its source is known for (`Defaults`, where it does not say it itself), what its text says
(`findfields`), the time at which it was
fetched, the id of its source (`source_id`, kept in `extra`), and an id of its own where it has none. It is checked
against the article's model first, so that a sender learns at once what the worker would refuse.

Delivery guarantees: as in `stream.sources.contract`. A dead letter is acknowledged before its item counts as refused.
Limits: those of `stream.sources.delivery`; batches of at most BATCH_ITEMS items are published at a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from stream.broker.publisher import Failure
from stream.model import Output, Record, Reject
from stream.model.article import format_time
from stream.settings import Settings
from stream.sources.configs import Defaults
from stream.sources.contract import Accepted, Declined, Outcome, Token, Unacknowledged
from stream.sources.delivery import Delivery
from stream.sources.findfields import with_found
from stream.sources.item import Item, Malformed, Offered, Refused
from stream.sources.resume import ResumeStore
from stream.telemetry.events import Event, Telemetry
from stream.telemetry.sourcing import ArticlesOffered, StateUnusable
from stream.wire.deadletter import encode_dead_letter
from stream.wire.decode import article_from, decode_article
from stream.wire.topics import DEAD, RAW, full_name

BATCH_ITEMS = 500
KEY_BYTES_MAX = 1_024
SOURCE_HEADER = "redline-source"


class KafkaOutlet:
    """The outlet of one source. `now` is the wall clock in UTC."""

    def __init__(
        self,
        source: str,
        kind: str,
        *,
        defaults: Defaults,
        delivery: Delivery,
        store: ResumeStore,
        settings: Settings,
        telemetry: Telemetry,
        stopping: asyncio.Event,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._source, self._kind = source, kind
        known = {"lang": defaults.lang, "section": defaults.section, "country": defaults.country}
        self._known = {name: value for name, value in known.items() if value is not None}
        self._owner, self._find = defaults.source, defaults.find
        self._delivery, self._store, self._telemetry = delivery, store, telemetry
        self._stopping, self._now = stopping, now
        self._raw = full_name(settings.topic_prefix, RAW)
        self._dead = full_name(settings.topic_prefix, DEAD)
        self._bytes_max = settings.message_bytes_max
        self._original_bytes_max = settings.dead_letter_original_bytes_max
        self._headers = ((SOURCE_HEADER, source.encode("ascii")),)
        self.articles = 0

    @property
    def stopping(self) -> asyncio.Event:
        """Set when the source is to end."""
        return self._stopping

    async def offer(self, items: Sequence[Item], *, bury: bool = True, known: int = 0) -> list[Outcome]:
        """See `contract.Outlet`."""
        outcomes: list[Outcome] = []
        for start in range(0, len(items), BATCH_ITEMS):
            if self._stopping.is_set() and any(isinstance(outcome, Unacknowledged) for outcome in outcomes):
                # Each batch would wait for the broker as long as the one before it, and a stop has to end.
                outcomes += [Unacknowledged("not sent: the broker is away, and this process stops")] * (
                    len(items) - start
                )
                break
            outcomes += await self._batch(items[start : start + BATCH_ITEMS], bury)
        self._count(items, outcomes, known, bury)
        return outcomes

    def pressure(self, articles: int, size_bytes: int) -> float | None:
        """See `contract.Outlet`."""
        return self._delivery.pressure(articles, size_bytes)

    def recall(self) -> Token | None:
        """See `contract.Outlet`."""
        token = self._store.load(self._source)
        if isinstance(token, Reject):
            self.emit(StateUnusable(self._source, token.reason, writing=False))
            return None
        return token

    async def remember(self, token: Token) -> None:
        """See `contract.Outlet`."""
        try:
            await asyncio.to_thread(self._store.save, self._source, token)
        except OSError as error:
            self.emit(StateUnusable(self._source, error.strerror or str(error), writing=True))

    def emit(self, event: Event) -> None:
        """Telemetry."""
        self._telemetry.emit(event)

    async def _batch(self, items: Sequence[Item], bury: bool) -> list[Outcome]:
        fetched = format_time(self._now())
        prepared = [self._prepare(item, fetched) for item in items]
        sendable = [entry for entry in prepared if not isinstance(entry, Reject)]
        answers = iter(await self._delivery.publish([output for output, _ in sendable]))
        outcomes = [
            Declined(entry) if isinstance(entry, Reject) else _outcome(entry[1], next(answers)) for entry in prepared
        ]
        if bury:
            await self._bury(items, prepared, outcomes)
        return outcomes

    def _prepare(self, item: Item, fetched: str) -> tuple[Output, str] | Reject:
        """The record and the article's id."""
        match item:
            case Refused(reject=reject):
                return reject
            case Malformed(value=value):
                found = decode_article(value, message_bytes_max=self._bytes_max)
                return found if isinstance(found, Reject) else Reject("decode", "not_an_object", "found no article")
            case Offered(fields=fields):
                return self._record(fields, fetched)

    def _record(self, fields: dict[str, Any], fetched: str) -> tuple[Output, str] | Reject:
        decoded = article_from(fields)
        if isinstance(decoded, Reject):
            return decoded
        article = decoded.article
        said = {name: value for name, value in fields.items() if value is not None}
        made = self._known | said | {"id": article.id}
        if self._find:
            made = with_found(made, source=self._owner)
        made.setdefault("source", self._owner or self._source)
        made["source_id"] = self._source
        if article.fetched is None:
            made["fetched"] = fetched
        value = orjson.dumps(made)
        if len(value) > self._bytes_max:
            return Reject("publish", "too_large", f"found {len(value)} bytes, expected at most {self._bytes_max}")
        return Output(self._raw, article.id.encode("utf-8"), value, self._headers), article.id

    async def _bury(
        self, items: Sequence[Item], prepared: Sequence[tuple[Output, str] | Reject], outcomes: list[Outcome]
    ) -> None:
        """Writes dead letters for what was declined; one that is not acknowledged leaves its item undecided."""
        places = [place for place, outcome in enumerate(outcomes) if isinstance(outcome, Declined)]
        letters = [self._letter(items[place], prepared[place], outcomes[place]) for place in places]
        for place, failure in zip(places, await self._delivery.publish(letters), strict=True):
            if failure is not None:
                outcomes[place] = Unacknowledged(failure.reason)

    def _letter(self, item: Item, prepared: tuple[Output, str] | Reject, outcome: Outcome) -> Output:
        assert isinstance(outcome, Declined)
        reject = outcome.reject
        reason = f"{self._source}, {item.origin}: {reject.reason}"
        match item:
            case Malformed(value=value):
                original: bytes | None = value
            case Offered(fields=fields):
                original = orjson.dumps(fields)
            case Refused(original=original):
                pass
        key = None if isinstance(prepared, Reject) or len(prepared[0].key) > KEY_BYTES_MAX else prepared[0].key
        record = Record(self._raw, -1, -1, int(self._now().timestamp() * 1_000), key, original, self._headers)
        letter = Reject(reject.stage, reject.code, reason)
        return encode_dead_letter(
            letter,
            record,
            topic=self._dead,
            original_bytes_max=self._original_bytes_max,
            bytes_max=self._bytes_max,
        )

    def _count(self, items: Sequence[Item], outcomes: Sequence[Outcome], known: int, buried: bool) -> None:
        declined = [
            (item, outcome.reject)
            for item, outcome in zip(items, outcomes, strict=True)
            if isinstance(outcome, Declined)
        ]
        accepted = sum(isinstance(outcome, Accepted) for outcome in outcomes)
        self.articles += accepted
        self.emit(
            ArticlesOffered(
                self._source,
                self._kind,
                accepted=accepted,
                refused=len(declined),
                failed=len(outcomes) - accepted - len(declined),
                known=known,
                now=self._now().timestamp(),
                reasons=tuple(f"{item.origin}: {reject.reason}" for item, reject in declined),
                buried=tuple((reject.stage, reject.code) for _, reject in declined) if buried else (),
                waiting=self._delivery.waiting,
            )
        )


def _outcome(article: str, failure: Failure | None) -> Outcome:
    if failure is None:
        return Accepted(article)
    return Unacknowledged(failure.reason) if failure.reject is None else Declined(failure.reject)

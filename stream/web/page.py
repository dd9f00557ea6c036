"""The state of one running page, and what its handlers need: store, hub, guard, and the answers' common shape."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import orjson
from aiohttp import web

from stream.settings import Settings
from stream.telemetry.events import Telemetry
from stream.telemetry.paging import ReadersCounted
from stream.web.article import body_behind
from stream.web.cards import is_unsure, place
from stream.web.decide import Decider
from stream.web.feed import Alerted, Dead, Decided, Item, Tagged, Watched, group_fields
from stream.web.guard import Guard
from stream.web.hub import Hub
from stream.web.sandbox import Sandbox
from stream.web.store import Kept, Store

KEY: web.AppKey[Page] = web.AppKey("page")
BODY_SECONDS_MAX = 10.0

_T = TypeVar("_T")


class Page:
    """One page. Everything happens on the event loop."""

    def __init__(self, settings: Settings, telemetry: Telemetry) -> None:
        self.settings = settings
        self.telemetry = telemetry
        self.guard = Guard(settings)
        self.store = Store(alerts_max=settings.web_alerts_max, articles_bytes_max=settings.web_articles_bytes_max)
        self.hub = Hub(queue_max=settings.web_reader_queue_events_max)
        self.decider = Decider(settings)
        self.playground = Sandbox("stream.web.playground:answer", seconds_max=settings.playground_ms_max / 1_000)
        self.rules = Sandbox("stream.web.rulebook:answer", seconds_max=60.0)
        self.catching_up = True
        self.watched = Watched(None, None)
        self.beaten_at = time.monotonic()
        self.closing = False
        self.book: dict[str, Any] | None = None
        self.book_at = 0.0
        self.book_asked: asyncio.Future[dict[str, Any]] | None = None

    def close_readers(self) -> None:
        """Ends all live streams."""
        self.closing = True
        self.hub.wake()

    def close(self) -> None:
        """Ends the processes and connections of its own; may take a second."""
        self.decider.close()
        self.playground.close()
        self.rules.close()

    # From the feed ---------------------------------------------------------------------------------------------

    def take(self, items: list[Item], live: bool) -> None:
        """Keeps what was read, and tells the readers if it is news."""
        for item in items:
            match item:
                case Tagged():
                    self.store.add_article(item.article, item.revision, item.event)
                    self.store.counts.article(item.topics, item.rules, item.arrived_ms)
                case Alerted():
                    kept = self.store.add_alert(item.card, item.event, item.arrived_ms)
                    if kept is not None and live:
                        name = "alert" if kept.card["suppressed"] is None else "suppressed"
                        self.hub.publish(name, self.fields(kept))
                case Decided():
                    self.store.add_decision(item.decision)
                    if live:
                        self.hub.publish("decision", item.decision.model_dump(mode="json"))
                case Dead():
                    self.store.counts.dead(item.arrived_ms)
        if not live:
            self.catching_up = False
            self.hub.publish("gap", {"missed": None, "reason": "the alerts of before were read"})

    def watch(self, watched: Watched) -> None:
        """Takes how the workers are."""
        if watched.trouble is not None:
            # What was known last is worth showing, with the trouble beside it.
            watched = Watched(self.watched.group, watched.trouble)
        changed = watched.trouble != self.watched.trouble
        self.watched = watched
        if changed:
            self.beat()

    def beat(self) -> None:
        """Tells all readers how it is: also a sign of life."""
        self.beaten_at = time.monotonic()
        self.hub.tell("status", self.status())
        self.telemetry.emit(ReadersCounted(len(self.hub), self.hub.dropped))
        self.hub.dropped = 0

    def trouble(self) -> str | None:
        """Why the page does not show what it should; None if it does."""
        if self.catching_up:
            return "the alerts that are there already are still being read"
        return self.watched.trouble

    # Answers ---------------------------------------------------------------------------------------------------

    def status(self) -> dict[str, Any]:
        """What the page's head shows."""
        return {
            "now": now_ms(),
            "kafka": self.watched.trouble,
            "catching_up": self.catching_up,
            "alerts": len(self.store),
            "suppressed": self.suppressed_total(),
            "readers": len(self.hub),
            "articles_per_second": round(self.store.counts.articles_per_second(now_ms()), 2),
        }

    def suppressed_total(self) -> int:
        """How many alerts were held back, of those that were read."""
        return self.store.held_back.total()

    def fields(self, kept: Kept) -> dict[str, Any]:
        """An alert as lists have it: its card, when it arrived, and what was decided."""
        identifier = kept.card["id"]
        if is_unsure(kept.card):
            self._place(kept)
        acknowledged = self.store.acknowledged.get(identifier)
        verdict = self.store.verdicts.get(identifier)
        silence = self.store.silence_for(kept.card, datetime.now(UTC))
        return {
            **kept.card,
            "arrived": kept.arrived_ms,
            "acknowledged": None
            if acknowledged is None or acknowledged.withdrawn
            else acknowledged.model_dump(mode="json"),
            "verdict": None if verdict is None or verdict.withdrawn else verdict.model_dump(mode="json"),
            "silence": None if silence is None else silence.model_dump(mode="json"),
        }

    def _place(self, kept: Kept) -> None:
        data = orjson.loads(kept.event)["data"]
        tagged = self.store.article(data["article"]["id"], data["article"]["revision"])
        body = None if tagged is None else body_behind(tagged, data["article"])
        if body is not None:
            place(kept.card, [e for e in data["evidence"] if isinstance(e, dict)], body)

    def workers(self) -> dict[str, Any] | None:
        """The group of workers."""
        return group_fields(self.watched.group, self.settings.topic_prefix)


def page_of(request: web.Request) -> Page:
    """The page that a request is for."""
    return request.app[KEY]


def json_answer(data: Any, *, status: int = 200) -> web.Response:
    """JSON, never stored; compressed where that helps."""
    response = web.Response(
        body=_json(data), status=status, content_type="application/json", headers={"Cache-Control": "no-store"}
    )
    response.enable_compression()
    return response


def _json(data: Any) -> bytes:
    try:
        return orjson.dumps(data)
    except TypeError:
        # A rule's YAML may write half a surrogate pair ("\ud83d"), which is no text for orjson.
        return json.dumps(data, ensure_ascii=False).encode("utf-8", "replace")


def number(request: web.Request, name: str, *, default: int, least: int, most: int) -> int:
    """A number from the query string. Raises 400 if it is none, or out of range."""
    text = request.query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) < 16 and least <= int(text) <= most):
        raise web.HTTPBadRequest(text=f"{name}: found {text[:40]!r}, expected a number from {least} to {most}")
    return int(text)


def checked(
    value: _T | str, wrong: Callable[[str], web.HTTPException] = lambda text: web.HTTPBadRequest(text=text)
) -> _T:
    """The value; raises 400 with the sentence that stands in its place."""
    if isinstance(value, str):
        raise wrong(value)
    return value


def now_ms() -> int:
    """The wall clock, in ms since 1970."""
    return time.time_ns() // 1_000_000

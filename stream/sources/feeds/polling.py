"""A feed that is polled: asked at its interval, politely, and what is new in it becomes articles.

    wait ──> turn of its host ──> conditional GET ──> 304, or the same bytes: nothing to do
                                        └──> parse (workshop) ──> new or changed entries
                                                                      └──> full text of the page? ──> offer ──> remember

Delivery guarantees: as in `stream.sources.contract`. Every entry that the feed shows at a poll is offered once for
each text it has; an entry that came and went between two polls is never seen. An answer that is no feed is one dead
letter for each different body. A body whose parser gives no answer is parsed again at the next poll, and is a dead
letter when that happens PARSER_TRIES_MAX times in a row; that a parser cannot start is not the body's fault. The
article's id is a function of its link (so the same article in two feeds is one), else of the entry's own id.

Limits: settings `feed_bytes_max`, `feed_timeout_ms` (redirects included), `feed_host_pause_ms`; addresses that are not
globally reachable are never asked (`stream.net.guard`), unless the source allows their network. After failures the
pause doubles, up to six hours; `Retry-After` is obeyed; a feed that is gone (410) is asked once a day.
"""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import aiohttp
from yarl import URL

from stream.model import Reject
from stream.net.addresses import Network
from stream.net.fetching import Failed, Fetched, fetch
from stream.net.guard import Lookup, guarded_session
from stream.net.lookup import system_lookup
from stream.net.urls import base_of, redacted
from stream.settings import Settings
from stream.sources.configs import FeedConfig
from stream.sources.contract import Outlet, Unacknowledged, pause
from stream.sources.feeds.entry import Entry, digest
from stream.sources.feeds.memory import Memory
from stream.sources.feeds.pages import PAGE_TYPES
from stream.sources.feeds.schedule import Turns, next_try
from stream.sources.feeds.workshop import Unread, Workshop
from stream.sources.item import Item, Offered, Origin, Refused
from stream.telemetry.sourcing import FeedMoved, PageFetched, SourceTried
from stream.wire.identity import NAMESPACE

REQUESTS_MAX = 32
PARSE_SECONDS_MAX = 10.0
"""A feed of ten megabytes is parsed in two or three; what takes longer is meant to."""

PARSER_TRIES_MAX = 3
"""So often a body may cost a parser; a machine that is short of memory or time ends one now and then too."""

RETRY_SECONDS = 5.0
FIRST_SECONDS_EACH = 0.02
"""First polls are spread over so long for each feed, at most over their interval."""

_ACCEPT = "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"
T = TypeVar("T")


class FeedWorks:
    """What all feeds of a process share: sessions, turns, the parsing process. A context manager."""

    def __init__(self, settings: Settings, *, feeds: int, lookup: Lookup = system_lookup) -> None:
        self.settings = settings
        self.workshop = Workshop(seconds_max=PARSE_SECONDS_MAX)
        self.first_seconds = feeds * FIRST_SECONDS_EACH
        self._turns = Turns(pause_seconds=settings.feed_host_pause_ms / 1_000, requests_max=REQUESTS_MAX)
        self._lookup = lookup
        self._sessions: dict[tuple[Network, ...], aiohttp.ClientSession] = {}

    async def __aenter__(self) -> FeedWorks:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.workshop.close()
        for session in self._sessions.values():
            await session.close()

    async def get(self, url: str, headers: dict[str, str], allowed: tuple[Network, ...]) -> Fetched | Failed:
        """One guarded request, when it is its host's turn."""
        settings = self.settings
        seconds_max = settings.feed_timeout_ms / 1_000
        session = self._sessions.get(allowed)
        if session is None:
            session = self._sessions[allowed] = guarded_session(
                allowed,
                seconds_max=seconds_max,
                connections_max=REQUESTS_MAX,
                user_agent=settings.feed_user_agent,
                lookup=self._lookup,
            )
        async with self._turns.turn(_host(url)):
            return await fetch(
                session,
                url,
                allowed=allowed,
                headers=headers,
                bytes_max=settings.feed_bytes_max,
                seconds_max=seconds_max,
            )


@dataclass(frozen=True, slots=True)
class _Poll:
    """How a poll came out: what to do about the next one."""

    failed: bool = False
    soon: bool = False
    gone: bool = False
    retry_after_seconds: float | None = None


class FeedSource:
    """The source."""

    type = "feed"

    def __init__(self, config: FeedConfig, works: FeedWorks) -> None:
        self.id, self.place = config.id, config.place
        self._config, self._works = config, works
        self._memory = Memory.of(config.url, None)
        self._failures = 0
        self._unread: tuple[str, int] | None = None
        self._tried = False

    async def run(self, outlet: Outlet) -> bool:
        """See `contract.Source`."""
        self._memory = Memory.of(self._config.url, outlet.recall())
        every = self._config.every_seconds
        # No secret depends on it: it keeps feeds from asking all at once.
        wait = random.random() * min(every, self._works.first_seconds)
        while not await pause(outlet.stopping, wait):
            poll = await self._poll(outlet)
            if poll is None:
                break
            self._failures = self._failures + 1 if poll.failed else 0
            wait = next_try(
                every, self._failures, random.random(), retry_after_seconds=poll.retry_after_seconds, gone=poll.gone
            )
            wait = min(wait, RETRY_SECONDS) if poll.soon else wait
        return False

    async def _poll(self, outlet: Outlet) -> _Poll | None:
        """One look at the feed; None if it was stopped in the middle."""
        headers = {"Accept": _ACCEPT, **self._memory.headers()}
        answer = await _unless(outlet.stopping, self._works.get(self._config.url, headers, self._config.allowed))
        if answer is None:
            return None
        if isinstance(answer, Failed):
            return self._failed(answer, outlet)
        if answer.moved_to is not None:
            outlet.emit(FeedMoved(self.id, redacted(answer.moved_to)))
        if answer.status == 304 or self._memory.is_same(answer.body):
            self._tell(outlet, None, "unchanged")
            return _Poll()
        return await self._take(answer, outlet)

    async def _take(self, answer: Fetched, outlet: Outlet) -> _Poll | None:
        """Offers what is new in an answer, and remembers it."""
        parsing = self._works.workshop.feed(answer.body, content_type=answer.content_type, url=base_of(answer.url))
        found = await _unless(outlet.stopping, parsing)
        if found is None:
            return None
        if isinstance(found, Unread):
            if not self._given_up(found, answer.body):
                # Neither the body nor its validators are remembered: the next poll gets it again.
                self._tell(outlet, f"{found.reason}; it is tried again at the next poll", "failed")
                return _Poll(failed=True)
            found = Reject("read", "parser_failed", f"{found.reason}, {PARSER_TRIES_MAX} times in a row")
        else:
            self._unread = None
        if isinstance(found, Reject):
            trouble = found.reason
            outcomes = await outlet.offer([Refused(Origin(self.place), found, original=answer.body)])
            settled = not any(isinstance(outcome, Unacknowledged) for outcome in outcomes)
        else:
            trouble = None
            taken = await self._offer(found, outlet)
            if taken is None:
                return None
            settled = taken
        if settled:
            self._memory.worked_on(answer.body, answer.etag, answer.last_modified)
        await outlet.remember(self._memory.token())
        self._tell(outlet, trouble, "failed" if trouble else "changed")
        return _Poll(failed=trouble is not None, soon=not settled)

    def _given_up(self, unread: Unread, body: bytes) -> bool:
        """Whether a body has cost so many parsers in a row, with this one, that it gets no more."""
        if not unread.began:
            return False
        name = digest(body)
        before = self._unread[1] if self._unread is not None and self._unread[0] == name else 0
        self._unread = name, before + 1
        return before + 1 >= PARSER_TRIES_MAX

    async def _offer(self, entries: Sequence[Entry], outlet: Outlet) -> bool | None:
        """Whether all new entries have their answers; None if it was stopped before."""
        new: dict[str, tuple[Entry, int]] = {}
        for entry in entries:
            revision = self._memory.revision(entry)
            if revision is not None:
                new.setdefault(entry.key, (entry, revision))
        # The oldest first: feeds begin with the newest.
        batch = list(reversed(new.values()))
        items: list[Item] = []
        for entry, revision in batch:
            if self._config.full_text and not entry.complete and entry.link is not None:
                entry = await self._completed(entry, outlet)
            if outlet.stopping.is_set():
                return None
            items.append(self._item(entry, revision))
        outcomes = await outlet.offer(items, known=len(entries) - len(batch))
        settled = True
        for (entry, revision), outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, Unacknowledged):
                settled = False
            else:
                self._memory.note(entry, revision)
        self._memory.forget(entries)
        return settled

    async def _completed(self, entry: Entry, outlet: Outlet) -> Entry:
        """The entry with the text of its page, if that can be had."""
        assert entry.link is not None
        trouble = None
        answer = await _unless(
            outlet.stopping, self._works.get(entry.link, {"Accept": "text/html"}, self._config.allowed)
        )
        if isinstance(answer, Fetched) and answer.content_type.partition(";")[0].strip().lower() in PAGE_TYPES:
            text = await _unless(outlet.stopping, self._works.workshop.page(answer.body, url=base_of(answer.url)))
            if isinstance(text, str) and len(text) > len(entry.fields.get("body", "")):
                outlet.emit(PageFetched(self.id, None))
                return Entry(entry.key, entry.fields | {"body": text, "content_type": "text/plain"}, entry.link, True)
            trouble = text.reason if isinstance(text, Reject) else "found no text on the page beyond the summary"
        elif isinstance(answer, Failed):
            trouble = answer.reason
        else:
            trouble = "found no HTML page"
        outlet.emit(PageFetched(self.id, trouble))
        return entry

    def _item(self, entry: Entry, revision: int) -> Item:
        fields: dict[str, Any] = dict(entry.fields)
        if entry.link is None:
            fields["id"] = str(uuid.uuid5(NAMESPACE, f"{self._memory.url}\n{entry.key}"))
        if revision > 1:
            fields["revision"] = revision
        return Offered(Origin(self.place), fields)

    def _failed(self, answer: Failed, outlet: Outlet) -> _Poll:
        gone = answer.status == 410
        self._tell(outlet, answer.reason, "failed")
        return _Poll(failed=True, gone=gone, retry_after_seconds=answer.retry_after_seconds)

    def _tell(self, outlet: Outlet, trouble: str | None, kind: Any) -> None:
        first = self._tried and trouble is None and self._failures > 0
        self._tried = True
        outlet.emit(SourceTried(self.id, trouble, first=first, kind=kind))


async def _unless(stopping: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """The result of the work; None if it was stopped before, and then the work is cancelled."""
    task, stop = asyncio.ensure_future(work), asyncio.ensure_future(stopping.wait())
    try:
        await asyncio.wait((task, stop), return_when=asyncio.FIRST_COMPLETED)
        return task.result() if task.done() else None
    finally:
        stop.cancel()
        if not task.done():
            task.cancel()
            await asyncio.wait((task,))


def _host(url: str) -> str:
    try:
        return (URL(url).host or "").lower()
    except ValueError:
        return ""

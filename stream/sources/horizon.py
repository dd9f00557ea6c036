"""What a replay can promise about time: "nothing older than this is still to come", and "this was the newest".

An article's event time is its `fetched`, else its `published`, else the moment it is sent.

    items        12:00   12:10   (none)   12:05   12:20
    still to come, before each
                 12:00   12:05   12:05    12:05   12:20     (at most the present, while an undated one is ahead)

A date in the future moves nothing: with an article of 2100 ahead, or behind, time stands at the newest other article.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from stream.model.article import FUTURE_MAX
from stream.sources.item import Malformed, Offered
from stream.wire.decode import parse_time

EVENT_TIME = ("fetched", "published")
DATE = ("published", "fetched")
"""By which windows go: event time (the default), and `published`."""


class Horizon:
    """The promise before each item of a run, and after the last."""

    def __init__(self, items: Sequence[Offered | Malformed], names: Sequence[str] = EVENT_TIME) -> None:
        """`names`: the fields by which time goes, the first that an article has."""
        self._ahead: list[tuple[datetime | None, bool]] = [(None, False)] * (len(items) + 1)
        self._times = [time_of(item, names) for item in items]
        oldest: datetime | None = None
        undated = False
        for index in range(len(items) - 1, -1, -1):
            moment = self._times[index]
            if moment is not None:
                oldest = moment if oldest is None else min(oldest, moment)
            else:
                undated = undated or isinstance(items[index], Offered)
            self._ahead[index] = (oldest, undated)
        self._newest: datetime | None = None
        self._plausible: datetime | None = None

    def passed(self, index: int, now: datetime) -> None:
        """Item number `index` is being sent."""
        moment = self._times[index] or now
        if moment > now + FUTURE_MAX:
            return
        self._newest = moment if self._newest is None else max(self._newest, moment)

    def still_to_come(self, index: int, now: datetime) -> datetime:
        """No item from number `index` on has an event time before this."""
        oldest, undated = self._ahead[index]
        if oldest is None:
            return now if undated else self.newest(now)
        oldest = min(oldest, self._newest_of_all(now))
        return min(oldest, now) if undated else oldest

    def newest(self, now: datetime) -> datetime:
        """The newest event time of the items that were sent; the present if there were none."""
        return self._newest or now

    def _newest_of_all(self, now: datetime) -> datetime:
        if self._plausible is None:
            self._plausible = max((t for t in self._times if t is not None and t <= now + FUTURE_MAX), default=now)
        return self._plausible


def time_of(item: Offered | Malformed, names: Sequence[str]) -> datetime | None:
    """The time that an article gives itself; None if it gives none that can be read."""
    if isinstance(item, Malformed):
        return None
    for name in names:
        text = item.fields.get(name)
        if isinstance(text, str) and (moment := parse_time(text)) is not None:
            return moment
    return None

"""Asks now and then whether the broker answers, for services whose clients wait for it without a word.

The client under a service connects again by itself; whoever looks at the service's log, its /readyz or its metrics
should still learn why nothing comes.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType

from stream.broker.absence import Absence, BrokerNews
from stream.broker.connection import asker
from stream.settings import Settings

ASK_SECONDS = 3.0
"""Between two questions: a connection of its own each, closed after the answer."""

AWAY_AFTER_SECONDS = 5.0
"""So long without an answer, which are two questions at least: a broker that is busy for a moment is no news."""


class BrokerWatch:
    """Looks from `__enter__` to `__exit__`, in a thread of its own, from which `news` is told too."""

    def __init__(
        self,
        settings: Settings,
        news: BrokerNews,
        *,
        asked: Callable[[], bool] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`asked`: whether one of the brokers answers now; `clock` gives monotonic seconds.

        Raises `SettingsError` if a file of certificates or passwords is unusable.
        """
        self._asked, self._clock = asked or asker(settings), clock
        self._absence = Absence(news)
        self._heard_at = clock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="broker-watch", daemon=True)

    def look(self) -> None:
        """One question."""
        if self._asked():
            self._heard_at = self._clock()
            self._absence.ends()
        elif (silence := self._clock() - self._heard_at) >= AWAY_AFTER_SECONDS:
            self._absence.lasts(silence)

    def trouble(self) -> str | None:
        """None, or that the broker does not answer, for /readyz; from any thread."""
        return f"the broker has not answered for {self._absence.seconds:.0f} s" if self._absence.seconds else None

    def __enter__(self) -> BrokerWatch:
        self._heard_at = self._clock()
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stopped.set()

    def _watch(self) -> None:
        while not self._stopped.wait(ASK_SECONDS):
            self.look()

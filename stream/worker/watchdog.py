"""Ends a worker that lives without working: when /livez fails and goes on failing, the process exits with 75.

A thread of its own, so that it also looks when the event loop is stuck. Two things are no fault of the worker's and
end nothing: a broker that answers nobody (the worker waits, not ready, and says so), and a process that was stopped for
a while (SIGSTOP, a suspended machine), which the watchdog notices by its own sleep. A process that can open no file or
connection any more is ended as well: what it would do then, libraries do not say.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import NoReturn

from stream.broker.absence import Absence, BrokerNews, untold
from stream.worker.health import Vitals
from stream.worker.host import no_descriptor_left

LOOK_SECONDS = 1.0
LOOKS_UNTIL_END = 3
"""So often in a row /livez fails before the end; whoever asks it in between learns why."""

ASK_AFTER_SECONDS = 3.0
"""After so long a silence the broker is asked whether it is there."""

OVERSLEPT_SECONDS = 5.0


class Watchdog:
    """Looks from `__enter__` to `__exit__`. `give_up` ends the process; `reachable` asks the broker.

    `news` is told of a broker that does not answer, as `Absence` says.
    """

    def __init__(
        self,
        vitals: Vitals,
        give_up: Callable[[str], NoReturn],
        reachable: Callable[[], bool],
        starved: Callable[[], str | None] = no_descriptor_left,
        news: BrokerNews = untold,
    ) -> None:
        self._vitals, self._give_up, self._reachable, self._starved = vitals, give_up, reachable, starved
        self._absence = Absence(news)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        self._failed = 0

    def __enter__(self) -> Watchdog:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stopped.set()

    def _watch(self) -> None:
        fell_asleep = time.monotonic()
        while not self._stopped.wait(LOOK_SECONDS):
            slept = time.monotonic() - fell_asleep
            try:
                self.look(overslept=slept > LOOK_SECONDS + OVERSLEPT_SECONDS)
            except Exception as error:  # noqa: BLE001 - a worker that nobody watches would not be what it says it is
                self._give_up(f"the watchdog failed: {type(error).__name__}: {error}")
            fell_asleep = time.monotonic()

    def look(self, *, overslept: bool = False) -> None:
        """One look; `overslept`: this process did not run for a while."""
        if overslept:
            self._vitals.excuse(beat=True)
        self._listen()
        why = self._vitals.live() or self._starved()
        self._failed = 0 if why is None else self._failed + 1
        if why is not None and self._failed >= LOOKS_UNTIL_END:
            self._give_up(f"no sign of life: {why}")

    def _listen(self) -> None:
        """Asks a broker that has been silent, and says what is new about it."""
        silence = self._vitals.silence_seconds()
        if silence > ASK_AFTER_SECONDS:
            if self._reachable():
                self._vitals.heard()
            else:
                self._vitals.excuse()
                if self._vitals.has_met_broker:  # until then the worker's start says what there is to say
                    self._absence.lasts(silence)
                return
        self._absence.ends()

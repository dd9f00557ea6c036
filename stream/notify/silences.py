"""The silences that people have made, and whether one of them applies to an alert. Pure; bounded."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime

from stream.model.decision import Silence
from stream.notify.notice import Notice

SILENCES_MAX = 5_000


class SilenceBook:
    """The newest word on each silence, at most SILENCES_MAX; beyond, the one that was said longest ago leaves."""

    def __init__(self) -> None:
        self._silences: OrderedDict[str, Silence] = OrderedDict()

    def add(self, silence: Silence) -> None:
        """A new silence, or a new end of one."""
        self._silences.pop(silence.id, None)
        # A tuple of the values is made by readers in other threads: never changed in place.
        self._silences[silence.id] = silence
        while len(self._silences) > SILENCES_MAX:
            self._silences.popitem(last=False)

    def applying(self, notice: Notice, arrived: datetime, now: datetime) -> Silence | None:
        """The silence that keeps an alert from being delivered now: in force now, or when the alert arrived."""
        for silence in tuple(self._silences.values()):
            if any(
                silence.applies(
                    moment, rule=notice.rule, topics=notice.topics, source=notice.source, severity=notice.severity
                )
                for moment in ((now, arrived) if silence.at <= arrived else (now,))
            ):
                return silence
        return None

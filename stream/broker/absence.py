"""Telling of a broker that does not answer: when it stops, every minute while it does not, and when it is back."""

from __future__ import annotations

from typing import Protocol

REMIND_SECONDS = 60.0
"""How often it is said again that the broker is away."""


class BrokerNews(Protocol):
    """Whom to tell."""

    def __call__(self, *, answers: bool, silence_seconds: float) -> None:
        """The broker does not answer since so many seconds, or answers again after them."""


def untold(*, answers: bool, silence_seconds: float) -> None:
    """Nobody is told."""


class Absence:
    """What of a broker's silence is news. Has no clock of its own."""

    def __init__(self, news: BrokerNews) -> None:
        self._news = news
        self._told_seconds = 0.0
        self.seconds = 0.0

    def lasts(self, silence_seconds: float) -> None:
        """The broker has answered nobody for so long (> 0)."""
        first = not self.seconds
        self.seconds = silence_seconds
        if first or silence_seconds - self._told_seconds >= REMIND_SECONDS:
            self._told_seconds = silence_seconds
            self._news(answers=False, silence_seconds=silence_seconds)

    def ends(self) -> None:
        """The broker answers, as it may have done all along."""
        if self.seconds:
            silence_seconds, self.seconds = self.seconds, 0.0
            self._news(answers=True, silence_seconds=silence_seconds)

"""When to try again: back-off with jitter, and a circuit breaker. Pure: time and chance are arguments.

Times are seconds of any one clock. "Full jitter" is Marc Brooker's: a uniform share of the exponential delay, so that
what failed together is not tried together.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

BreakerState = Literal["closed", "half-open", "open", "disabled"]

BREAKER_NUMBERS: dict[BreakerState, int] = {"closed": 0, "half-open": 1, "open": 2, "disabled": 3}
"""The values of the metric."""


@dataclass(frozen=True, slots=True)
class RetryLimits:
    """Delays in seconds. `failures_max`: so many requests failed in a row open the breaker, for `open_seconds`, and
    twice as long each time the first request after that fails, too."""

    base_seconds: float = 1.0
    delay_seconds_max: float = 300.0
    failures_max: int = 5
    open_seconds: float = 30.0
    open_seconds_max: float = 300.0


def delay(attempts: int, chance: float, limits: RetryLimits) -> float:
    """Seconds until the next try after `attempts` ≥ 1 failed ones; `chance` is uniform in 0 to 1."""
    return chance * min(limits.delay_seconds_max, limits.base_seconds * 2.0 ** min(attempts - 1, 60))


@dataclass(frozen=True, slots=True)
class Breaker:
    """Of one destination. `until`: an open one lets one request through then (half-open), which decides."""

    state: BreakerState = "closed"
    failures: int = 0
    openings: int = 0
    until: float = 0.0

    def allows(self, now: float) -> bool:
        """Whether a request may be sent now."""
        return self.state == "closed" or (self.state == "open" and now >= self.until)

    def sent(self, now: float) -> Breaker:
        """A request was sent; the first after a pause is the one that decides."""
        return replace(self, state="half-open") if self.state == "open" and now >= self.until else self

    def succeeded(self) -> Breaker:
        """The destination has answered well."""
        return self if self.state == "disabled" else Breaker()

    def failed(self, now: float, limits: RetryLimits) -> Breaker:
        """A request failed in a way that another try may mend."""
        if self.state == "disabled":
            return self
        failures = self.failures + 1
        if self.state == "open" or (self.state == "closed" and failures < limits.failures_max):
            return replace(self, failures=failures)
        pause = min(limits.open_seconds_max, limits.open_seconds * 2.0 ** min(self.openings, 60))
        return Breaker("open", failures, self.openings + 1, now + pause)

    def disabled(self) -> Breaker:
        """The destination is gone for good (410)."""
        return Breaker("disabled")

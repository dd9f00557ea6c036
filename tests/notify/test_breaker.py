"""Back-off and circuit breaker."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stream.notify.breaker import Breaker, RetryLimits, delay

LIMITS = RetryLimits(
    base_seconds=1.0, delay_seconds_max=300.0, failures_max=3, open_seconds=30.0, open_seconds_max=100.0
)


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_a_delay_is_a_share_of_the_doubled_one(attempts: int, chance: float) -> None:
    longest = delay(attempts, 1.0, LIMITS)
    assert longest == min(300.0, 2.0 ** min(attempts - 1, 60))
    assert delay(attempts, chance, LIMITS) == chance * longest


def test_it_opens_lets_one_through_and_closes() -> None:
    breaker = Breaker()
    for _ in range(2):
        breaker = breaker.failed(0.0, LIMITS)
        assert breaker.allows(0.0)
    breaker = breaker.failed(0.0, LIMITS)
    assert (breaker.state, breaker.allows(29.9), breaker.allows(30.0)) == ("open", False, True)
    probing = breaker.sent(30.0)
    assert probing.state == "half-open"
    assert not probing.allows(1e9), "one request decides"
    assert probing.succeeded() == Breaker()
    again = probing.failed(31.0, LIMITS)
    assert (again.state, again.until) == ("open", 91.0), "twice as long"
    third = again.sent(91.0).failed(91.0, LIMITS)
    assert third.until == 191.0, "and never longer than the limit"


def test_success_forgets_failures() -> None:
    breaker = Breaker().failed(0, LIMITS).failed(0, LIMITS).succeeded().failed(0, LIMITS).failed(0, LIMITS)
    assert breaker.state == "closed"


def test_what_was_under_way_when_it_opened_changes_nothing() -> None:
    opened = Breaker("open", 3, 1, 30.0)
    assert opened.failed(5.0, LIMITS).until == 30.0


def test_disabled_stays_so() -> None:
    gone = Breaker().disabled()
    assert gone.succeeded() == gone.failed(0, LIMITS) == gone.sent(0) == gone
    assert not gone.allows(1e12)

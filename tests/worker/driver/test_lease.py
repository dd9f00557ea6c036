"""The right to write: when it begins, runs out, is lost and ends."""

from stream.worker.driver.lease import Lease


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def lease_of_ten_seconds() -> tuple[Lease, Clock]:
    clock = Clock()
    return Lease(10, clock), clock


def test_without_partitions_no_lease_is_needed() -> None:
    lease, _ = lease_of_ten_seconds()
    assert lease.holds()


def test_it_runs_out_before_the_session_does() -> None:
    lease, clock = lease_of_ten_seconds()
    lease.renewed(100)
    lease.begin()
    clock.now = 107.9
    assert lease.holds()
    clock.now = 108.0
    assert not lease.holds()
    assert not lease.lost


def test_it_counts_from_when_the_request_was_sent_and_never_backwards() -> None:
    lease, clock = lease_of_ten_seconds()
    lease.begin()
    lease.renewed(100)
    lease.renewed(95)
    clock.now = 105
    assert lease.holds()
    clock.now = 120  # frozen between the question and the answer
    lease.renewed(101)
    assert not lease.holds()


def test_a_refusal_is_final_until_partitions_are_dealt_out_anew() -> None:
    lease, _ = lease_of_ten_seconds()
    lease.begin()
    lease.renewed(100)
    lease.refused()
    assert lease.lost
    assert not lease.holds()
    lease.renewed(100)
    assert not lease.holds()
    lease.begin()
    assert lease.holds()


def test_once_everything_is_given_back_nothing_is_lost() -> None:
    lease, _ = lease_of_ten_seconds()
    lease.begin()
    lease.refused()
    lease.end()
    assert not lease.lost
    assert lease.holds()
    lease.refused()
    assert not lease.lost

from stream.worker.health import BROKER_SILENCE_SECONDS_MAX, Vitals


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def started(stall_seconds: float = 60.0) -> tuple[Vitals, Clock]:
    clock = Clock()
    return Vitals(stall_seconds, clock), clock


def test_ready_only_between_assignment_and_revocation() -> None:
    vitals, _ = started()
    assert "deal out the partitions" in (vitals.ready() or "")
    assert vitals.live() is None
    vitals.assigned()
    assert vitals.ready() is None
    vitals.revoked()
    assert vitals.ready() is not None


def test_a_stuck_loop_is_not_live() -> None:
    vitals, clock = started()
    vitals.assigned()
    clock.now += 61
    assert vitals.live() == "the event loop has been stuck for 61 s"
    vitals.beat()
    assert vitals.live() is None


def test_lag_without_progress_is_not_live() -> None:
    vitals, clock = started()
    vitals.assigned()
    for _ in range(7):
        clock.now += 10
        vitals.beat()
        vitals.lag(5)
    assert vitals.live() == "5 records are waiting, none was finished for 70 s"
    vitals.confirmed()
    assert vitals.live() is None


def test_no_lag_is_no_stall_however_quiet() -> None:
    vitals, clock = started()
    vitals.assigned()
    for _ in range(100):
        clock.now += 10
        vitals.beat()
        vitals.lag(0)
    vitals.lag(1)
    assert vitals.live() is None


def test_a_silent_broker_is_live_but_not_ready() -> None:
    vitals, clock = started()
    vitals.assigned()
    clock.now += BROKER_SILENCE_SECONDS_MAX + 1
    vitals.beat()
    assert vitals.live() is None
    assert vitals.ready() == "the broker has not answered for 16 s"
    vitals.heard()
    assert vitals.ready() is None

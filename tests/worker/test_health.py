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
    assert vitals.ready() == "waiting for the broker"
    assert vitals.live() is None
    vitals.assigned()
    assert vitals.ready() is None
    vitals.revoked()
    assert vitals.ready() is not None


def test_a_worker_that_stops_is_not_ready_and_not_dead() -> None:
    vitals, _ = started()
    vitals.assigned()
    vitals.stopping()
    assert vitals.ready() == "stopping"
    assert vitals.live() is None


def test_a_stuck_loop_is_not_live() -> None:
    vitals, clock = started()
    vitals.assigned()
    clock.now += 61
    assert vitals.live() == "the event loop has been stuck for 61 s"
    vitals.beat()
    vitals.fetched()
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
        vitals.fetched()
        vitals.lag(0)
    vitals.lag(1)
    assert vitals.live() is None


def test_a_silent_broker_is_not_ready_and_not_live_if_it_answers_others() -> None:
    vitals, clock = started()
    vitals.assigned()
    clock.now += BROKER_SILENCE_SECONDS_MAX + 1
    vitals.beat()
    assert vitals.live() is None
    assert vitals.ready() == "the broker has not answered for 16 s"
    vitals.heard()
    assert vitals.ready() is None
    clock.now += 60
    vitals.beat()
    vitals.lag(0)
    vitals.heard()
    assert vitals.live() == vitals.ready() == "no fetch was answered for 76 s"
    vitals.fetched()
    assert vitals.live() is None


def test_while_the_broker_is_away_nothing_is_due() -> None:
    vitals, clock = started()
    vitals.assigned()
    for _ in range(20):
        clock.now += 10
        vitals.beat()
        vitals.lag(5)
        vitals.excuse()
        assert vitals.live() is None
    assert vitals.ready() is not None
    clock.now += 61
    vitals.beat()
    assert vitals.live() == "5 records are waiting, none was finished for 61 s"


def test_a_stopped_process_is_not_stuck() -> None:
    vitals, clock = started()
    vitals.assigned()
    clock.now += 100
    assert vitals.live() is not None
    vitals.excuse(beat=True)
    assert vitals.live() is None


def test_each_step_to_readiness_has_a_name_and_a_limit() -> None:
    clock = Clock()
    vitals = Vitals(60.0, clock, join_seconds_max=30.0)
    assert vitals.ready() == "waiting for the broker"
    vitals.joining()
    assert vitals.ready() == "waiting for the consumer group to deal out the partitions"
    clock.now += 91
    vitals.beat()
    assert vitals.live() == "waiting for the consumer group to deal out the partitions, for 91 s"
    for remaining in (900, 800, 700):
        vitals.recovering(remaining)
        assert vitals.live() is None
        assert vitals.ready() == f"waiting for its tables: {remaining} records of their changelogs are yet to be read"
        clock.now += 89
        vitals.beat()
    clock.now += 2
    vitals.beat()
    vitals.recovering(700)
    assert "for 91 s" in (vitals.live() or "")
    vitals.assigned()
    assert vitals.live() is None
    assert vitals.ready() is None


def test_a_worker_without_partitions_is_live_as_long_as_it_may_be() -> None:
    vitals, clock = started()
    vitals.assigned()
    for _ in range(20):
        clock.now += 10
        vitals.beat()
        vitals.idle()
        vitals.lag(0)
    assert vitals.live() is None
    assert vitals.ready() == "the broker has not answered for 200 s"

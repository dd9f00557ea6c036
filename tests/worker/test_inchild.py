"""A call in a child process: what comes back, and what does when it does not come back."""

from __future__ import annotations

import os
import signal
import sys
import time

import pytest

from stream.errors import GiveUp, ServiceError
from stream.worker.inchild import ChildCall, ChildError, in_child
from tests.worker.kit import runs, until


def its_pid(text: str, *, times: int = 1) -> tuple[int, str]:
    sys.stdout.write("what is printed does not come into the answer\n")
    return os.getpid(), text * times


def refuses() -> None:
    raise ServiceError("found no broker")


def breaks() -> None:
    _ = 1 // 0


def sleeps() -> None:
    time.sleep(60.0)


def killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def heeds_hangups() -> bool:
    os.kill(os.getpid(), signal.SIGHUP)
    return signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN


def starts_one_that_sleeps() -> int:
    return ChildCall("trying", sleeps)._process.pid


def test_the_answer_is_of_another_process_however_large() -> None:
    pid, text = in_child("trying", its_pid, "ü" * 1_000_000, times=2)
    assert pid != os.getpid()
    assert text == "ü" * 2_000_000


def test_errors_on_purpose_are_raised_as_they_are() -> None:
    with pytest.raises(ServiceError, match="found no broker"):
        in_child("trying", refuses)


def test_a_bug_is_told_with_its_place() -> None:
    with pytest.raises(ChildError, match=r"ZeroDivisionError: .*test_inchild\.py:\d+"):
        in_child("trying", breaks)


def test_an_end_by_others_is_no_answer() -> None:
    with pytest.raises(GiveUp, match=r"the process for trying was killed \(signal 9\).*memory"):
        in_child("trying", killed)


def test_a_hangup_for_all_processes_of_a_service_does_not_end_it() -> None:
    assert not in_child("trying", heeds_hangups)


def test_it_can_be_ended() -> None:
    sleeping = ChildCall("trying", sleeps)
    sleeping.end()
    with pytest.raises(GiveUp):
        sleeping.result()


def test_what_takes_too_long_is_ended_and_told() -> None:
    sleeping = ChildCall("reading the rules", sleeps)
    with pytest.raises(GiveUp, match=r"^reading the rules took longer than 0\.01 s$"):
        sleeping.result(seconds_max=0.01)
    assert not runs(sleeping._process.pid)


def test_it_ends_with_its_parent() -> None:
    pid = in_child("trying", starts_one_that_sleeps)
    until(lambda: not runs(pid), "the child of the child ends")

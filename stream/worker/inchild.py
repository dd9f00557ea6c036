"""A call in a child process, `python -m stream.worker.inchild PARENT`, of which only the answer stays.

What it takes to come to the answer (modules, what they build, holes in the heap) goes with the process. In one that
lives for weeks it would stay: much of it is never freed, and what is freed lies between what is not.

Guarantees: an error that Redline raises on purpose is raised again here. A process ends when its parent does.
"""

from __future__ import annotations

import gc
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any, Generic, ParamSpec, TypeVar

from stream.errors import GiveUp, RedlineError
from stream.programs import of_module
from stream.worker.host import end_with
from stream.worker.where import where

_P = ParamSpec("_P")
_T = TypeVar("_T")


class ChildError(RuntimeError):
    """The call failed in a way that nobody foresaw."""


class ChildCall(Generic[_T]):
    """A call that is going on; `result` waits for it."""

    def __init__(self, purpose: str, function: Callable[_P, _T], *arguments: _P.args, **named: _P.kwargs) -> None:
        """`purpose` is for messages ("reading the rules"). `function` is one of a module, by its name; what goes in
        and comes out is pickled.

        Raises `GiveUp` if no process can be started.
        """
        self._purpose = purpose
        try:
            self._process = subprocess.Popen(
                of_module("stream.worker.inchild", str(os.getpid())),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                # A Ctrl-C at the terminal is for who waits for it.
                start_new_session=True,
            )
        except OSError as error:
            raise GiveUp(f"no process can be started for {purpose}: {error.strerror or error}") from error
        self._answer = b""
        # Both ends could wait for the other one if what is asked were larger than a pipe.
        asked = pickle.dumps((function, arguments, named), pickle.HIGHEST_PROTOCOL)
        self._talk = threading.Thread(target=self._talks, args=(asked,), name="child-call", daemon=True)
        self._talk.start()

    def result(self, *, seconds_max: float | None = None) -> _T:
        """Blocks. Raises the `RedlineError` of the function, `ChildError`, or `GiveUp` if the process was ended, by
        others or because it took longer than `seconds_max`."""
        self._talk.join(seconds_max)
        if self._talk.is_alive():
            self.end()
            raise GiveUp(f"{self._purpose} took longer than {seconds_max:g} s")
        if not self._answer:
            raise GiveUp(f"the process for {self._purpose} {_ended(self._process.returncode)}")
        found, error, told = pickle.loads(self._answer)
        self._answer = b""
        if error is not None:
            raise error
        if told is not None:
            raise ChildError(told)
        answer: _T = found
        return answer

    def end(self) -> None:
        """Kills it, if it has not ended."""
        self._process.kill()
        self._talk.join()

    def _talks(self, asked: bytes) -> None:
        answer, _ = self._process.communicate(asked)
        if self._process.returncode == 0:
            self._answer = answer


def in_child(purpose: str, function: Callable[_P, _T], *arguments: _P.args, **named: _P.kwargs) -> _T:
    """What the function returns for these arguments, found in a child process. Blocks; raises as `ChildCall`."""
    return ChildCall(purpose, function, *arguments, **named).result()


def main() -> None:
    """Answers once: (value, error on purpose, what else went wrong)."""
    for name in ("SIGINT", "SIGHUP"):  # to all of a service's processes it means that the worker is to read its rules
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    # Told, not asked for: it may have ended before we came to ask.
    end_with(int(sys.argv[1]))
    gc.disable()
    # Whatever is printed must not come into the answer.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    answer: tuple[Any, RedlineError | None, str | None]
    try:
        function, arguments, named = pickle.loads(sys.stdin.buffer.read())
        answer = function(*arguments, **named), None, None
    except RedlineError as error:
        answer = None, error, None
    except Exception as error:  # noqa: BLE001 - told to who waits
        answer = None, None, f"{type(error).__name__}: {error}{where(error)}"
    with answers:
        pickle.dump(answer, answers, pickle.HIGHEST_PROTOCOL)
    # Nothing is to be put in order, and taking it all apart takes a tenth of the time.
    answers.close()
    os._exit(0)


def _ended(returncode: int) -> str:
    if returncode < 0:
        return f"was killed (signal {-returncode}): if nobody did that, the worker needs more memory"
    return f"ended with {returncode}: what it printed says why"


if __name__ == "__main__":
    main()

"""An engine process: `python -m stream.worker.pool.child FD`, started by `pool`; FD is one end of a socket pair.

It is told rule sets, and then asked to judge records by one of them; None for an answer: it does not know that rule set
(any more). It answers each message with (True, answer) or (False, what went wrong), and ends when the socket does.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from multiprocessing.connection import Connection
from typing import Any

from stream.engine import Engine
from stream.worker.host import end_with
from stream.worker.memory import settle
from stream.worker.where import where

RULE_SETS_KEPT = 3
"""The one in force, the one before, whose chunks may be in work, and one that is about to come into force."""


class Work:
    """The rule sets that this process knows."""

    def __init__(self) -> None:
        self._engines: dict[str, Engine] = {}

    def learn(self, ruleset: Any, config: Any) -> None:
        """Compiles a rule set, and forgets the one that was not used for longest."""
        self._engines.pop(ruleset.digest, None)
        self._engines[ruleset.digest] = Engine(ruleset, config)
        while len(self._engines) > RULE_SETS_KEPT:
            del self._engines[next(iter(self._engines))]
        settle()

    def tag(self, digest: str, records: Any) -> Any:
        """What comes of raw records by the rule set of this digest; None if it is not known."""
        engine = self._engines.pop(digest, None)
        if engine is None:
            return None
        self._engines[digest] = engine  # the last one to be forgotten
        return engine.tag(records)


def main() -> None:
    """Answers until the socket ends."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):  # for the worker, which finishes what is in work and then ends us
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    gc.disable()
    end_with(os.getppid())
    pipe, work = Connection(int(sys.argv[1])), Work()
    calls = {"learn": work.learn, "tag": work.tag}
    while True:
        try:
            call, *arguments = pipe.recv()
        except (EOFError, ConnectionResetError):  # the worker has ended, with or without our last answer
            return
        try:
            answer = True, calls[call](*arguments)
        except Exception as error:  # noqa: BLE001 - told to the worker, which ends without a commit
            answer = False, f"{type(error).__name__}: {error}{where(error)}"
        try:
            pipe.send(answer)
        except (BrokenPipeError, ConnectionResetError):
            return


if __name__ == "__main__":
    main()

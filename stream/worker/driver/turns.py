"""Who may be in work at the same time: a chunk that is under suspicion is alone in the process.

If the worker dies, what was in its hands is blamed (see `suspects`). Were others in work beside a record that kills it,
they would be blamed as well, and in the end be put aside though nothing is wrong with them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable


class Turns:
    """Several at a time, or one alone; who wants to be alone is let in before those who come later."""

    def __init__(self) -> None:
        self._inside: set[Hashable] = set()
        self._alone = False
        self._wait_to_be_alone = 0
        self._left = asyncio.Event()

    async def enter(self, who: Hashable, *, alone: bool) -> None:
        """Returns when it is the turn of `who`, who then has to `leave`."""
        self._wait_to_be_alone += alone
        try:
            while self._alone or (self._inside if alone else self._wait_to_be_alone):
                self._left.clear()
                await self._left.wait()
        finally:
            self._wait_to_be_alone -= alone
            if alone:
                self._left.set()  # those who wait for nothing else look again
        self._inside.add(who)
        self._alone = alone

    def leave(self, who: Hashable) -> None:
        """It is finished, or was never let in."""
        if who in self._inside:
            self._inside.discard(who)
            self._alone = False
            self._left.set()

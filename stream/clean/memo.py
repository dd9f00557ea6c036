"""What a function gave for characters and pieces of words it has seen: bounded, and nothing but a memory.

Forgetting changes no result. News brings new words without end, so these memories fill up in any long run: their
limits are what a process comes to hold, and they are reached within minutes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")

CHARACTERS_REMEMBERED_MAX = 65_536
"""Different characters; few texts have more than some hundred."""

CHUNKS_REMEMBERED_MAX = 8_000
"""Different stretches between blanks, of both generations."""

CHUNK_CODE_POINTS_REMEMBERED_MAX = 40


class Characters(dict[K, V]):
    """`memory[character]` is `function(character)`."""

    def __init__(self, function: Callable[[K], V]) -> None:
        super().__init__()
        self._function: Callable[[K], V] = function

    def __missing__(self, character: K) -> V:
        if len(self) >= CHARACTERS_REMEMBERED_MAX:
            self.clear()
        self[character] = value = self._function(character)
        return value


class Chunks(dict[str, V]):
    """`memory[chunk]` is `function(chunk)`; long chunks are not kept.

    Two generations: when the young one is full it becomes the old one, and what is seen again comes back from there.
    So the words of every day stay, and those of one story leave.
    """

    def __init__(self, function: Callable[[str], V]) -> None:
        super().__init__()
        self._function: Callable[[str], V] = function
        self._old: dict[str, V] = {}

    def __missing__(self, chunk: str) -> V:
        value = self._old.get(chunk)
        if value is None:
            value = self._function(chunk)
        if len(chunk) <= CHUNK_CODE_POINTS_REMEMBERED_MAX:
            if len(self) >= CHUNKS_REMEMBERED_MAX // 2:
                self._old = dict(self)
                self.clear()
            self[chunk] = value
        return value

    def forget(self) -> None:
        """Forget everything seen so far."""
        self._old = {}
        self.clear()

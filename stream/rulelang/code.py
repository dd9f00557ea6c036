"""One entry of the table of diagnostic codes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

_REPEATED = re.compile(r"«(.+?) × ([0-9]+)»")
_WHOLE = re.compile(r"^(?:kind:|---)", re.MULTILINE)
_FRAME = (
    ("kind", "kind: rule\n"),
    ("id", "id: example.rule\n"),
    ("severity", "severity: low\n"),
    ("match|keywords", "match: truce\n"),
    (
        "tests",
        "tests:\n"
        "  - {name: fires, article: {body: A truce holds.}, expect: fire}\n"
        "  - {name: stays quiet, article: {body: Shelling goes on.}, expect: quiet}\n",
    ),
)


@dataclass(frozen=True, slots=True)
class Code:
    """A code with what it means and why, and an example each of a file that gives it and of one that does not.

    An example shows the lines that matter; `complete` makes a whole file of it. `«word × 3»` in an example stands
    for `word word word`, so that examples of what is too large can be read. `corpus`: bodies of articles that the
    finding needs.
    """

    code: str
    title: str
    explanation: str
    bad: str
    good: str
    corpus: tuple[str, ...] = ()

    @property
    def severity(self) -> Literal["error", "warning"]:
        """Lints are warnings; everything else keeps the rules from being used."""
        return "warning" if self.code.startswith("R9") else "error"


def complete(example: str) -> str:
    """A whole rule file: what a rule needs and the example lacks is added behind it, repetitions are written out."""
    example = _REPEATED.sub(lambda match: " ".join([match.group(1)] * int(match.group(2))), example)
    if _WHOLE.search(example):
        return example
    missing = (text for keys, text in _FRAME if not re.search(rf"^(?:{keys}):", example, re.MULTILINE))
    return example + "".join(missing)

"""Words that mix scripts by mistake: `p\u0435ace` with a Cyrillic \u0435, which reads as another letter."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_LETTERS = re.compile(r"[^\W\d_]+")
# Code points, since the letters look alike here as well.
_CYRILLIC = dict(
    zip(
        "\u0430\u0435\u043e\u0440\u0441\u0445\u0443\u0456\u0458\u0455\u04bb\u0501\u051b\u051d"
        "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0425\u0423\u0406\u0408\u0405",
        "aeopcxyijshdqwABEKMHOPCTXYIJS",
        strict=True,
    )
)
_GREEK = dict(
    zip(
        "\u03bf\u03bd\u03c1\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7",
        "ovpABEZHIKMNOPTYX",
        strict=True,
    )
)
_TO_LATIN = {"Cyrillic": _CYRILLIC, "Greek": _GREEK}
_SCRIPTS = ("Latin", "Cyrillic", "Greek")


@dataclass(frozen=True, slots=True)
class Mixed:
    """The first letter of the other script, and the word in one."""

    index: int
    letter: str
    other: str
    script: str
    written: str


def mixed_scripts(text: str) -> Mixed | None:
    """The mistake in a word, each run of letters judged by itself; None where there is none."""
    first: Mixed | None = None
    written = text
    for run in _LETTERS.finditer(text):
        found = None if run[0].isascii() else _mixed(run[0])
        if found is not None:
            at, end = run.span()
            written = written[:at] + found.written + written[end:]
            first = first or Mixed(at + found.index, found.letter, found.other, found.script, "")
    return None if first is None else Mixed(first.index, first.letter, first.other, first.script, written)


def _mixed(run: str) -> Mixed | None:
    scripts = [_script(letter) for letter in run]
    counts = {script: scripts.count(script) for script in dict.fromkeys(scripts)}
    if len(counts) != 2 or "Latin" not in counts or "" in counts:
        return None
    foreign = next(script for script in counts if script != "Latin")
    to_latin = _TO_LATIN[foreign]
    if counts["Latin"] >= counts[foreign]:
        other, script, spelling = foreign, "Latin", to_latin
    else:
        other, script, spelling = "Latin", foreign, {latin: letter for letter, latin in to_latin.items()}
    strangers = [index for index, each in enumerate(scripts) if each == other]
    if not all(run[index] in spelling for index in strangers):
        return None
    written = "".join(spelling[c] if each == other else c for c, each in zip(run, scripts, strict=True))
    return Mixed(strangers[0], run[strangers[0]], other, script, written)


def _script(letter: str) -> str:
    name = unicodedata.name(letter, "").partition(" ")[0].capitalize()
    return name if name in _SCRIPTS else ""

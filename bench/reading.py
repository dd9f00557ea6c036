"""How fast text is read: µs a text, and the ratio to a plain `re.findall` of words in the same run.

    .venv/bin/python -m bench.reading [folder of .txt files, default seeds]

Each line is the best of several rounds. `tokens` is what every article costs, `+ layout` what an article costs in
which a rule asks where things stand. `cold` reads each text with nothing remembered.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

from stream.clean import read
from stream.clean.tokens import forget

ROUNDS = 15
TEXT_CODE_POINTS = 1_600


def main(folder: str = "seeds") -> None:
    """Print one line for each way of reading."""
    texts = _texts(Path(folder))
    pages = ["".join(f"<p>{line}</p>\n" for line in text.splitlines()) for text in texts]
    findall = re.compile(r"\w+").findall
    plain = _best(lambda: [findall(text) for text in texts], len(texts))
    print(f"{len(texts)} texts of {TEXT_CODE_POINTS} code points, {sum(map(str.isascii, texts))} of them ASCII")
    _show("re.findall of words", plain, plain)
    _show("tokens", _best(lambda: [read(text) for text in texts], len(texts)), plain)
    _show("tokens, cold", _best(lambda: [_cold(text) for text in texts], len(texts)), plain)
    _show("tokens + cases", _best(lambda: [read(text).cases for text in texts], len(texts)), plain)
    _show("tokens + layout", _best(lambda: [read(text).starts for text in texts], len(texts)), plain)
    _show("tokens of HTML", _best(lambda: [read(page) for page in pages], len(texts)), plain)


def _texts(folder: Path) -> list[str]:
    whole = [path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.txt"))]
    texts = [text[at : at + TEXT_CODE_POINTS] for text in whole for at in range(0, len(text), TEXT_CODE_POINTS)]
    texts = [text for text in texts if len(text) == TEXT_CODE_POINTS]
    if not texts:
        sys.exit(f"{folder} holds no .txt file of at least {TEXT_CODE_POINTS} code points: name a folder that does")
    return texts


def _cold(text: str) -> object:
    forget()
    return read(text)


def _best(work: Callable[[], object], texts: int) -> float:
    """The shortest of some rounds, in µs a text."""
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - started)
    return best / texts * 1e6


def _show(name: str, micros: float, plain: float) -> None:
    print(f"{name:<20} {micros:8.1f} µs  {micros / plain:5.2f} ×")


if __name__ == "__main__":
    main(*sys.argv[1:2])

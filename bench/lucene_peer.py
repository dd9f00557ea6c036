"""The same rules and texts through Lucene Monitor (Java): what it takes, and which rules it says hold.

Texts are read already: tokens between blanks, so its analyzer splits at blanks and both sides see the same words.
Inflections are written out, SENTENCE is AND (texts have to be one sentence each), NEAR is intervals without overlap.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from stream.matching.terms import sequences
from stream.rulelang.nodes import And, Near, Node, Not, Or, Phrase, Scoped, Word

HERE = Path(__file__).parent / "lucene"
JARS = Path(__file__).parent.parent / ".cache" / "lucene-monitor-9.11.1"
JAVA = ("java", "-Xmx3g", "-XX:+UseSerialGC", "--add-modules=jdk.incubator.vector", "-cp", f"{JARS}/*")


@dataclass(frozen=True, slots=True)
class Measured:
    """Its best way of `ways`: processor time in µs a text, and in seconds to register the rules; hits by text."""

    way: str
    text_us: float
    compile_seconds: float
    hits: list[set[int]]


def is_there() -> bool:
    """Whether it can be run here: it needs `java` (17 or newer), and `mvn` to fetch its jars."""
    return shutil.which("java") is not None and shutil.which("mvn") is not None


def lucene_monitor(rules: Sequence[Node], texts: Sequence[str], rounds: int) -> Measured:
    """Measure it. Raises CalledProcessError if it fails."""
    _fetch_jars()
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".txt") as file:
        file.writelines(f"R {_written(rule)}\n" for rule in rules)
        file.writelines(f"T {text}\n" for text in texts)
        file.flush()
        command = [*JAVA, str(HERE / "MonitorBench.java"), file.name, str(rounds)]
        out = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    times = [line.removeprefix("time ").split("\t") for line in out if line.startswith("time ")]
    way, text_us, seconds = min(times, key=lambda time: float(time[1]))
    hits = [set(map(int, line.split()[1:])) for line in out if line.startswith("hits")]
    return Measured(way, float(text_us), float(seconds), hits)


def _fetch_jars() -> None:
    if not (JARS / ".complete").exists():
        goal = ["dependency:copy-dependencies", f"-DoutputDirectory={JARS}", "-DincludeScope=runtime"]
        subprocess.run(["mvn", "-q", "-B", "-f", str(HERE / "pom.xml"), *goal], check=True)
        (JARS / ".complete").touch()


def _written(node: Node) -> str:
    match node:
        case Word():
            words = [test.text for (test,) in sequences(node)]
            return words[0] if len(words) == 1 else f"(or {' '.join(words)})"
        case Phrase(words=phrase):
            return f"(phrase {' '.join(word.text for word in phrase)})"
        case Or(operands=operands):
            return f"(or {' '.join(_alternatives(operands))})"
        case And(operands=operands) | Scoped(operand=And(operands=operands)):
            return f"(and {' '.join(map(_written, operands))})"
        case Not(operand=operand):
            return f"(not {_written(operand)})"
        case Near(left=left, right=right, distance=distance):
            return f"(near {distance} {_written(left)} {_written(right)})"
    raise AssertionError(f"the rules of the benchmark have no {type(node).__name__}")


def _alternatives(operands: Sequence[Node]) -> Iterator[str]:
    """Flat, each word once: an OR within an OR would cost it more."""
    words = [test.text for operand in operands if isinstance(operand, Word) for (test,) in sequences(operand)]
    yield from dict.fromkeys(words)
    yield from (_written(operand) for operand in operands if not isinstance(operand, Word))

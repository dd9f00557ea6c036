"""ruamel.yaml's syntax errors in the words of rule files: what stands there, and what to do about it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.reader import ReaderError

from stream.rulelang.source import Source, quoted


@dataclass(frozen=True, slots=True)
class _Hint:
    """`needle` is in the library's "context; problem"; `at` says which of its two marks shows the place."""

    needle: str
    found: str
    expected: str
    help: str
    code: str = "R102"
    at: Literal["problem", "context"] = "problem"


_QUOTED = _Hint(
    "",
    "more text behind a quoted value",
    "the end of the value",
    "A value that begins with a quote ends with it. An expression needs a block: `match: >`, and a new line.",
)
_INDENTED = _Hint("", "a line that is indented in another way", "lines of one level in one column", "Check the blanks.")

_HINTS = (
    _Hint(
        "'@' that cannot start",
        "a value that begins with `@`",
        "quotes around it",
        'YAML keeps `@` for itself: write "@list", or put the expression in a block behind `match: >`.',
        code="R107",
    ),
    _Hint(
        "scanning an alias",
        "a value that begins with `*`",
        "quotes around it",
        "YAML reads `*` as an alias: write '*'.",
        code="R107",
        at="context",
    ),
    _Hint(
        "'\\t' that cannot start",
        "a tab at the beginning of a line",
        "blanks",
        "Indent with blanks; YAML allows no tabs there.",
    ),
    _Hint(
        "cannot start any token",
        "a character that cannot begin a value",
        "a value",
        "Put the value in quotes.",
    ),
    _Hint(
        "mapping values are not allowed",
        "a second `: ` in one value",
        "one `key: value`",
        "Put the value in quotes, or the expression in a block behind `match: >`; check the indentation.",
    ),
    _Hint(
        "could not find expected ':'",
        "a line without a key",
        "`key: value`",
        "Indent a line that goes on with the value above; otherwise write `key: value`.",
        at="context",
    ),
    _Hint(
        "unknown escape character",
        "an escape that YAML does not know",
        "an escape such as `\\\\` or `\\n`",
        "In double quotes a backslash begins an escape: use single quotes, or a block.",
    ),
    _Hint(
        "sequence entries are not allowed",
        "`- ` behind a key",
        "a value",
        "Begin the list in the next line, or write `[a, b]`.",
    ),
    _Hint(
        "scanning a block scalar",
        "text behind `>` or `|`",
        "the end of the line",
        "The text of a block begins in the next line, indented.",
    ),
    _Hint(
        "scanning an anchor",
        "a value that begins with `&`",
        "quotes around it",
        "YAML reads `&` as an anchor: put the value in quotes.",
        code="R104",
        at="context",
    ),
    _Hint(
        " tag;",
        "a value that begins with `!`",
        "quotes around it",
        "YAML reads `!` as a tag: put the value in quotes.",
        code="R105",
        at="context",
    ),
    _Hint(
        "expected the node content",
        "a sign in the place of a value",
        "a value",
        "Check commas and brackets, or put the value in quotes.",
    ),
    _Hint(
        "'<document start>'",
        "more text behind the end of a document",
        "`---`, or keys in the column of the first one",
        "Check the indentation; `---` separates documents.",
    ),
    _Hint("scanning a quoted scalar", "a quote that is not closed", "the closing quote", "Close it.", at="context"),
    _Hint("but got '<stream end>'", "a bracket that is not closed", "`]` or `}`", "Close it.", at="context"),
    _Hint(
        "but got '<scalar>'",
        "more text behind a quoted item",
        "`,` or the closing bracket",
        "An item that begins with a quote ends with it; put other quotes around the whole: '\"red line\" OR x'.",
    ),
    _Hint("expected ',' or", "another sign", "`,` or the closing bracket", "Check the brackets."),
)


def report_syntax(source: Source, error: YAMLError) -> None:
    """Note a syntax error at its place."""
    if isinstance(error, ReaderError):
        start = min(int(error.position), len(source.text))
        help_ = "Delete the character, or write it as an escape in double quotes."
        source.add("R102", source.place(start, start + 1), "a control character", "readable text", help_)
        return
    if not isinstance(error, MarkedYAMLError):
        source.add("R102", source.place(0, 0), quoted(str(error)), "YAML 1.2", "Check the first line.")
        return
    said = f"{error.context or ''}; {error.problem or ''}"
    hint = next((hint for hint in _HINTS if hint.needle in said), None)
    first, second = error.problem_mark, error.context_mark
    if hint is not None and hint.at == "context":
        first, second = second, first
    mark = first or second
    index = min(mark.index, len(source.text)) if mark is not None else 0
    if hint is None:
        if any(d.code == "R104" and d.place.line == source.place(index, index).line for d in source.diagnostics):
            return  # what stands behind an alias: the alias is the mistake
        hint = _block_hint(source, index, said)
    place = source.place(index, index + 1)
    if hint is None:
        source.add("R102", place, quoted(error.problem or str(error)), "YAML 1.2", "Check quotes and indentation.")
    else:
        source.add(hint.code, place, hint.found, hint.expected, hint.help)


def _block_hint(source: Source, index: int, said: str) -> _Hint | None:
    """`expected <block end>` is said of text behind a quote, and of lines in the wrong column."""
    if "expected <block end>" not in said:
        return None
    before = source.text[:index].rpartition("\n")[2]
    return _QUOTED if re.search(r"""['"]\s*\Z""", before) else _INDENTED

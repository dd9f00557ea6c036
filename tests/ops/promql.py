"""What the tests need to know about PromQL: which metrics an expression reads, and by which selectors.

Not a parser, only its words: a name that is neither a function, nor a word of the language, nor in a list of labels is
a metric.
"""

from __future__ import annotations

import re

_TOKEN = re.compile(
    r"""
      (?P<selected>[a-zA-Z_:][\w:]*\s*\{(?:[^{}"]|"(?:[^"\\]|\\.)*")*\})
    | (?P<labels>\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^()]*\))
    | (?P<range>\[[^\]]*\]|\boffset\s+\$\w+)
    | (?P<string>"(?:[^"\\]|\\.)*")
    | (?P<number>\d[\w.]*)
    | (?P<called>[a-zA-Z_]\w*(?=\s*(?:(?:by|without)\s*)?\())
    | (?P<name>[a-zA-Z_:$][\w:]*)
    """,
    re.VERBOSE,
)
_WORDS = {"and", "or", "unless", "bool", "offset", "by", "without", "group_left", "group_right"}


def selectors(expression: str) -> set[str]:
    """Each metric that it reads, with its label matchers: a query of its own."""
    return {
        token.group()
        for token in _TOKEN.finditer(expression)
        if token.lastgroup == "selected" or (token.lastgroup == "name" and token.group() not in _WORDS)
    }


def metrics(expression: str) -> set[str]:
    """The names of all metrics that it reads, as scraped or recorded (with `_bucket` and the like)."""
    return {selector.partition("{")[0].strip() for selector in selectors(expression)}


def family(metric: str) -> str:
    """A histogram's name without `_bucket`, `_sum` or `_count`; any other name as it is."""
    return re.sub(r"(_seconds|_articles)_(bucket|sum|count)$", r"\1", metric)

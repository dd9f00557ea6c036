"""Alert summaries: which placeholders a template may have. Filling them in is `alert`'s business."""

from __future__ import annotations

import re

from stream.rulelang.source import did_you_mean, quoted
from stream.rulelang.yamltree import Scalar

DEFAULT_SUMMARY = "{rule.title}: “{evidence.best.text}” ({article.source})"

CORRELATION_SUMMARY = "{rule.title}: {group.count} from {group.sources} sources"

PLACEHOLDERS = (
    "rule.id",
    "rule.version",
    "rule.title",
    "rule.severity",
    "article.id",
    "article.title",
    "article.source",
    "article.url",
    "article.published",
    "evidence.0.text",
    "evidence.0.sentence",
    "evidence.0.field",
    "evidence.0.clause",
    "evidence.best.text",
    "evidence.best.sentence",
    "evidence.best.field",
    "evidence.best.clause",
)

CORRELATION_PLACEHOLDERS = (
    *(name for name in PLACEHOLDERS if not name.startswith("evidence.")),
    "group.count",
    "group.stories",
    "group.sources",
    "group.values",
)
"""An alert of a correlation rests on many articles: `article` is the one that made it fire."""

_BRACE = re.compile(r"\{([^{}]*)\}|[{}]")
_NUMBER = re.compile(r"\.[0-9]{1,2}\.")


def check_template(scalar: Scalar, *, correlation: bool = False) -> None:
    """Note unknown placeholders and braces that belong to none. `evidence.N` counts from 0 to 99, and
    `evidence.best` is the piece that says most."""
    known = CORRELATION_PLACEHOLDERS if correlation else PLACEHOLDERS
    for match in _BRACE.finditer(scalar.text):
        place = scalar.place_of(match.start(), match.end())
        name = match.group(1)
        if name is None:
            help_ = "Braces enclose a placeholder, such as {rule.title}."
            scalar.source.add("R209", place, f"a single `{match.group()}`", "braces in pairs", help_)
        elif _NUMBER.sub(".0.", name) not in known:
            help_ = did_you_mean(name, known, "{{{}}}")
            scalar.source.add("R209", place, f"the placeholder {quoted(match.group())}", "a known placeholder", help_)

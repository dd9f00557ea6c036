"""Alert summaries: which placeholders a template may have. Filling them in is `alert`'s business."""

from __future__ import annotations

import re

from stream.rulelang.source import did_you_mean, quoted
from stream.rulelang.yamltree import Scalar

DEFAULT_SUMMARY = "{rule.title}: “{evidence.0.text}” ({article.source})"

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
)

_BRACE = re.compile(r"\{([^{}]*)\}|[{}]")
_NUMBER = re.compile(r"\.[0-9]{1,2}\.")


def check_template(scalar: Scalar) -> None:
    """Note unknown placeholders and braces that belong to none. `evidence.N` counts from 0 to 99."""
    for match in _BRACE.finditer(scalar.text):
        place = scalar.place_of(match.start(), match.end())
        name = match.group(1)
        if name is None:
            help_ = "Braces enclose a placeholder, such as {rule.title}."
            scalar.source.add("R209", place, f"a single `{match.group()}`", "braces in pairs", help_)
        elif _NUMBER.sub(".0.", name) not in PLACEHOLDERS:
            help_ = did_you_mean(name, PLACEHOLDERS, "{{{}}}")
            scalar.source.add("R209", place, f"the placeholder {quoted(match.group())}", "a known placeholder", help_)

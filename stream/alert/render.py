"""An alert's summary from its rule's template: names are looked up in a fixed table, nothing is evaluated."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from stream.model import ArticleRef, Evidence, Group, RuleRef
from stream.model.article import format_time
from stream.wire.telling import telling_piece

SUMMARY_CODE_POINTS_MAX = 500
MISSING = "–"

_PLACEHOLDER = re.compile(r"\{([a-z_]+\.[a-z0-9_.]+)\}")
_EVIDENCE = re.compile(r"evidence\.(\d{1,2}|best)\.(text|clause|sentence|field)")

_Lookup = Callable[[RuleRef, ArticleRef], str | None]
_SIMPLE: dict[str, _Lookup] = {
    "rule.id": lambda rule, _: rule.id,
    "rule.title": lambda rule, _: rule.title,
    "rule.severity": lambda rule, _: rule.severity.value,
    "rule.version": lambda rule, _: str(rule.version),
    "article.id": lambda _, article: article.id,
    "article.title": lambda _, article: article.title,
    "article.source": lambda _, article: article.source,
    "article.url": lambda _, article: article.url,
    "article.published": lambda _, article: None if article.published is None else format_time(article.published),
}
PLACEHOLDERS: tuple[str, ...] = (*_SIMPLE, "evidence.<n>.text", "evidence.<n>.clause", "evidence.<n>.sentence")
"""What a template may name, in braces."""


def render_summary(
    template: str,
    rule: RuleRef,
    article: ArticleRef,
    evidence: Sequence[Evidence],
    group: Group | None = None,
    values: Sequence[str] = (),
) -> str:
    """One line of at most SUMMARY_CODE_POINTS_MAX code points; what the article does not give is a dash.

    `group` and `values` (of `group_by`) are a correlation's.
    """
    grouped = {} if group is None else _grouped(group, values)

    def fill(found: re.Match[str]) -> str:
        name = found.group(1)
        if name in grouped:
            return grouped[name] or MISSING
        simple = _SIMPLE.get(name)
        if simple is not None:
            return simple(rule, article) or MISSING
        piece = _EVIDENCE.fullmatch(name)
        if piece is None:
            return found.group(0)
        number = _number(piece.group(1), evidence)
        return str(getattr(evidence[number], piece.group(2))) if number < len(evidence) else MISSING

    line = " ".join(_PLACEHOLDER.sub(fill, template).split())
    if len(line) > SUMMARY_CODE_POINTS_MAX:
        return line[: SUMMARY_CODE_POINTS_MAX - 1] + "…"
    return line


def _number(wanted: str, evidence: Sequence[Evidence]) -> int:
    if wanted != "best":
        return int(wanted)
    return telling_piece([(piece.text, piece.sentence) for piece in evidence]) if evidence else 0


def _grouped(group: Group, values: Sequence[str]) -> dict[str, str]:
    return {
        "group.count": str(group.count),
        "group.stories": str(group.stories),
        "group.sources": str(group.sources),
        "group.values": ", ".join(value for value in values if value),
    }

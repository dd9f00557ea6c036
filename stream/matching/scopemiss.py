"""Which part of a scope an article is outside of, as clauses for people."""

from __future__ import annotations

from stream.matching.article import ReadArticle
from stream.matching.keys import scope_holds
from stream.rulelang.ruleset import Scope


def scope_misses(scope: Scope, read: ReadArticle) -> tuple[str, ...]:
    """What was found and what was expected, for each part of the scope that keeps the article out."""
    article = read.article
    misses = []
    if not scope_holds(Scope(lang=scope.lang), read):
        misses.append(_value("lang", article.lang, scope.lang))
    if not scope_holds(Scope(source=scope.source), read):
        misses.append(_value("source", article.source, scope.source))
    if not scope_holds(Scope(max_age_seconds=scope.max_age_seconds), read):
        assert article.published is not None
        age_hours = (read.event_time - article.published).total_seconds() / 3_600
        limit_hours = (scope.max_age_seconds or 0) / 3_600
        misses.append(f"found an age of {age_hours:,.1f} h at the event time, expected at most {limit_hours:,.1f} h")
    return tuple(misses)


def _value(name: str, found: str | None, expected: tuple[str, ...] | None) -> str:
    shown = f"no {name}" if found is None else f"the {name} “{found}”"
    return f"found {shown}, expected {' or '.join(f'“{value}”' for value in expected or ())}"

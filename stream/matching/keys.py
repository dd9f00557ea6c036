"""Key fields (source, lang …) and scopes: folded values, equal as a whole or by prefix."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from functools import lru_cache

from stream.clean import fold_key
from stream.matching.article import KEY_FIELDS, ReadArticle
from stream.model import Article
from stream.rulelang.nodes import KeyField
from stream.rulelang.ruleset import Scope
from stream.rulelang.topicorder import covers

_FOLDS_CACHED_MAX = 20_000

folded = lru_cache(maxsize=_FOLDS_CACHED_MAX)(fold_key)
"""`clean.fold_key`, remembered: sources and languages come again with every article."""


def key_value(article: Article, name: str) -> str | None:
    """A key field as received; None if the article has none of that name."""
    if name not in KEY_FIELDS:
        return None
    value: str | None = getattr(article, name)
    return value


def key_holds(node: KeyField, article: Article) -> bool:
    """Whether one of the node's values is the article's, or a prefix of it; a missing field equals nothing."""
    value = key_value(article, node.name)
    if value is None:
        return False
    return any(_equals(folded(value), wanted, prefix=prefix) for wanted, prefix in wanted_values(node))


def topic_held(node: KeyField, topics: Iterable[str]) -> str | None:
    """The first of an article's topics, sorted, that a `topic:` asks for; None if there is none."""
    wanted = wanted_values(node)
    return min((topic for topic in topics if any(covers(each, topic) for each in wanted)), default=None)


def wanted_values(node: KeyField) -> tuple[tuple[str, bool], ...]:
    """The folded values that a key field asks for, each with whether it is a prefix."""
    if node.list_name is None:
        return ((folded(node.value), node.prefix),)
    return tuple(_pattern(value) for value in node.values)


def scope_holds(scope: Scope, read: ReadArticle) -> bool:
    """Whether a rule looks at the article: language, source, and age at its event time.

    `*` alone passes an article without the field too. An article without `published` has no age and passes.
    """
    article = read.article
    return (
        _one_of(scope.lang, article.lang)
        and _one_of(scope.source, article.source)
        and (
            scope.max_age_seconds is None
            or article.published is None
            or read.event_time - article.published <= timedelta(seconds=scope.max_age_seconds)
        )
    )


def _one_of(patterns: tuple[str, ...] | None, value: str | None) -> bool:
    if patterns is None or "*" in patterns:
        return True
    if value is None:
        return False
    return any(_equals(folded(value), wanted, prefix=prefix) for wanted, prefix in map(_pattern, patterns))


def _pattern(value: str) -> tuple[str, bool]:
    return (folded(value[:-1]), True) if value.endswith("*") else (folded(value), False)


def _equals(value: str, wanted: str, *, prefix: bool) -> bool:
    return value.startswith(wanted) if prefix else value == wanted

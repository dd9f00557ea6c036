"""What people write for keys under other names, and how a value is written: by the words of `Fields` for a mapping."""

from __future__ import annotations

_EXPRESSION = "The expression stands behind `match:`, for words alone there is `keywords: [a, b]`."
_THROTTLE = "It stands under `alert`: `alert: {throttle: {every: 6h, per: [rule]}}`."
_CORRELATION = "It is of correlations: another document, with `kind: correlation`."
_SCOPE = "It stands under `scope`: `scope: {{{}}}`."
_BODY = "The text of an article is its `body`."

_IN_RULES: dict[str, str] = {
    **dict.fromkeys(
        ("throttle", "suppress", "suppression", "dedupe", "deduplicate", "cooldown", "limit", "rate_limit"), _THROTTLE
    ),
    "group_by": "It stands under `alert`: `alert: {group_by: [rule]}`.",
    "summary": "It stands under `alert`: `alert: {summary: '{rule.title}'}`.",
    **dict.fromkeys(
        (
            "text",
            "query",
            "expression",
            "detection",
            "condition",
            "pattern",
            "search",
            "words",
            "terms",
            "items",
            "any",
        ),
        _EXPRESSION,
    ),
    "type": "A document says what it is with `kind: rule`; a `type` is of correlations, `kind: correlation`.",
    **dict.fromkeys(("rules", "window", "count", "keep_firing_for"), _CORRELATION),
    "name": "Did you mean `title`? The name for programs is the `id`.",
    **dict.fromkeys(("tags", "tag", "category", "topic"), "Did you mean `topics`?"),
    **dict.fromkeys(("level", "priority"), "Did you mean `severity`?"),
    **dict.fromkeys(("lang", "language"), _SCOPE.format("lang: [en]")),
    **dict.fromkeys(("source", "sources"), _SCOPE.format("source: [reuters]")),
    "max_age": _SCOPE.format("max_age: 48h"),
    **dict.fromkeys(
        ("except", "exceptions", "exclusions", "excludes", "filter", "not", "unless", "without"),
        "Did you mean `exclude`?",
    ),
    **dict.fromkeys(("mask", "reason"), "It stands in an exclusion: `exclude: [{name: …, mask: phrase, match: …}]`."),
}
_IN_CORRELATIONS: dict[str, str] = {
    "throttle": "A correlation alerts once an episode; `keep_firing_for: 2h` says how long an episode lasts.",
    **dict.fromkeys(("match", "keywords", "text"), "A correlation counts what rules find: `rules: [id, …]`."),
    "rule": "Did you mean `rules`? It is a list.",
    **dict.fromkeys(("size", "timeframe", "gap"), "It stands under `window`: `window: {size: 1h}`."),
    **dict.fromkeys(("gte", "threshold"), "It stands under `condition`: `condition: {gte: 8}`."),
}

OTHER_KEYS: dict[str, dict[str, str]] = {
    "a rule": _IN_RULES,
    "a correlation": _IN_CORRELATIONS,
    "a list": dict.fromkeys(("words", "values", "entries", "keywords", "terms", "match"), "Did you mean `items`?"),
    "an exclusion": {
        **dict.fromkeys(("text", "query", "expression", "keywords"), "Did you mean `match`?"),
        "type": "Did you mean `mask`? It is `phrase` or `article`.",
    },
    "a test": {
        **dict.fromkeys(("text", "body", "title"), "It stands in the article: `article: {title: …, body: …}`."),
        **dict.fromkeys(("expected", "expects", "result"), "Did you mean `expect`? It is `fire` or `quiet`."),
    },
    "an article": {
        **dict.fromkeys(("text", "content", "article"), _BODY),
        "language": "Did you mean `lang`?",
        "date": "Did you mean `published`?",
    },
    "alert": dict.fromkeys(
        ("every", "per", "pass"), "It stands under `throttle`: `throttle: {every: 6h, per: [rule]}`."
    ),
    "throttle": {
        **dict.fromkeys(("for", "window", "interval", "period"), "Did you mean `every`?"),
        **dict.fromkeys(("by", "group_by"), "Did you mean `per`?"),
    },
}
"""By the name of a mapping in messages: keys that it does not have, each with a sentence on what to write."""

OTHER_VALUES: dict[tuple[str, str], dict[str, str]] = {
    ("a correlation", "type"): {
        **dict.fromkeys(("count", "frequency", "threshold", "events"), "event_count"),
        **dict.fromkeys(("distinct", "cardinality", "unique", "values"), "value_count"),
        **dict.fromkeys(("sequence", "ordered"), "temporal_ordered"),
        **dict.fromkeys(("silence", "missing"), "absence"),
    },
}
"""By mapping and key: values that it does not take, each with the one that was meant."""

FORMS: dict[str, str] = {
    "alert": "alert: {throttle: {every: 6h, per: [rule]}}",
    "throttle": "throttle: {every: 6h, per: [rule]}",
    "scope": "scope: {lang: [en], max_age: 48h}",
    "labels": "labels: {team: desk}",
    "exclude": "exclude: [{name: …, match: …}]",
    "tests": "tests: [{name: …, article: {body: …}, expect: fire}]",
    "article": "article: {title: …, body: …}",
    "events": "events: [{at: 0m, rule: …}]",
    "window": "window: {size: 1h}",
    "condition": "condition: {gte: 8}",
    "baseline": "baseline: {over: 7d, factor: 3, min: 5}",
}
"""Keys whose values are keys with values or lists of them, each with an example."""

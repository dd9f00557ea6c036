"""Which alerts a view shows: the same words in the page's URL, in /api/alerts and in /alerts.atom. Pure.

    severity=high   this severity or a higher one      rule=ID  topic=NAME  source=NAME   may be repeated: any of them
    q=two words     each word must stand somewhere in headline, summary, sentences, source, rule id or title

static/filter.js says the same for what arrives live; a browser test holds the two together.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from stream.model import ALERT_SEVERITIES, Severity
from stream.web.cards import Card

WORDS_MAX = 20
VALUES_MAX = 50
KEYS = ("severity", "rule", "topic", "source", "q")


@dataclass(frozen=True, slots=True)
class Filter:
    """What is asked for; empty: everything."""

    severity: Severity = Severity.NONE
    rules: frozenset[str] = frozenset()
    topics: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()
    words: tuple[str, ...] = ()

    def matches(self, card: Card) -> bool:
        """True if the view shows this alert."""
        return (
            Severity(card["severity"]).number >= self.severity.number
            and (not self.rules or card["rule"] in self.rules)
            and (not self.topics or not self.topics.isdisjoint(card["topics"]))
            and (not self.sources or card["source"].lower() in self.sources)
            and (not self.words or self._words_in(card))
        )

    def _words_in(self, card: Card) -> bool:
        text = haystack(card)
        return all(word in text for word in self.words)


def haystack(card: Card) -> str:
    """All that words are looked for in, in lower case."""
    sentences = ("".join(text for text, _ in sentence) for sentence in card["sentences"])
    fields = (card["title"], card["summary"], card["source"], card["rule"], card["rule_title"])
    return "\n".join((*fields, *sentences)).lower()


def filter_from(query: Iterable[tuple[str, str]]) -> Filter | str:
    """The filter of a query string's pairs; pairs with other keys are no concern. A sentence if it cannot be one."""
    found: dict[str, list[str]] = {key: [] for key in KEYS}
    for key, value in query:
        if key in found and value:
            found[key].append(value)
    if any(len(values) > VALUES_MAX for values in found.values()):
        return f"found more than {VALUES_MAX} values of one parameter"
    names = [s.value for s in ALERT_SEVERITIES]
    for value in found["severity"]:
        if value not in names:
            return f"severity: found {value[:40]!r}, expected one of {', '.join(names)}"
    words = " ".join(found["q"]).lower().split()
    if len(words) > WORDS_MAX:
        return f"q: found {len(words)} words, expected at most {WORDS_MAX}"
    return Filter(
        Severity(found["severity"][-1]) if found["severity"] else Severity.NONE,
        frozenset(found["rule"]),
        frozenset(found["topic"]),
        frozenset(source.lower() for source in found["source"]),
        tuple(words),
    )

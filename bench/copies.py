"""Copies of a report as outlets make them, and the exact Jaccard index of two texts: what stories are measured with.

`copies(report, chance)` yields one copy of each kind; `chance` decides the places and words, so that a seed gives the
same copies. The wording of tails, share bars and headlines is made up here after the manner of agencies and pages.
"""

from __future__ import annotations

import html
import re
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import Literal

SHINGLE_WORDS = 4


@dataclass(frozen=True, slots=True)
class Report:
    """A text as an outlet has it; `plain` is the body before it was wrapped or marked up."""

    title: str | None
    plain: str
    body: str
    content_type: Literal["text/plain", "text/html"] | None = None


def report(title: str | None, text: str) -> Report:
    """A report as it is."""
    return Report(title, text, text)


def words_of(text: str) -> list[str]:
    """Words by a reading of its own, simpler than the cleaner's."""
    return re.findall(r"\w+", text.casefold())


def shingles(words: list[str]) -> frozenset[tuple[str, ...]]:
    """All runs of four words; of a shorter text, the text."""
    runs = zip(*(words[n:] for n in range(SHINGLE_WORDS)), strict=False)
    return frozenset(runs) or frozenset([tuple(words)])


def jaccard(one: frozenset[tuple[str, ...]], other: frozenset[tuple[str, ...]]) -> float:
    """Shared over all."""
    return len(one & other) / len(one | other)


def copies(original: Report, chance: Random) -> Iterator[tuple[str, Report]]:
    """One copy of each kind, with its name."""
    for name, make in KINDS.items():
        yield name, make(original, chance)


def _rewritten(original: Report, text: str) -> Report:
    return replace(original, plain=text, body=text)


def _headline(original: Report, chance: Random) -> Report:
    return replace(original, title=chance.choice(_HEADLINES))


def _byline(original: Report, chance: Random) -> Report:
    place, agency = chance.choice(_PLACES), chance.choice(_AGENCIES)
    first, last = chance.choice(_FIRST), chance.choice(_LAST)
    return _headline(_rewritten(original, f"By {first} {last}\n{place} ({agency}) - {original.plain}"), chance)


def _edited(original: Report, chance: Random) -> Report:
    """Up to two words in a hundred are other ones."""
    return _rewritten(original, _replaced(original.plain, chance.uniform(0.002, 0.02), chance))


def _reworded(original: Report, chance: Random) -> Report:
    """Any share of the words, up to a third, are other ones: texts of every likeness."""
    return _rewritten(original, _replaced(original.plain, chance.uniform(0.0, 0.33), chance))


def _replaced(text: str, share: float, chance: Random) -> str:
    pieces = re.split(r"(\s+)", text)
    return "".join(chance.choice(_WORDS) if p.strip() and chance.random() < share else p for p in pieces)


def _sentence(original: Report, chance: Random) -> Report:
    """A sentence is left out and another put in."""
    found = _sentences(original.plain)
    if len(found) > 3:
        del found[chance.randrange(len(found))]
    found.insert(chance.randrange(1, len(found) + 1), f"{chance.choice(_FILLERS)} ")
    return _rewritten(original, "".join(found))


def _tail(original: Report, chance: Random) -> Report:
    return _rewritten(original, f"{original.plain}\n\n{chance.choice(_TAILS)}")


def _residue(original: Report, chance: Random) -> Report:
    before, after = chance.choice(_BARS), chance.choice(_BARS)
    return _rewritten(original, f"{before}\n\n{original.plain}\n\n{after}\n{chance.choice(_COMMENTS)}")


def _truncated(original: Report, chance: Random) -> Report:
    """Up to half of the sentences are gone at the end."""
    found = _sentences(original.plain)
    keep = max(1, round(len(found) * chance.uniform(0.5, 0.95)))
    return _rewritten(original, "".join(found[:keep]))


def _wrapped(original: Report, chance: Random) -> Report:
    width = chance.randrange(60, 80)
    return replace(original, body="\n\n".join(textwrap.fill(p, width) for p in _paragraphs(original.plain)))


def _html(original: Report, chance: Random) -> Report:
    opened = chance.choice(("<p>", '<p class="text">', "<div><p>"))
    closed = "</p></div>" if opened.startswith("<div>") else "</p>"
    body = "\n".join(f"{opened}{html.escape(p)}{closed}" for p in _paragraphs(original.plain))
    return replace(original, body=body.replace("&#x27;", "&rsquo;"), content_type="text/html")


def _mixed(original: Report, chance: Random) -> Report:
    """Three changes on top of each other."""
    changed = original
    for make in chance.sample((_byline, _edited, _sentence, _tail, _residue), 3):
        changed = make(changed, chance)
    return chance.choice((_wrapped, _html, _headline))(changed, chance)


KINDS: dict[str, Callable[[Report, Random], Report]] = {
    "headline": _headline,
    "byline": _byline,
    "edited": _edited,
    "sentence": _sentence,
    "tail": _tail,
    "residue": _residue,
    "truncated": _truncated,
    "wrapped": _wrapped,
    "html": _html,
    "mixed": _mixed,
    "reworded": _reworded,
}


def _paragraphs(text: str) -> list[str]:
    """Lines where some are long, what is between blank lines where none is."""
    lines = text.splitlines()
    is_wrapped = len(lines) > 5 and max(map(len, lines)) <= 100
    pieces = re.split(r"\n\s*\n", text) if is_wrapped else lines
    return [" ".join(piece.split()) for piece in pieces if piece.strip()]


def _sentences(text: str) -> list[str]:
    """With the blanks after them."""
    return re.findall(r".+?(?:[.!?]\s+|\Z)", f"{text.strip()}\n", re.DOTALL)


_WORDS = tuple(
    "officials ministry reported several meeting allies weapons border strike region forces statement Tuesday capital "  # noqa: SIM905
    "talks security council defence sources agreed denied warned early late before after north south east west first "
    "second major further new former local national leading senior a an the of in on to for with by from about".split()
)
_FIRST = ("Anna", "Daniel", "Olena", "Tom", "Maria", "Pavel", "Idrees", "Sabine")
_LAST = ("Becker", "Hunder", "Kovalenko", "Rose", "Ali", "Polityuk", "Siebold", "Osborn")
_PLACES = ("KYIV", "BRUSSELS, Sept 11", "LONDON", "WASHINGTON", "MOSCOW, March 3", "GENEVA")
_AGENCIES = ("Reuters", "AP", "AFP", "dpa")
_HEADLINES = (
    "What we know so far",
    "Allies weigh next step as pressure grows",
    "LIVE: minister speaks after overnight talks",
    "Officials confirm details of the incident",
    "Analysis: why this matters now",
)
_FILLERS = (
    "The ministry did not immediately respond to a request for comment.",
    "It was not possible to verify the report independently.",
    "Earlier in the day, local media had given a different number.",
)
_TAILS = (
    "(Reporting by Anna Becker in Berlin and Tom Rose in London; Editing by Maria Osborn and Daniel Hunder)",
    "Reporting by Olena Kovalenko; Additional reporting by Pavel Siebold; Writing by Idrees Ali; Editing by "
    "Sabine Rose.\nOur standards: the principles of trust.",
    "Copyright 2024 The Associated Agency. All rights reserved. This material may not be published, broadcast, "
    "rewritten or redistributed without permission.",
    "___\nAssociated Agency writers Tom Rose in Brussels and Maria Osborn in Geneva contributed to this report.",
    "With files from agencies",
)
_BARS = (
    "Share on Facebook\nShare on Twitter\nShare on WhatsApp",
    "Share this article\nFacebook\nTwitter\nEmail\nCopy link",
    "ADVERTISEMENT\nSubscribe to our newsletter",
    "Home | World | Politics | Business | Sport",
)
_COMMENTS = (
    "Leave a Reply\nYour email address will not be published. Required fields are marked *",
    "5 comments\nLog in to comment",
    "Read more:\nRelated articles",
)

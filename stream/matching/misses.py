"""How near an operator came to holding, as a clause for people."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from stream.matching.article import ReadArticle
from stream.matching.evidence import evidence_of
from stream.matching.finds import Find, TextFind
from stream.matching.limits import Limits
from stream.matching.reference import Found, count_apart
from stream.rulelang.nodes import Near, Node
from stream.rulelang.printer import print_node

NOT_NEAR_COMPARED_MAX = 1_000

Spans = Sequence[TextFind]


def near_miss(node: Near, sides: tuple[Spans, Spans], read: ReadArticle, gone: Sequence[str] = ("", "")) -> str:
    """Why two sides are not near each other, or not far: which is missing, or the words between the closest two.

    `sides` are the spans of the left and the right one, `gone` says of each where it went, if that is known.
    """
    lefts, rights = sides
    left, right = print_node(node.left), print_node(node.right)
    if not lefts or (not rights and not node.negated):
        names = [(name, why) for name, found, why in ((left, lefts, gone[0]), (right, rights, gone[1])) if not found]
        missing = [why or f"`{name}` is not there" for name, why in names]
        if node.negated:
            return missing[0]
        if len(names) == 2:
            return f"neither `{left}` nor `{right}` is there" if not any(gone) else " and ".join(missing)
        there = next(iter([*lefts, *rights]))
        return f"“{_text(there, read)}” matched; {missing[0]}"
    compared = lefts[:NOT_NEAR_COMPARED_MAX], rights[:NOT_NEAR_COMPARED_MAX]
    pair = closest(*compared)
    if node.negated:
        # What is in another paragraph, or before an ONEAR, may be closer and does no harm.
        pair = closest(*compared, lambda one, other: _is_in_the_way(node, one, other, read)) or pair
    if pair is None:
        return f"`{left}` and `{right}` are in different fields"
    one, other = pair
    if node.negated:
        away = f"“{_text(other, read)}” is {_words(one, other)} away"
        return f"“{_text(one, read)}” matched, but {away}, at least {node.distance + 1} wanted"
    where = _place(node, one, other, read)
    return (
        f"“{_text(one, read)}” matched; nearest {_name(node.right, right)} is “{_text(other, read)}”, "
        f"{_words(one, other)} away{where}, limit {node.distance}"
    )


def closest(
    lefts: Spans, rights: Spans, counts: Callable[[TextFind, TextFind], bool] = lambda _left, _right: True
) -> tuple[TextFind, TextFind] | None:
    """The two spans of one field with the fewest words between them, the first of several, of those that count."""
    pairs = ((left, right) for left in lefts for right in rights if left.field == right.field and counts(left, right))
    return min(pairs, key=lambda pair: (_between(*pair), pair[0].first, pair[1].first), default=None)


def _is_in_the_way(node: Near, one: TextFind, other: TextFind, read: ReadArticle) -> bool:
    """Whether two spans of one field are in one paragraph, and in the order that counts."""
    reading = read.reading(one.field)
    assert reading is not None
    first, last = min(one.first, other.first), max(one.last, other.last)
    return reading.paragraphs[first] == reading.paragraphs[last] and not (node.ordered and other.last < one.first)


def repeated_miss(found: Found, count: int) -> str:
    """How often something stands there that was wanted more often."""
    there = count_apart(found or ())
    return f"found {there} time{'s' * (there != 1)}, wanted {count}"


def where_else(found: Found, read: ReadArticle, where: str) -> str:
    """Something that is there, but not where it was asked for."""
    if not found:
        return ""
    (piece,) = evidence_of(found, read, Limits(evidence_per_match_max=1))
    return f"“{piece.text}” stands {where}"


def _between(one: Find, other: Find) -> int:
    assert isinstance(one, TextFind)
    assert isinstance(other, TextFind)
    first, second = sorted((one, other), key=lambda find: (find.first, find.last))
    return max(0, second.first - first.last - 1) if second.first > first.last else -1


def _words(one: TextFind, other: TextFind) -> str:
    between = _between(one, other)
    return "0 words" if between < 0 else f"{between} word" + "s" * (between != 1)


def _place(node: Near, one: TextFind, other: TextFind, read: ReadArticle) -> str:
    reading = read.reading(one.field)
    assert reading is not None
    if _between(one, other) < 0:
        return " (they overlap)"
    if reading.paragraphs[one.first] != reading.paragraphs[other.first]:
        return " in another paragraph"
    return " but before it" if node.ordered and other.first < one.first else ""


def _name(node: Node, printed: str) -> str:
    return printed if printed.startswith("@") else f"`{printed}`"


def _text(find: TextFind, read: ReadArticle) -> str:
    reading = read.reading(find.field)
    assert reading is not None
    return " ".join(reading.source[reading.starts[find.first] : reading.ends[find.last]].split())

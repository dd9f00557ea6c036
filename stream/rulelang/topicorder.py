"""Rules that ask for topics (`topic:energy`) come after the rules that give them: who waits for whom, and circles."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from stream.clean import fold_key
from stream.rulelang.circles import circles_of
from stream.rulelang.nodes import KeyField, Node
from stream.rulelang.walk import leaves

Wanted = tuple[str, bool]
"""A folded topic, and whether any ending passes (`energy*`)."""


def covers(wanted: Wanted, topic: str) -> bool:
    """Whether a topic is the one asked for, or below it: `energy` covers `energy/gas`, and not `energy-tax`."""
    name, is_prefix = wanted
    return topic.startswith(name) if is_prefix else topic == name or topic.startswith(name + "/")


def topic_fields(roots: Iterable[Node]) -> list[KeyField]:
    """The `topic:` leaves of expressions."""
    return [leaf for root in roots for leaf in leaves(root) if isinstance(leaf, KeyField) and leaf.name == "topic"]


def wanted_topics(field: KeyField, values: Callable[[KeyField], Sequence[str]] | None = None) -> list[Wanted]:
    """What a `topic:` leaf asks for; `values` looks up those of a list that was not put in yet."""
    if field.list_name is None:
        return [(fold_key(field.value), field.prefix)]
    texts = field.values if values is None else values(field)
    return [(text.removesuffix("*"), text.endswith("*")) for text in texts]


def levels(
    gives: Mapping[str, Sequence[str]], asks: Mapping[str, Sequence[Wanted]]
) -> tuple[dict[str, int], list[tuple[str, ...]]]:
    """For each rule its level, 0 for those that wait for none; and the circles, from an id back to itself.

    Rules leave once all that they wait for have left (a topological sort, level by level); those that stay are in a
    circle or behind one, and have no level.
    """
    givers: dict[str, list[str]] = {}
    for rule, topics in gives.items():
        for topic in topics:
            givers.setdefault(topic, []).append(rule)
    waits = {rule: _givers(wanted, givers) for rule, wanted in asks.items() if wanted}
    found = {rule: 0 for rule in gives if rule not in waits}
    waiting = dict(waits)
    while waiting:
        ready = {
            rule: 1 + max((found[g] for g in needs), default=-1)
            for rule, needs in waiting.items()
            if _all(needs, found)
        }
        if not ready:
            break
        found.update(ready)
        waiting = {rule: needs for rule, needs in waiting.items() if rule not in ready}
    return found, circles_of({rule: waiting[rule] for rule in sorted(waiting)})


def _givers(wanted: Sequence[Wanted], givers: Mapping[str, Sequence[str]]) -> list[str]:
    names = (rule for topic, rules in givers.items() if any(covers(w, topic) for w in wanted) for rule in rules)
    return list(dict.fromkeys(names))


def _all(needs: Sequence[str], found: Mapping[str, int]) -> bool:
    return all(need in found for need in needs)

"""Warnings: what is allowed and was most likely not meant."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache

from stream.clean import read_phrase
from stream.rulelang.checker import expressions
from stream.rulelang.covered import covered_items, named_lists
from stream.rulelang.everyday import EVERYDAY_WORDS
from stream.rulelang.inflect import inflections
from stream.rulelang.inflected import base_of, is_form
from stream.rulelang.keysapart import of_scope
from stream.rulelang.langtags import no_language
from stream.rulelang.lists import Lists, list_name
from stream.rulelang.lookalikes import mixed_scripts
from stream.rulelang.never import EXPECTED, Never, never_in, never_left
from stream.rulelang.nodes import (
    And,
    AnyOf,
    AtLeast,
    FieldScoped,
    KeyField,
    Lead,
    Near,
    Node,
    Not,
    Or,
    Phrase,
    Scoped,
    Word,
)
from stream.rulelang.printer import print_node
from stream.rulelang.rulefile import RuleDraft
from stream.rulelang.source import Source, did_you_mean, quoted
from stream.rulelang.topicorder import covers, topic_fields, wanted_topics
from stream.rulelang.walk import children, leaves, nodes

ARTICLE_WIDE_SIDES_MAX = 2
READINGS_CACHED_MAX = 50_000

_HYPHEN = re.compile("[-\u2010\u2011\u2012\u2013]")


def lint(rules: Sequence[RuleDraft], lists: Lists) -> None:
    """Note lints on rules and lists that have no errors."""
    _lint_lists(lists, rules)
    for draft in rules:
        _lint_rule(draft, lists)
    _lint_topics(rules, lists)


def _lint_lists(lists: Lists, rules: Sequence[RuleDraft]) -> None:
    """Lists that no rule reaches, and the words in lists."""
    roots = [node for draft in rules for node in expressions(draft)]
    used = lists.reached(name for node in roots for name in _names(node, lists))
    for draft in lists.drafts.values():
        if draft.id not in used:
            help_ = "Name it in a rule, or delete it."
            draft.source.add("R904", draft.place, f"the list `@{draft.id}` that no rule uses", "a list in use", help_)
        _lint_words(draft.items, lists, draft.source, is_item=True)
        _note_never([never for item in draft.items for never in never_in(lists.resolve(item))], draft.source)
        nested = [i for name in sorted(lists.reached(named_lists(draft.items))) for i in lists.drafts[name].items]
        for item, wider in covered_items(draft.items, nested):
            found = f"{quoted(print_node(item))}, which {quoted(print_node(wider))} finds already"
            draft.source.add("R908", item.place, found, "items that find something of their own", "Delete it.")


def _lint_rule(draft: RuleDraft, lists: Lists) -> None:
    """The words and the shape of a rule's expressions, and its tests."""
    for node in expressions(draft):
        is_item = draft.has_keywords and node is draft.rule.match
        _lint_words([node], lists, draft.source, is_item=is_item)
        _lint_article_wide(node, draft.source)
    _lint_never(draft, lists)
    _lint_tests(draft)


def _lint_never(draft: RuleDraft, lists: Lists) -> None:
    """Parts that can never hold, and exclusions that leave nothing of what the rule finds."""
    rule = draft.rule
    match = lists.resolve(rule.match)
    exclusions = [replace(exclusion, match=lists.resolve(exclusion.match)) for exclusion in rule.exclusions]
    found = never_in(match, of_scope(rule.scope, match))
    found += [never for exclusion in exclusions for never in never_in(exclusion.match)]
    nothing = never_left(match, exclusions)
    _note_never(found if nothing is None else [*found, nothing], draft.source)


def _note_never(found: Sequence[Never], source: Source) -> None:
    for never in found:
        source.add("R911", never.place, never.found, EXPECTED, never.help)


def _lint_tests(draft: RuleDraft) -> None:
    if not (draft.rule.tests or draft.rule.time_tests) and draft.rule.status != "stable":
        help_ = "Add `tests:` with one article that fires and one near miss that stays quiet."
        found = f"the rule {quoted(draft.rule.id)} without a test"
        draft.source.add("R903", draft.place, found, "at least one test", help_)


def _lint_topics(rules: Sequence[RuleDraft], lists: Lists) -> None:
    """Topics that are asked for and that no rule gives."""
    given = {topic for draft in rules for topic in draft.rule.topics}
    for draft in rules:
        for field in topic_fields(expressions(draft)):
            for wanted in wanted_topics(field, lambda field: lists.values(field.list_name or "")):
                if not any(covers(wanted, topic) for topic in given):
                    help_ = did_you_mean(wanted[0], given) or "Add it to the `topics` of the rule that finds it."
                    found = f"the topic {quoted(wanted[0])}, which no rule gives"
                    draft.source.add("R907", field.place, found, "a topic of some rule", help_)


def _names(node: Node, lists: Lists) -> list[str]:
    return [name for leaf in lists.names_in(node) if (name := list_name(leaf)) is not None]


def _written(leaf: Node) -> str | None:
    match leaf:
        case Word(text=text):
            return text
        case Phrase(words=words):
            return " ".join(word.text for word in words)
        case _:
            return None


def _lint_words(roots: Sequence[Node], lists: Lists, source: Source, *, is_item: bool = False) -> None:
    hyphened = [twin for root in roots for leaf in leaves(root) for twin in _closed_twin(leaf)]
    if hyphened:
        readings = _readings(roots, lists)
        prefixes = tuple(reading[:-1] for reading in readings if reading.endswith("*"))
        apart = {leaf for root in roots for leaf in _standing_apart(root)}
        for written, text, closed in hyphened:
            reading = _reading(closed)
            if reading not in readings and not (prefixes and reading.startswith(prefixes)):
                help_ = _both_spellings(written, text, closed, apart=written in apart, is_item=is_item)
                found = f"{quoted(text)} without {quoted(closed)}, which reads differently"
                source.add("R901", written.place, found, "both spellings", help_)
    for root in roots:
        _lint_capitals(root, source)
        for leaf in leaves(root):
            if isinstance(leaf, Phrase) and leaf.words[0].text.startswith("@"):
                help_ = f"Inside an expression a list is written without quotes: {leaf.words[0].text}"
                found = f"the phrase {quoted(_written(leaf) or '')}, which is read as words"
                source.add("R906", leaf.place, found, "a list, or a phrase without `@`", help_)
            _lint_form(leaf, source)
            _lint_scripts(leaf, source)
            _lint_language(leaf, source)


def _lint_scripts(leaf: Node, source: Source) -> None:
    """Letters of another script that look like those of the word."""
    for word in leaf.words if isinstance(leaf, Phrase) else (leaf,):
        if not isinstance(word, Word) or (found := mixed_scripts(word.text)) is None:
            continue
        start = source.index(word.place) + word.inflected + found.index
        # Escapes of YAML make the word longer in the file.
        exact = source.text[start : start + 1] == found.letter
        place = source.place(start, start + 1) if exact else word.place
        one_script = print_node(replace(word, text=found.written))
        help_ = f"It looks like a {found.script} letter and is not read as one: write {quoted(one_script)}."
        said = f"{quoted(word.text)}, whose letter {found.index + 1} is the {found.other} `{found.letter}`"
        source.add("R912", place, f"{said} (U+{ord(found.letter):04X})", "a word in one script", help_)


def _lint_language(leaf: Node, source: Source) -> None:
    if isinstance(leaf, KeyField) and leaf.name == "lang" and leaf.list_name is None:
        value = leaf.value + "*" * leaf.prefix
        if (help_ := no_language(value)) is not None:
            source.add("R913", leaf.place, quoted(f"lang:{value}"), "a language as articles have it", help_)


def _lint_form(leaf: Node, source: Source) -> None:
    """`~` before what is a form already."""
    last = leaf.words[-1] if isinstance(leaf, Phrase) else leaf
    if not isinstance(last, Word) or not last.inflected or not is_form(last.text):
        return
    assert isinstance(leaf, Word | Phrase)
    plain = print_node(_with_last(leaf, replace(last, inflected=False)))
    help_ = f"For this form alone write {quoted(plain)}."
    base = base_of(last.text)
    if base is not None:
        wanted = print_node(_with_last(leaf, replace(last, text=base)))
        help_ = f"Did you mean {quoted(wanted)}? It finds {quoted(last.text)} too. {help_}"
    made = " and ".join(inflections(last.text)[1:3])
    found = f"{quoted(print_node(leaf))}, a form already, of which `~` makes {made}"
    source.add("R910", leaf.place, found, "the base form behind `~`", help_)


def _with_last(leaf: Word | Phrase, last: Word) -> Node:
    return replace(leaf, words=(*leaf.words[:-1], last)) if isinstance(leaf, Phrase) else last


def _closed_twin(leaf: Node) -> list[tuple[Word | Phrase, str, str]]:
    """A word with one hyphen and its closed spelling, if the two read differently and both are in use."""
    if not isinstance(leaf, Word | Phrase):
        return []
    text = _written(leaf) or ""
    parts = _HYPHEN.split(text)
    if len(text.split()) != 1 or len(parts) != 2 or not all(parts):
        return []
    # `US-made` has no closed form; `S-400` has: a type is written with and without its hyphen.
    if any(len(part) > 1 and part.isalpha() and part.isupper() for part in parts) and not parts[1].isdigit():
        return []
    closed = "".join(parts)
    return [] if _reading(text) == _reading(closed) else [(leaf, text, closed)]


def _both_spellings(leaf: Word | Phrase, text: str, closed: str, *, apart: bool, is_item: bool) -> str:
    """What helps, with the quotes and the `~` of the word as it was written."""
    last = leaf.words[-1] if isinstance(leaf, Phrase) else leaf
    twin = print_node(_with_last(leaf, replace(last, text=closed)))
    if is_item:
        return f"If both spellings occur, add the item {quoted(twin)}."
    both = f"{print_node(leaf)} OR {twin}"
    return f"If both spellings occur, write {quoted(both if apart else f'({both})')}."


def _standing_apart(root: Node) -> list[Node]:
    """The leaves for which an OR can be written without brackets around it."""
    apart = [root]
    for node in nodes(root):
        if isinstance(node, Or | AnyOf | Scoped | Lead | AtLeast):
            apart.extend(children(node))
    return apart


def _readings(roots: Iterable[Node], lists: Lists) -> set[str]:
    """How words and phrases read, with those of the lists that are named; prefixes keep their `*`."""
    readings: set[str] = set()
    waiting = list(roots)
    seen: set[str] = set()
    while waiting:
        for leaf in leaves(waiting.pop()):
            name = list_name(leaf)
            if name is not None and name in lists and name not in seen:
                seen.add(name)
                waiting.extend(lists.drafts[name].items)
            text = _written(leaf)
            if text is not None:
                readings.add(_reading(text) + "*" * (isinstance(leaf, Word) and leaf.prefix))
    return readings


@lru_cache(maxsize=READINGS_CACHED_MAX)
def _reading(text: str) -> str:
    return " ".join(token for token, _ in read_phrase(text))


def _lint_capitals(node: Node, source: Source) -> None:
    match node:
        case Scoped(kind="CASE"):
            return
        case Word(text=text, place=place) | Phrase(words=(Word(text=text),), place=place):
            bare = text.replace(".", "")
            if bare.isupper() and bare.lower() in EVERYDAY_WORDS:
                help_ = f"Words are compared without case: write CASE({text})."
                found = f"{quoted(text)}, which also matches the everyday word {quoted(bare.lower())}"
                source.add("R902", place, found, "CASE around it", help_)
        case _:
            for child in children(node):
                _lint_capitals(child, source)


def _lint_article_wide(node: Node, source: Source) -> None:
    match node:
        case And(operands=operands, place=place):
            sides = sum(_is_text(operand) for operand in operands)
            if sides > ARTICLE_WIDE_SIDES_MAX:
                help_ = "SENTENCE( … ), PARAGRAPH( … ) or NEAR/n keep words together that belong together."
                found = f"AND of {sides} sides over the whole article"
                source.add("R905", place, found, f"at most {ARTICLE_WIDE_SIDES_MAX} without a reach", help_)
            for operand in operands:
                _lint_article_wide(operand, source)
        case Or() | AnyOf():
            for operand in children(node):
                _lint_article_wide(operand, source)
        case _:
            # Every other operator narrows the reach, or is a leaf.
            return


def _is_text(node: Node) -> bool:
    """Whether a side of an AND asks for words anywhere in the article."""
    match node:
        case KeyField() | Not() | Scoped(kind="SENTENCE" | "PARAGRAPH") | Lead() | FieldScoped() | AtLeast() | Near():
            return False
        case Or(operands=operands):
            return all(_is_text(o) for o in operands)
        case _:
            return True

"""What an expression means, checked: rules that the grammar cannot say. Mistakes go to the source of the file."""

from __future__ import annotations

import re
from collections.abc import Sequence

import re2  # type: ignore[import-untyped]

from stream.clean import read_phrase
from stream.rulelang.lists import ATOMS_MAX, LIST_LEVELS_MAX, Lists, list_name
from stream.rulelang.nodes import (
    And,
    AnyOf,
    AtLeast,
    FieldScoped,
    KeyField,
    Lead,
    ListRef,
    Near,
    Node,
    Not,
    Or,
    Phrase,
    Place,
    Regex,
    Scoped,
    Word,
)
from stream.rulelang.printer import print_node
from stream.rulelang.rulefile import BROKEN, RuleDraft
from stream.rulelang.source import Source, did_you_mean, quoted
from stream.rulelang.topicorder import levels as topic_levels
from stream.rulelang.topicorder import topic_fields, wanted_topics
from stream.rulelang.walk import children, leaves, nodes
from stream.rulelang.words import READS_AS_NOTHING

PREFIX_LETTERS_MIN = 3
DISTANCE_WORDS_MAX = 50
AT_LEAST_MAX = 1_000
LEAD_WORDS_MAX = 200_000
REGEX_CODE_POINTS_MAX = 2_000
CIRCLE_NAMES_SHOWN_MAX = 10
REGEX_MEMORY_BYTES_MAX = 8 << 20


def check_lists(lists: Lists, rules: Sequence[RuleDraft]) -> bool:
    """Check every list by itself and the lists among each other; whether they can be expanded."""
    usable = True
    values = _lists_of_values(lists, rules)
    for draft in lists.drafts.values():
        for item in draft.items:
            usable &= _check_names(item, draft.source, lists)
            # `AP*` begins too many words, but it is a source.
            is_value = isinstance(item, Word | Phrase) and draft.id in values
            _check_nodes(item, draft.source, prefixes=not is_value)
    levels, circles = lists.order()
    for circle in circles:
        usable = False
        draft = lists.drafts[circle[0]]
        found = "a circle of lists: " + " → ".join(f"@{name}" for name in circle[:CIRCLE_NAMES_SHOWN_MAX])
        draft.source.add("R503", draft.place, found, "lists that end", "Take one of the names out.")
    for name, level in levels.items():
        if level > LIST_LEVELS_MAX:
            usable = False
            draft = lists.drafts[name]
            found = f"{level} levels of lists and brackets"
            draft.source.add("R406", draft.place, found, f"at most {LIST_LEVELS_MAX}", "Join some of them.")
    if usable:
        for draft in lists.drafts.values():
            for item in draft.items:
                _check_positive(item, draft.source)
                # A list that is too large is the finding of the rule that uses it.
                if lists.atoms(item) <= ATOMS_MAX:
                    _check_expanded(item, draft.source, lists)
    return usable


def _lists_of_values(lists: Lists, rules: Sequence[RuleDraft]) -> set[str]:
    """The lists that rules name as values of key fields (`source:@agencies`), and never as words."""
    named = [leaf for draft in rules for node in expressions(draft) for leaf in lists.names_in(node)]
    as_words = lists.reached(list_name(leaf) for leaf in named if isinstance(leaf, ListRef))
    return lists.reached(list_name(leaf) for leaf in named if isinstance(leaf, KeyField)) - as_words


def check_rule(draft: RuleDraft, lists: Lists, lists_usable: bool) -> None:
    """Check the expressions of a rule; what needs expanded lists only when they are usable."""
    rule = draft.rule
    for node in (rule.match, *(e.match for e in rule.exclusions)):
        if node is BROKEN:
            continue
        known = _check_names(node, draft.source, lists)
        _check_nodes(node, draft.source)
        _check_positive(node, draft.source)
        if known and lists_usable:
            _check_expanded(node, draft.source, lists)
    _check_tests(draft)
    for exclusion in rule.exclusions:
        node = exclusion.match
        if exclusion.mask == "phrase" and node is not BROKEN and all(isinstance(n, KeyField) for n in leaves(node)):
            help_ = "Write `mask: article` to drop the article."
            draft.source.add(
                "R412", node.place, "`mask: phrase` with nothing to mask", "words in the expression", help_
            )


def check_topics(drafts: Sequence[RuleDraft], lists: Lists, lists_usable: bool) -> None:
    """Rules that wait for each other's topics can never be asked."""

    def values(field: KeyField) -> Sequence[str]:
        name = field.list_name
        return lists.values(name) if lists_usable and name is not None and name in lists else ()

    fields = {draft.rule.id: topic_fields(expressions(draft)) for draft in drafts}
    asks = {
        rule: [wanted for field in asked for wanted in wanted_topics(field, values)] for rule, asked in fields.items()
    }
    _, circles = topic_levels({draft.rule.id: draft.rule.topics for draft in drafts}, asks)
    by_id = {draft.rule.id: draft for draft in drafts}
    for circle in circles:
        draft = by_id[circle[0]]
        found = "a circle of topics: " + " → ".join(f"`{name}`" for name in circle[:CIRCLE_NAMES_SHOWN_MAX])
        help_ = (
            "A rule cannot ask for a topic that it gives itself, or that waits for it. A topic covers those below it."
        )
        place = fields[circle[0]][0].place
        draft.source.add("R506", place, found, "topics that rules before it give", help_)


def expressions(draft: RuleDraft) -> list[Node]:
    """The expressions of a rule that could be read."""
    found = (draft.rule.match, *(e.match for e in draft.rule.exclusions))
    return [node for node in found if node is not BROKEN]


def _check_expanded(node: Node, source: Source, lists: Lists) -> None:
    # Size first: what is within the limit can be walked with its lists put in.
    if _check_size(node, source, lists):
        _check_near(node, source, lists)
        _check_values(node, source, lists)


def _check_tests(draft: RuleDraft) -> None:
    expected = {test.expect for test in draft.rule.tests}
    missing = [expect for expect in ("fire", "quiet") if expect not in expected]
    if draft.rule.status == "stable" and missing:
        help_ = f"Add a test with `expect: {missing[0]}`, or set `status: experimental`."
        found = f"a stable rule without a test that expects {' or '.join(missing)}"
        draft.source.add("R701", draft.place, found, "a firing and a quiet test", help_)


def _check_names(node: Node, source: Source, lists: Lists) -> bool:
    known = True
    for leaf in lists.names_in(node):
        name = list_name(leaf)
        if name is not None and name not in lists:
            known = False
            if source.is_full:
                break
            help_ = did_you_mean(name, lists.drafts, "@{}") or "Add a document with `kind: list` and this id."
            source.add("R501", leaf.place, f"the list {quoted('@' + name)}", "a known list", help_)
    return known


def _check_nodes(node: Node, source: Source, *, prefixes: bool = True) -> None:
    for inner in nodes(node):
        match inner:
            case Word() if inner is not BROKEN:
                _check_word(inner, source)
                if prefixes:
                    _check_prefix(inner, source)
            case Phrase(words=words):
                _check_phrase(inner, source)
                for word in words if prefixes else ():
                    _check_prefix(word, source)
            case KeyField():
                _check_key_field(inner, source)
            case Regex():
                _check_regex(inner, source)
            case Near(distance=number):
                _check_number(number, 0, DISTANCE_WORDS_MAX, "words between", inner.place, source)
            case Lead(words=number):
                _check_number(number, 1, LEAD_WORDS_MAX, "words", inner.place, source)
            case AtLeast(count=number):
                _check_number(number, 1, AT_LEAST_MAX, "times", inner.place, source)
            case AnyOf(count=number, operands=operands):
                _check_number(number, 1, len(operands), "operands", inner.place, source)
            case _:
                pass


def _check_word(word: Word, source: Source) -> None:
    if word.inflected and word.prefix:
        help_ = (
            f"Write {quoted('~' + word.text)} for its forms, or {quoted(word.text + '*')} for all words that begin so."
        )
        source.add("R403", word.place, "`~` and `*` on one word", "one of the two", help_)
    # A word that begins otherwise has a finding of its own already.
    if word.text[:1].isalnum() and not read_phrase(word.text):
        source.add("R408", word.place, quoted(word.text), "a word with letters or digits", READS_AS_NOTHING)


def _check_prefix(word: Word, source: Source) -> None:
    """A prefix as it is read: `ab's*` looks for all words in ab-, and `pro-*` would for *problem*."""
    if not word.prefix:
        return
    if word.text[-1:] in _HYPHENS:
        bare = word.text.rstrip(_HYPHENS)
        help_ = f"Write the words out with OR, or {quoted(bare + '*')} for all words that begin so."
        found = f"{quoted(word.text + '*')} with no letters between the hyphen and the star"
        source.add("R402", word.place, found, f"at least {PREFIX_LETTERS_MIN} letters", help_)
        return
    tokens = read_phrase(word.text)
    letters = sum(map(str.isalpha, tokens[-1][0] if tokens else word.text))
    if letters < PREFIX_LETTERS_MIN:
        found = f"{quoted(word.text + '*')} with {letters} letters before the star"
        help_ = "Write the words out with OR."
        source.add("R402", word.place, found, f"at least {PREFIX_LETTERS_MIN} letters", help_)


def _check_phrase(phrase: Phrase, source: Source) -> None:
    last = phrase.words[-1]
    if last.inflected and last.prefix:
        help_ = "Leave out the `~` or the `*`."
        source.add("R403", phrase.place, "`~` and `*` on one word", "one of the two", help_)
    text = " ".join(word.text for word in phrase.words)
    if text and (not read_phrase(text) or (last.inflected and not read_phrase(last.text))):
        source.add("R408", phrase.place, quoted(text), "a word with letters or digits", READS_AS_NOTHING)


def _check_key_field(node: KeyField, source: Source) -> None:
    if node.list_name is None and not node.value and not node.prefix:
        source.add("R408", node.place, f"an empty value behind `{node.name}:`", "a value", "Write the value.")


_LOOK_AROUND = re.compile(r"\(\?<?[=!]")
_BACK_REFERENCE = re.compile(r"(?<!\\)(?:\\\\)*\\[1-9]|\(\?P=")


def _check_regex(node: Regex, source: Source) -> None:
    pattern = node.pattern
    if len(pattern) > REGEX_CODE_POINTS_MAX:
        found = f"a pattern of {len(pattern):,} characters"
        source.add("R409", node.place, found, f"at most {REGEX_CODE_POINTS_MAX:,}", "Split it with OR.")
        return
    refused = _LOOK_AROUND.search(pattern) or _BACK_REFERENCE.search(pattern)
    options = re2.Options()
    options.log_errors = False
    options.max_mem = REGEX_MEMORY_BYTES_MAX
    try:
        re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0] if error.args else "an unknown reason"
        said = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        if refused is not None:
            help_ = "RE2 has no look-around and no back-references: use NEAR, NOT NEAR or an exclusion."
            source.add("R410", node.place, quoted(refused.group()), "a pattern that RE2 can run", help_)
        else:
            help_ = "Escape signs that are meant as they stand: `\\(`, `\\[`, `\\*`."
            source.add("R409", node.place, f"a pattern that RE2 refuses ({said})", "a pattern in RE2 syntax", help_)
        return


def _check_number(number: int, low: int, high: int, unit: str, place: Place, source: Source) -> None:
    if not low <= number <= high:
        source.add("R404", place, f"{number:,}", f"{low} to {high:,} {unit}", "Change the number.")


def _check_positive(node: Node, source: Source) -> None:
    """Every OR branch, every operand of ANY, every bracket of a function and the whole need a positive clause."""
    if not _is_positive(node):
        help_ = "Say what must be there: `a AND NOT b`."
        source.add("R401", node.place, f"{quoted(print_node(node))}, which only excludes", "a positive clause", help_)
        return
    for inner in nodes(node):
        match inner:
            case Or() | AnyOf() | Scoped() | Lead() | AtLeast() | FieldScoped():
                parts = children(inner)
            case Near():
                continue  # negations as its operands are a finding of their own
            case _:
                continue
        for part in parts:
            if not _is_positive(part):
                found = f"{quoted(print_node(part))}, which only excludes"
                help_ = "Every branch of an OR and every bracket needs something that must be there."
                source.add("R401", part.place, found, "a positive clause", help_)


def _is_positive(node: Node) -> bool:
    match node:
        case Not():
            return False
        case And(operands=operands):
            return any(_is_positive(o) for o in operands)
        case _:
            return True


_HYPHENS = "-\u2010\u2011\u2012\u2013"
_NO_OPERATOR = frozenset({"R306", "R307"})


def _check_near(node: Node, source: Source, lists: Lists) -> None:
    for inner in nodes(node):
        if not isinstance(inner, Near):
            continue
        for side in (inner.left, inner.right):
            wrong = _no_near_operand(side, lists)
            # Words without an operator between them were read as an AND: what was said of them is what helps.
            if wrong is not None and not source.found_within(_NO_OPERATOR, side.place):
                inside = f" (in {quoted(print_node(side))})" if isinstance(side, ListRef) else ""
                found = f"{quoted(print_node(wrong))} beside NEAR{inside}"
                help_ = "For AND within reach use SENTENCE( … ); ask fields and patterns outside of NEAR."
                source.add("R405", side.place, found, "words, phrases, lists, CASE, NEAR, or ORs of these", help_)


def _no_near_operand(node: Node, lists: Lists) -> Node | None:
    """The first part that cannot stand beside NEAR, or None."""
    match node:
        case Word() | Phrase():
            return None
        case ListRef(name=name):
            parts = lists.items(name)
        case Scoped(kind="CASE", operand=operand):
            parts = (operand,)
        case Near(left=left, right=right):
            parts = (left, right)
        case Or(operands=operands):
            parts = operands
        case _:
            return node
    return next((wrong for part in parts if (wrong := _no_near_operand(part, lists)) is not None), None)


def _check_values(node: Node, source: Source, lists: Lists) -> None:
    for leaf in leaves(node):
        if isinstance(leaf, KeyField) and leaf.list_name is not None:
            wrong = _no_value(leaf.list_name, lists)
            if wrong is not None:
                found = f"{quoted(print_node(wrong))} in `@{leaf.list_name}`"
                help_ = "A list of values has plain texts, a `*` at the end at most."
                source.add("R505", leaf.place, found, f"values for `{leaf.name}:`", help_)


def _no_value(name: str, lists: Lists) -> Node | None:
    for item in lists.drafts[name].items:
        match item:
            case ListRef(name=inner):
                wrong = _no_value(inner, lists)
            case Word(inflected=inflected):
                wrong = item if inflected else None
            case Phrase(words=words):
                wrong = item if words[-1].inflected else None
            case _:
                wrong = item
        if wrong is not None:
            return wrong
    return None


def _check_size(node: Node, source: Source, lists: Lists) -> bool:
    atoms = lists.atoms(node)
    if atoms > ATOMS_MAX:
        found = f"{atoms:,} words and phrases, lists included"
        source.add("R407", node.place, found, f"at most {ATOMS_MAX:,}", "Split the rule, or shorten its lists.")
    return atoms <= ATOMS_MAX

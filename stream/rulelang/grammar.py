"""Expression text to a tree of nodes that keep their places; syntax errors become diagnostics.

lark's LALR(1) parser with a contextual lexer makes a plain tree, without recursion; `_Builder` walks it with bounded
depth. A tree with mistakes in it is still returned where there is one, so that its meaning is checked in the same run.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal, cast

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput, UnexpectedToken

from stream.rulelang import words
from stream.rulelang.commas import comma_fault
from stream.rulelang.expressions import GRAMMAR, KEY_FIELDS, TEXT_FIELDS
from stream.rulelang.fieldbrackets import bracket_help
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
from stream.rulelang.pasting import in_file
from stream.rulelang.printer import print_node
from stream.rulelang.source import did_you_mean, quoted
from stream.rulelang.yamltree import Scalar

NESTING_MAX = 20
EXPRESSION_CODE_POINTS_MAX = 200_000

_OPERAND = "a word, a phrase, a list or a bracket"


def parse(scalar: Scalar) -> Node | None:
    """The tree of an expression, or None when there is none; mistakes go to the scalar's source."""
    text = scalar.text
    if not text.strip():
        scalar.source.add("R310", scalar.place, "an empty expression", _OPERAND, "Write what to look for.")
        return None
    if len(text) > EXPRESSION_CODE_POINTS_MAX:
        found = f"an expression of {len(text):,} characters"
        scalar.source.add("R215", scalar.place, found, f"at most {EXPRESSION_CODE_POINTS_MAX:,}", "Use lists.")
        return None
    try:
        tree = _parser().parse(text)
    except UnexpectedInput as error:
        _report(scalar, error)
        return None
    try:
        return _Builder(scalar).chain(tree.children[0], 0)
    except _TooDeep:
        return None


_ITEM_SPECIAL = re.compile(rf'~?"|@|\(|[A-Z]+(?:/[0-9]+)?\(|(?:{"|".join((*TEXT_FIELDS, *KEY_FIELDS))}|regex):')
_OPERATORS_INSIDE = re.compile(r"(?:^|\s)(?:AND|OR|NOT|(?:O?NEAR/\d+))(?:\s|$)")


def parse_item(scalar: Scalar) -> Node | None:
    """An item of a list or of `keywords`: as in expressions, but an item with blanks needs no quotes."""
    text = scalar.text.strip()
    if not text or scalar.is_empty:
        scalar.source.add("R310", scalar.place, "an empty item", "a word, a phrase or a list", "Delete it.")
        return None
    if _ITEM_SPECIAL.match(text):
        return parse(scalar)
    operator = _OPERATORS_INSIDE.search(text)
    if operator is not None or '"' in text:
        help_ = "Write an expression behind `match:`, or put the words in quotes inside the item."
        scalar.source.add("R311", scalar.place, quoted(text), "one word, one phrase or one list as an item", help_)
        return None
    offset = scalar.text.index(text)
    if _excludes(scalar, text, offset):
        return None
    if words.is_plain_word(text):
        return words.read_word(scalar, text, offset)
    inflected = text.startswith("~")
    return words.read_words(scalar, text[inflected:], offset + inflected, (offset, offset + len(text)), inflected)


def _excludes(scalar: Scalar, text: str, offset: int) -> bool:
    """Notes a word that an item seems to leave out, `war -peace`: read as a phrase, it would look for that word."""
    for chunk in re.finditer(r"\S+", text):
        excluded = words.meant_excluded(chunk[0])
        # `-5` is a number.
        if excluded is not None and not excluded[0].isdigit():
            at = offset + chunk.start()
            phrase = f'{"~" * text.startswith("~")}"{text.removeprefix("~")}"'
            help_ = (
                f"To exclude the word, write AND NOT {excluded} in an expression behind `match:`. "
                f"For the phrase as it stands write '{phrase}'."
            )
            scalar.source.add("R304", scalar.place_of(at, at + 1), quoted(chunk[0][0]), "letters, digits or ~", help_)
            return True
    return False


@lru_cache(maxsize=1)
def _parser() -> Lark:
    return Lark(GRAMMAR, parser="lalr", lexer="contextual", propagate_positions=True, maybe_placeholders=False)


_BEHIND_NOT = re.compile(r'\s*(\(|~?"[^"]*"|[^\s()]+)')
_OPENED = re.compile(r"(?<!\S)~?(?=')")
_NOT_BEHIND_NEAR = re.compile(r"NEAR/[0-9]+ NOT\Z")


class _TooDeep(Exception):  # noqa: N818 - noted as a diagnostic; ends the walk
    pass


class _Builder:
    """Walks lark's tree; `depth` counts brackets, functions, negations, fields and the links of NEAR chains."""

    def __init__(self, scalar: Scalar) -> None:
        self._scalar = scalar
        self._source = scalar.source

    def chain(self, tree: object, depth: int) -> Node:
        """A chain of operands under one operator; mixing and missing operators are noted."""
        tree = _as_tree(tree)
        operands = [self._unary(tree.children[0], depth)]
        operators: set[str] = set()
        first = _as_tree(tree.children[0]).meta
        start, end = first.start_pos, first.end_pos
        run = operands[:]
        for link in map(_as_tree, tree.children[1:]):
            operand = self._unary(link.children[-1], depth)
            if link.data == "beside":
                run.append(operand)
                end = link.meta.end_pos
            else:
                self._beside(run, (start, end))
                run = [operand]
                start, end = _as_tree(link.children[-1]).meta.start_pos, link.meta.end_pos
                operators.add("OR" if link.data == "or_link" else "AND")
            operands.append(Not(operand, self._place(link)) if link.data == "not_link" else operand)
        self._beside(run, (start, end))
        place = self._place(tree)
        if len(operators) > 1:
            help_ = "Say which goes first: `(a AND b) OR c`, or `a AND (b OR c)`."
            self._source.add("R305", place, "AND (or NOT) and OR side by side", "brackets around one of them", help_)
        if len(operands) == 1:
            return operands[0]
        if operators == {"OR"}:
            return Or(tuple(operands), place=place)
        return And(tuple(operands), place)

    def _beside(self, run: list[Node], span: tuple[int, int]) -> None:
        """Note operands without an operator between them; `span` is where they stand in the text."""
        if len(run) < 2:
            return
        texts = [self._text(node.place) for node in run]
        if any(words.is_operator(t) or words.meant_operator(t) or not any(map(str.isalnum, t)) for t in texts):
            return  # it has a finding of its own
        if any(map(_NOT_BEHIND_NEAR.search, texts)) or self._function_meant(run, texts):
            return
        if any(words.meant_phrase(self._scalar.text, m.end()) for m in _OPENED.finditer(self._scalar.text, *span)):
            return  # it is noted where its quote stands
        meant = next(((text, link) for text in texts if (link := words.meant_link(text)) is not None), None)
        if meant is not None:
            text, link = meant
            is_small = link.removesuffix("/n") == text.upper()
            help_ = f"Operators are written in capitals: {link}." if is_small else f"For {text} write {link}."
        elif all(isinstance(node, Word | Phrase) for node in run):
            printed = [print_node(node) for node in run]
            plain = " ".join(printed).replace('"', "").replace("~", "")
            phrase = in_file(self._scalar, *span, f'{"~" * ("~" in printed[0] + printed[-1])}"{plain}"')
            if self._scalar.style in ("'", '"') and self._scalar.text.split() == printed:
                help_ = f"YAML takes these quotes away. To look for the phrase, write {phrase}."
            else:
                help_ = f"Quote a phrase: {phrase}, or write AND/OR between the words."
        else:
            help_ = "Write AND, OR or NEAR/n between them."
        place = self._source.place(self._index(run[0].place), self._index(run[-1].place) + run[-1].place.length)
        self._source.add("R306", place, f"{quoted(' '.join(texts))} side by side", "an operator between", help_)

    def _function_meant(self, run: list[Node], texts: list[str]) -> bool:
        """Notes a misspelt function: a word right before a bracket, `SENTANCE( … )`."""
        for node, text in zip(run[:-1], texts[:-1], strict=True):
            end = self._index(node.place) + node.place.length
            bracket = self._source.text[end : end + 1] == "("
            if (meant := words.meant_operator(text, before_bracket=bracket)) is not None:
                help_ = f'Did you mean `{meant}( … )`? To search the word itself, quote it: "{text}".'
                self._source.add("R307", node.place, quoted(text), "an operator", help_)
                return True
        return False

    def _unary(self, child: object, depth: int) -> Node:
        tree = _as_tree(child)
        if depth > NESTING_MAX:
            help_ = "Take parts out into lists or into rules of their own."
            self._source.add("R406", self._place(tree), "deeper nesting", f"at most {NESTING_MAX} levels", help_)
            raise _TooDeep
        place = self._place(tree)
        match tree.data:
            case "negation":
                return Not(self._unary(tree.children[1], depth + 1), place)
            case "prox":
                return self._prox(tree, depth)
            case "bracket":
                return self.chain(tree.children[0], depth + 1)
            case "function":
                return self._function(tree, depth, place)
            case "any_of":
                operands = tuple(self.chain(c, depth + 1) for c in tree.children[1:])
                return AnyOf(_number(tree.children[0]), operands, place)
            case "text_field":
                name = cast(Literal["title", "body"], str(tree.children[0])[:-1])
                return FieldScoped(name, self._unary(tree.children[1], depth + 1), place)
            case _:
                return self._leaf(tree, place)

    def _leaf(self, tree: Tree[Token], place: Place) -> Node:
        token = cast(Token, tree.children[0])
        start = token.start_pos or 0
        match tree.data:
            case "word":
                return words.read_word(self._scalar, str(token), start)
            case "phrase":
                inflected = token.startswith("~")
                inner = start + 1 + inflected
                span = (start, start + len(token))
                return words.read_words(self._scalar, str(token)[1 + inflected : -1], inner, span, inflected)
            case "list_ref":
                return ListRef(str(token)[1:], place)
            case "regex":
                return Regex(str(token)[len('regex:"') : -1], place)
            case "key_field":
                return words.read_key_field(self._scalar, str(token)[:-1], cast(Token, tree.children[1]), place)
            case _:
                return self._other_field(token, cast(Token, tree.children[1]), place)

    def _other_field(self, token: Token, value: Token, place: Place) -> Node:
        name = str(token)[:-1]
        start = token.start_pos or 0
        where = self._scalar.place_of(start, start + len(name))
        if name == "regex":
            help_ = 'Write regex:"…" with the pattern in double quotes.'
            self._source.add("R307", where, "`regex:` without quotes", "a quoted pattern", help_)
        else:
            help_ = did_you_mean(name.lower(), (*TEXT_FIELDS, *KEY_FIELDS, "regex"), "{}:")
            help_ += " A text with a colon needs quotes."
            self._source.add("R502", where, f"the field {quoted(name)}", "a known field", help_.strip())
        return KeyField(name, str(value).strip('"'), place=place)

    def _prox(self, tree: Tree[Token], depth: int) -> Node:
        left = self._unary(tree.children[0], depth)
        kinds = set()
        for link, (operator, operand) in enumerate(zip(tree.children[1::2], tree.children[2::2], strict=True), 1):
            text = str(operator)
            right = self._negated(tree, cast(Token, operator), operand) or self._unary(operand, depth + link)
            ordered, negated = "ONEAR" in text, text.startswith("NOT")
            kinds.add((ordered, negated))
            start, end = left.place, right.place
            length = self._index(end) + end.length - self._index(start)
            place = Place(start.line, start.column, length)
            left = Near(left, right, _number(operator), ordered, negated, place)
        if len(kinds) > 1:
            help_ = "Put the pair that belongs together in brackets."
            self._source.add("R309", self._place(tree), "NEAR, ONEAR or NOT NEAR in one row", "one of them", help_)
        return left

    def _negated(self, prox: Tree[Token], operator: Token, operand: object) -> Node | None:
        """Notes NOT behind NEAR, `war NEAR/5 NOT peace`, where it was read as a word; None where it is none."""
        tree = _as_tree(operand)
        text = self._scalar.text
        behind = _BEHIND_NOT.match(text, tree.meta.end_pos)
        if tree.data != "word" or str(tree.children[0]) != "NOT" or behind is None or words.is_operator(behind[1]):
            return None
        before = text[prox.meta.start_pos : operator.start_pos].strip()
        meant = operator if operator.startswith("NOT") else f"NOT {operator}"
        right = "( … )" if behind[1] == "(" else behind[1]
        place = self._scalar.place_of(tree.meta.start_pos, tree.meta.end_pos)
        help_ = f"Write {quoted(f'{before} {meant} {right}')}."
        self._source.add("R307", place, f"`NOT` behind {quoted(operator)}", f"{quoted(meant)}", help_)
        return Word("NOT", place=place)

    def _function(self, tree: Tree[Token], depth: int, place: Place) -> Node:
        name = str(tree.children[0]).partition("/")[0]
        operand = self.chain(tree.children[1], depth + 1)
        if name == "LEAD":
            return Lead(_number(tree.children[0]), operand, place)
        if name == "ATLEAST":
            return AtLeast(_number(tree.children[0]), operand, place)
        return Scoped(cast(Literal["SENTENCE", "PARAGRAPH", "CASE"], name), operand, place)

    def _place(self, tree: Tree[Token]) -> Place:
        return self._scalar.place_of(tree.meta.start_pos, tree.meta.end_pos)

    def _index(self, place: Place) -> int:
        return self._source.index(place)

    def _text(self, place: Place) -> str:
        start = self._source.index(place)
        return " ".join(self._source.text[start : start + place.length].split())


def _as_tree(child: object) -> Tree[Token]:
    return cast("Tree[Token]", child)


def _number(token: object) -> int:
    return int(str(token).rpartition("/")[2])


_TYPOGRAPHIC = "“”„«»"


def _report(scalar: Scalar, error: UnexpectedInput) -> None:
    """One syntax error as a diagnostic: what stands there, what could stand there."""
    text, source = scalar.text, scalar.source
    position = error.pos_in_stream if isinstance(error.pos_in_stream, int) else len(text)
    position = min(max(position, 0), len(text))
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        position = len(text.rstrip())
        _report_end(scalar, position)
        return
    character = text[position : position + 1]
    place = scalar.place_of(position, position + 1)
    if character == '"':
        source.add("R303", place, "a quote that is not closed", 'the closing `"`', 'Close the phrase with `"`.')
    elif character in _TYPOGRAPHIC:
        help_ = 'Rule files use the plain quote `"` for phrases, whatever quotes the articles use.'
        source.add("R308", place, f"the typographic quote `{character}`", 'a plain `"`', help_)
    elif character == ")" and _opened_last(text[:position]) is None:
        source.add("R302", place, "a `)` without its `(`", "brackets in pairs", "Delete it, or open the bracket.")
    elif character == ",":
        fault = comma_fault(text, position, _opened_last(text[:position]))
        source.add(fault.code, scalar.place_of(fault.start, fault.end), fault.found, fault.expected, fault.help)
    elif character in ":~":
        help_ = 'A text with a colon needs quotes; `~` stands right before a word or a `"phrase"`.'
        source.add("R304", place, quoted(character), _OPERAND, help_)
    else:
        length = len(str(error.token)) if isinstance(error, UnexpectedToken) else 1
        place = scalar.place_of(position, position + length)
        found = text[position : position + length]
        expected, help_ = _OPERAND, "An operator needs something on both sides."
        if character == "(" and (instead := bracket_help(text, position)) is not None:
            expected, help_ = "the value of the field", instead
        source.add("R301", place, quoted(found), expected, help_)


def _report_end(scalar: Scalar, position: int) -> None:
    source = scalar.source
    place = scalar.place_of(max(0, position - 1), position)
    last = re.split(r"[\s(]", scalar.text[:position])[-1]
    unfinished = last in ("AND", "OR", "NOT") or "NEAR/" in last or last.endswith(":")
    opened = _opened_last(scalar.text)
    if opened is not None and not unfinished:
        place = scalar.place_of(opened, opened + 1)
        source.add("R302", place, "a `(` without its `)`", "brackets in pairs", "Close it, or delete it.")
    else:
        help_ = f"Write what comes behind {quoted(last)}, or delete it." if last else ""
        source.add("R301", place, "the end of the expression", _OPERAND, help_)


def _opened_last(text: str) -> int | None:
    """The index of the innermost bracket that is open at the end of the text; those in quotes don't count."""
    opened: list[int] = []
    for match in re.finditer(r'"[^"]*"?|[()]', text):
        if match.group() == "(":
            opened.append(match.start())
        elif match.group() == ")" and opened:
            opened.pop()
    return opened[-1] if opened else None

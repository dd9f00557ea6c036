"""Rules × articles → matches, one call a batch.

An article is tested against few rules: its tokens, phrases and key fields say which ones may hold (see `prefilter`),
and only they are evaluated. Rules that ask for topics come after the rules that give them, level by level, and the
topics of a level fill slots for the next. `prefilter=False` asks every rule of every article; nothing but the time it
takes may change.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from itertools import chain

from stream.clean import native
from stream.matching.article import ReadArticle
from stream.matching.asked import Asked, Span, Spans, find_of
from stream.matching.compile import Compiler
from stream.matching.evaluate import Evaluator
from stream.matching.evidence import Place, evidence_at, place_of, word_place
from stream.matching.finds import Fired, Quiet, RuleMatch, Verdict
from stream.matching.keys import scope_holds
from stream.matching.limits import Limits
from stream.matching.monotone import is_monotone
from stream.matching.prefilter import Prefilter
from stream.matching.sieve import Among
from stream.matching.text import Text
from stream.matching.vocabulary import Vocabulary
from stream.model import Evidence
from stream.rulelang.ruleset import Exclusion, Rule, RuleSet, Scope
from stream.rulelang.topicorder import levels, topic_fields, wanted_topics

ANYWHERE = Scope()

SHARED_BY_MIN = 4
"""An exclusion of so many rules is asked before what they match: it is worked out once an article."""


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule with its expressions compiled.

    `is_monotone`: where its match holds without some words, it holds with them. `shut_by`: those of its exclusions that
    hold for a whole article and that many rules share, so that asking them first costs next to nothing.
    """

    order: int
    rule: Rule
    match: Asked
    exclusions: tuple[tuple[Exclusion, Asked], ...]
    is_monotone: bool
    shut_by: tuple[Asked, ...]


@dataclass(frozen=True, slots=True)
class _Held:
    """A rule that holds: its spans, in the article as it was asked last."""

    text: Text
    spans: Spans


class Matcher:
    """A rule set ready to be asked of articles. What it remembers between calls changes no result."""

    def __init__(self, ruleset: RuleSet, limits: Limits | None = None, *, prefilter: bool = True) -> None:
        self._limits = limits or Limits()
        self._vocabulary = Vocabulary()
        compiler = Compiler(self._vocabulary)
        self._rules = [_compiled(order, rule, compiler) for order, rule in enumerate(ruleset.rules)]
        self._rules = [_with_shut_by(compiled) for compiled in self._rules]
        # What to report where nobody wants evidence. Made in one go, they lie side by side: of many rules those that
        # hold are all over the memory, and to look for their reports there took longer than to tell that they hold.
        self._bare = [RuleMatch(compiled.rule, ()) for compiled in self._rules]
        package = native.package()
        self._bare_at: Callable[[Sequence[int]], list[RuleMatch]] | None = None
        if package is not None:
            self._bare_at = package.Objects(self._bare).at
        self._evaluator = Evaluator()
        self._by_id = {compiled.rule.id: compiled for compiled in self._rules}
        self._prefilter: Prefilter | None = None
        self._settled: frozenset[int] = frozenset()
        # Rules that ask for nothing but their match: of those nothing else has to be looked at.
        self._alone = {c.order: c.match for c in self._rules if not c.exclusions and c.rule.scope == ANYWHERE}
        if prefilter:
            dropping = [[node for exclusion, node in c.exclusions if exclusion.mask == "article"] for c in self._rules]
            # One of them that is a phrase waits for no topics, and so is of the first level.
            self._prefilter = Prefilter([c.match for c in self._rules], self._vocabulary, dropping, alone=self._alone)
            self._settled = self._prefilter.settled.intersection(self._alone)
        self._levels = [_Level(rules, self._prefilter) for rules in _by_level(self._rules)]
        self._levels[-1].is_asked_for = False
        self._level_of = {c.rule.id: number for number, level in enumerate(self._levels) for c in level.rules}

    def match(self, batch: Sequence[ReadArticle]) -> list[list[RuleMatch]]:
        """For each article the rules that hold, in the order of the rule set, with their evidence.

        A rule that fails is in the list with its `error`; the others go on.
        """
        return [self._of_article(read) for read in batch]

    def verdict(self, rule: Rule, read: ReadArticle) -> Verdict:
        """What one rule of the set says about one article with all it found, or why it is quiet."""
        article = _Article(read, self._vocabulary)
        compiled = self._by_id[rule.id]
        for level in self._levels[: self._level_of[rule.id]]:
            self._of_level(level, article)
        outcome = _judge(compiled, article, self._evaluator)
        if isinstance(outcome, Quiet):
            return outcome
        return Fired(tuple(dict.fromkeys(find_of(span, outcome.text) for span in outcome.spans)))

    def _of_article(self, read: ReadArticle) -> list[RuleMatch]:
        article = _Article(read, self._vocabulary)
        matches = [match for level in self._levels for match in self._of_level(level, article)]
        if len(self._levels) > 1:
            matches.sort(key=lambda match: self._by_id[match.rule.id].order)
        return matches

    def _of_level(self, level: _Level, article: _Article) -> list[RuleMatch]:
        matches: list[RuleMatch] = []
        wants_evidence = self._limits.evidence_per_match_max > 0
        candidates, certain = self._candidates(level, article.text)
        if wants_evidence:
            certain = frozenset()
        elif len(certain) == len(candidates):
            matches = self._bare_at(candidates) if self._bare_at else list(map(self._bare.__getitem__, candidates))
            candidates = ()
        alone, bare = {} if wants_evidence else self._alone, self._bare
        for order in candidates:
            if order in certain:
                matches.append(bare[order])
                continue
            try:
                if (node := alone.get(order)) is not None:
                    if node.holds(article.text):
                        matches.append(bare[order])
                    continue
                compiled = self._rules[order]
                if not wants_evidence:
                    if self._holds(compiled, article):
                        matches.append(bare[order])
                    continue
                if any(article.holds(node, self._evaluator) for node in compiled.shut_by):
                    continue
                outcome = _judge(compiled, article, self._evaluator, self._limits.evidence_per_match_max)
                if isinstance(outcome, _Held):
                    matches.append(RuleMatch(compiled.rule, self._evidence(outcome, article)))
            except Exception as error:  # noqa: BLE001 - one rule's fault must not stop the other rules
                matches.append(RuleMatch(self._rules[order].rule, (), f"{type(error).__name__}: {error}"))
        if level.is_asked_for:
            article.text.add_topics({topic for match in matches if match.error is None for topic in match.rule.topics})
        return matches

    def _holds(self, compiled: CompiledRule, article: _Article) -> bool:
        """Whether a rule holds, without spans that nobody asks for."""
        if compiled.shut_by and any(map(article.holds, compiled.shut_by)):
            return False
        if not article.in_scope(compiled.rule.scope) or not compiled.match.holds(article.text):
            return False
        if not any(article.holds(node) for _, node in compiled.exclusions):
            return True
        return isinstance(_judge(compiled, article, self._evaluator), _Held)

    def _candidates(self, level: _Level, text: Text) -> tuple[Sequence[int], Collection[int]]:
        """The orders of the rules that may hold, ascending, and of those that are known to hold."""
        if self._prefilter is None:
            return [compiled.order for compiled in level.rules], frozenset()
        chosen = self._prefilter.chosen(text, level.among)
        certain: AbstractSet[int] = self._settled.intersection(chosen)
        if level is self._levels[0]:
            phrases = self._prefilter.by_phrases(text)
            if phrases and not chosen:
                return phrases, phrases
            if phrases:
                chosen = sorted((*chosen, *phrases))
                certain = certain | set(phrases)
        return chosen, certain

    def _evidence(self, held: _Held, article: _Article) -> tuple[Evidence, ...]:
        places = [article.place_of(span, held.text) for span in held.spans]
        return evidence_at(places, article.read, self._limits, article.evidence)


def _compiled(order: int, rule: Rule, compiler: Compiler) -> CompiledRule:
    match = compiler.compile(rule.match)
    exclusions = tuple((exclusion, compiler.compile(exclusion.match)) for exclusion in rule.exclusions)
    return CompiledRule(order, rule, match, exclusions, is_monotone(match), shut_by=())


def _with_shut_by(compiled: CompiledRule) -> CompiledRule:
    if not compiled.exclusions:
        return compiled
    nodes = [node for exclusion, node in compiled.exclusions if exclusion.mask == "article"]
    return replace(compiled, shut_by=tuple(node for node in nodes if node.uses >= SHARED_BY_MIN))


class _Level:
    """Rules that wait for the topics of the levels before; `is_asked_for` if a level comes behind."""

    is_asked_for = True

    def __init__(self, rules: Sequence[CompiledRule], prefilter: Prefilter | None) -> None:
        self.rules = rules
        self.among = Among(0, b"") if prefilter is None else prefilter.among(compiled.order for compiled in rules)


def _by_level(rules: Sequence[CompiledRule]) -> list[list[CompiledRule]]:
    """Rules without `topic:` first, then those that wait for these, and so on; the compiler has refused circles."""
    gives = {compiled.rule.id: compiled.rule.topics for compiled in rules}
    asks = {
        compiled.rule.id: [
            wanted
            for field in topic_fields([compiled.rule.match, *(e.match for e, _ in compiled.exclusions)])
            for wanted in wanted_topics(field)
        ]
        for compiled in rules
    }
    found, circles = levels(gives, asks)
    assert not circles, f"rules wait for each other's topics: {circles[0]}"
    by_level: list[list[CompiledRule]] = [[] for _ in range(max(found.values(), default=0) + 1)]
    for compiled in rules:
        by_level[found[compiled.rule.id]].append(compiled)
    return by_level


class _Article:
    """An article with what several rules may ask of it: scopes, the text without masked words, evidence."""

    def __init__(self, read: ReadArticle, vocabulary: Vocabulary) -> None:
        self.read = read
        self.text = Text(read, vocabulary)
        self.evidence: dict[Place, Evidence] = {}
        self._places: dict[tuple[int, int, int, int] | None, Place] = {}
        self._scopes: dict[Scope, bool] = {}
        self._held: dict[int, bool] = {}
        self._masked: dict[frozenset[int], Text] = {}

    def place_of(self, span: Span, text: Text) -> Place:
        """Where the evidence of a span stands; rules that share a word share its place."""
        first, last, node, _ = span
        # What a local node finds depends on nothing but the text; one with a mask is kept as long as this.
        key = (first, last, node.number, len(text.masked) and id(text)) if node.is_local else None
        known = self._places.get(key)
        if known is not None:
            return known
        if node.is_text:
            field, position = text.split(first)
            place = word_place(self.read, field, position, last - first + position, node.printed(span))
        else:
            place = place_of(find_of(span, text), self.read)
        if key is not None:
            self._places[key] = place
        return place

    def holds(self, node: Asked, ask: Evaluator | None = None) -> bool:
        """Whether an expression holds in the article without a mask, of one that is asked for many rules."""
        known = self._held.get(node.number)
        if known is None:
            known = node.holds(self.text) if ask is None else ask.holds(node, self.text)
            self._held[node.number] = known
        return known

    def in_scope(self, scope: Scope) -> bool:
        if scope.lang is None and scope.source is None and scope.max_age_seconds is None:
            return True
        known = self._scopes.get(scope)
        if known is None:
            known = self._scopes[scope] = scope_holds(scope, self.read)
        return known

    def masked(self, positions: frozenset[int]) -> Text:
        if not positions:
            return self.text
        known = self._masked.get(positions)
        if known is None:
            known = self._masked[positions] = self.text.without(positions)
        return known


def _judge(compiled: CompiledRule, article: _Article, ask: Evaluator, count: int | None = None) -> _Held | Quiet:
    """Scope, match, exclusions; where exclusions mask words, what the match finds without these.

    A rule holds only if it holds with these words too. Nearly always it does when it could, so that is looked at last,
    where it decides. Of more than `count` places spans may be missing.
    """
    if not article.in_scope(compiled.rule.scope):
        return Quiet(("scope",))
    text, match = article.text, compiled.match
    if not ask.may_hold(match, text):
        return Quiet(("match",))
    held = [(exclusion, node) for exclusion, node in compiled.exclusions if ask.holds(node, text)]
    if not held:
        spans = ask.find(match, text, count)
        return Quiet(("match",)) if spans is None else _Held(text, spans)
    reasons = tuple(f"exclude:{exclusion.name}" for exclusion, _ in held if exclusion.mask == "article")
    if not reasons:
        masked = article.masked(frozenset(chain.from_iterable(ask.leaves(node, text) for _, node in held)))
        left = ask.find(match, masked, count)
        if left is not None and (compiled.is_monotone or ask.holds(match, text)):
            return _Held(masked, left)
        reasons = tuple(f"exclude:{exclusion.name}" for exclusion, _ in held)
    return Quiet(reasons if ask.holds(match, text) else ("match",))

"""Runs the tests written inside rule files, through the same reading and matching as live articles.

    tests:
      - {name: …, article: {title, body, source, lang, published}, expect: fire|quiet, spans: […], because: …}

`spans` are texts that must be among the evidence, each exactly as the article has it (`[]`: there must be none).
`because` says why a test is quiet: `scope`, `match`, or `exclude:<name>`. The event time of a test's article is
`fetched`, else `published`, else 1970-01-01. Tests with `events` are run by `ruletestovertime`. Pure: no file is read,
no clock asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from stream.matching import Fired, Limits, Matcher, Quiet, ReadArticle, read_article
from stream.matching.evidence import evidence_of
from stream.matching.explain import explain
from stream.matching.reasons import why_not_quiet, why_quiet
from stream.model import Evidence, Reject
from stream.rulelang.ruleset import Rule, RuleSet, RuleTest
from stream.ruletestovertime import problems_of_correlation, problems_of_rule
from stream.wire.decode import article_from

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TESTS_EXPLAINED_MAX = 50
_SHOWN_MAX = 8
_SHOWN_CODE_POINTS_MAX = 80


@dataclass(frozen=True, slots=True)
class TestResult:
    """What one test came to. `problems` are clauses that say what was found and expected; none: it passed.

    `why` says what the rule missed, what its exclusions mask, and what is outside its scope, a line each; of the first
    `TESTS_EXPLAINED_MAX` that failed.
    """

    __test__ = False  # pytest would take the name for one of its own

    rule: str
    name: str
    file: str
    line: int
    problems: tuple[str, ...]
    why: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """True if all that the test expects was found."""
        return not self.problems

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}: {self.rule}: test {self.name!r}"
        if self.passed:
            return f"{where} passed"
        return "\n".join([f"{where}: {'; '.join(self.problems)}", *(f"  {line}" for line in self.why)])


def run_tests(ruleset: RuleSet) -> tuple[TestResult, ...]:
    """One result a test, in the order of rules and tests; those over time and of correlations last."""
    matcher = Matcher(ruleset)
    single = []
    explained = 0
    for rule in ruleset.rules:
        for test in rule.tests:
            read = _read(test)
            problems = (read,) if isinstance(read, str) else _problems(rule, test, read, matcher)
            why: tuple[str, ...] = ()
            if problems and not isinstance(read, str) and explained < TESTS_EXPLAINED_MAX:
                explained += 1
                why = _why(rule, test, ruleset, read)
            single.append(TestResult(rule.id, test.name, rule.file, test.line, problems, why))
    return (
        *single,
        *(
            TestResult(rule.id, test.name, rule.file, test.line, tuple(problems_of_rule(rule, test)))
            for rule in ruleset.rules
            for test in rule.time_tests
        ),
        *(
            TestResult(c.id, test.name, c.file, test.line, tuple(problems_of_correlation(c, ruleset, test)))
            for c in ruleset.correlations
            for test in c.tests
        ),
    )


def _why(rule: Rule, test: RuleTest, ruleset: RuleSet, read: ReadArticle) -> tuple[str, ...]:
    explanation = explain(rule, ruleset.rules, read)
    if isinstance(explanation.verdict, Quiet):
        return tuple(why_quiet(explanation))
    return tuple(why_not_quiet(explanation)) if test.expect == "quiet" else ()


def _problems(rule: Rule, test: RuleTest, read: ReadArticle, matcher: Matcher) -> tuple[str, ...]:
    verdict = matcher.verdict(rule, read)
    match test.expect, verdict:
        case "fire", Fired(finds=finds):
            # All evidence counts here, not only what an alert would carry.
            evidence = evidence_of(finds, read, Limits(evidence_per_match_max=len(finds)))
            return tuple(_span_problems(test.spans, evidence))
        case "fire", Quiet(reasons=reasons):
            return (f"found quiet because of {' and '.join(reasons)}, expected fire",)
        case _, Fired(finds=finds):
            return (f"found fire on {_shown(evidence_of(finds, read, Limits()))}, expected quiet",)
        case _, Quiet(reasons=reasons) if test.because is not None and test.because not in reasons:
            return (f"found quiet because of {' and '.join(reasons)}, expected because of {test.because}",)
    return ()


def _read(test: RuleTest) -> ReadArticle | str:
    decoded = article_from(dict(test.article))
    if isinstance(decoded, Reject):
        return f"the article is refused: {decoded.reason}"
    if decoded.warnings:
        return f"the article is not as written: {'; '.join(decoded.warnings)}"
    article = decoded.article
    return read_article(article, article.fetched or article.published or EPOCH)


def _span_problems(spans: tuple[str, ...] | None, evidence: tuple[Evidence, ...]) -> list[str]:
    if spans is None:
        return []
    texts = {piece.text for piece in evidence}
    if not spans and texts:
        return [f"found the evidence {_shown(evidence)}, expected none"]
    missing = [_quoted(span) for span in spans if span not in texts]
    if not missing:
        return []
    return [f"found the evidence {_shown(evidence)}, expected {', '.join(missing)} among it"]


def _shown(evidence: tuple[Evidence, ...]) -> str:
    if not evidence:
        return "(none)"
    texts = list(dict.fromkeys(f"{_quoted(piece.text)} ({piece.clause}, {piece.field})" for piece in evidence))
    more = f" and {len(texts) - _SHOWN_MAX} more" if len(texts) > _SHOWN_MAX else ""
    return ", ".join(texts[:_SHOWN_MAX]) + more


def _quoted(text: str) -> str:
    short = text if len(text) <= _SHOWN_CODE_POINTS_MAX else text[: _SHOWN_CODE_POINTS_MAX - 1] + "…"
    return "“" + " ".join(short.split()) + "”"

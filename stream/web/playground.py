"""One pasted rule against one pasted article: tokens, spans, why and why not. Runs in a process of its own, bounded.

The lists that the rule names come from the rules folder, and the other rules too where it asks for topics; a rule of
the folder with the same id gives way to the pasted one.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from stream.errors import RulesError
from stream.matching import Fired, Limits, ReadArticle, read_article
from stream.matching.evidence import evidence_of
from stream.matching.explain import as_fields, explain
from stream.model import Reject
from stream.rulelang import Rule, SourceFile, load
from stream.rulelang.diagnostic import Diagnostic
from stream.ruletest import run_tests
from stream.sources.rulefiles import read_rule_files
from stream.web.article import TextView, text_view
from stream.web.rulebook import SEPARATOR
from stream.wire.decode import article_from
from stream.wire.fields import evidence_fields

RULE_CODE_POINTS_MAX = 65_536
BODY_CODE_POINTS_MAX = 50_000
RULES_EXPLAINED_MAX = 5
TOKENS_MAX = 3_000
DIAGNOSTICS_MAX = 50
EVIDENCE_MAX = 200
NAME = "rule.yml"

_LIST_NAME = re.compile(r"@([a-z][a-z0-9_]*)")
_WHERE = re.compile(r"\S*/(?=[^/\s]+\.ya?ml)")
_ID = re.compile(r"(?m)^id:[ \t]*[\"']?([^\s\"'#]+)")
_KIND_LIST = re.compile(r"(?m)^kind:[ \t]*list\b")


def answer(asked: dict[str, Any]) -> dict[str, Any]:
    """`asked` holds `rule` (YAML), `article` (fields of an article) and `folder` (of the rules)."""
    decoded = article_from(dict(asked["article"]))
    if isinstance(decoded, Reject):
        return {"refused": decoded.reason}
    article = decoded.article
    read = read_article(article, article.fetched or article.published or datetime.now(UTC))
    text = asked["rule"]
    loaded = load([*_needed(text, Path(asked["folder"])), SourceFile(NAME, text)])
    diagnostics = [d for d in loaded.diagnostics if d.file == NAME or d.severity == "error"]
    found: dict[str, Any] = {
        "diagnostics": [_diagnostic(d) for d in diagnostics[:DIAGNOSTICS_MAX]],
        "warnings": list(decoded.warnings),
        "rules": [],
        **_text(read, []),
    }
    if loaded.ruleset is None:
        return found
    pasted = [rule for rule in loaded.ruleset.rules if rule.file == NAME][:RULES_EXPLAINED_MAX]
    tests = {(r.rule, r.name): r.problems for r in run_tests(loaded.ruleset) if r.file == NAME}
    found["rules"] = [_explained(rule, loaded.ruleset.rules, read, tests) for rule in pasted]
    return found


def _explained(
    rule: Rule, rules: tuple[Rule, ...], read: ReadArticle, tests: dict[tuple[str, str], tuple[str, ...]]
) -> dict[str, Any]:
    explanation = explain(rule, rules, read)
    finds = explanation.verdict.finds if isinstance(explanation.verdict, Fired) else ()
    evidence = evidence_fields(evidence_of(finds, read, Limits(evidence_per_match_max=EVIDENCE_MAX)))
    return {
        **as_fields(explanation),
        "title": rule.title,
        "severity": rule.severity.value,
        "topics_given": list(rule.topics),
        "evidence": evidence,
        "text": _text(read, evidence),
        "tests": [
            {"name": t.name, "expect": t.expect, "problems": list(tests.get((rule.id, t.name), ()))} for t in rule.tests
        ],
    }


def _text(read: ReadArticle, evidence: list[Any]) -> dict[str, Any]:
    cuts = [(cut.start, cut.end, cut.kind) for cut in read.body.cuts]
    html = read.article.content_type == "text/html"
    title: TextView = text_view(read.article.title or "", "title", evidence, [], html=html)
    body: TextView = text_view(read.article.body, "body", evidence, cuts, html=html)
    return {"title": title, "body": body, "tokens": {"title": _tokens(read, "title"), "body": _tokens(read, "body")}}


def _tokens(read: ReadArticle, field: str) -> dict[str, Any]:
    """Tokens as the rules see them: (position, token, as written, sentence, paragraph)."""
    reading = read.title if field == "title" else read.body
    if reading is None:
        return {"count": 0, "items": []}
    count = len(reading.tokens)
    return {
        "count": count,
        "items": [
            [reading.tokens[n], reading.source[reading.starts[n] : reading.ends[n]], reading.sentences[n]]
            for n in range(min(count, TOKENS_MAX))
        ],
    }


def _needed(text: str, folder: Path) -> list[SourceFile]:
    """The files of the folder that the pasted rule needs."""
    try:
        files = read_rule_files(folder)
    except RulesError:
        return []
    # By document: a file may hold lists and rules, and only what the pasted rule needs is worth its time.
    own = set(_ID.findall(text))
    documents = [
        SourceFile(f"{file.path}#{n}", part) for file in files for n, part in enumerate(SEPARATOR.split(file.text))
    ]
    others = [document for document in documents if own.isdisjoint(_ID.findall(document.text))]
    if "topic:" in text:
        return [document for document in others if document.text.strip()]
    lists = [document for document in others if _KIND_LIST.search(document.text)]
    wanted: list[SourceFile] = []
    missing = set(_LIST_NAME.findall(text))
    while missing:
        name = missing.pop()
        for document in lists:
            if document not in wanted and name in _ID.findall(document.text):
                wanted.append(document)
                missing |= set(_LIST_NAME.findall(document.text))
    return wanted


def _diagnostic(diagnostic: Diagnostic) -> dict[str, Any]:
    place = diagnostic.place
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "file": Path(diagnostic.file).name,
        "line": place.line,
        "column": place.column,
        "found": diagnostic.found,
        "expected": diagnostic.expected,
        "help": _WHERE.sub("", diagnostic.help),
    }

"""Rule files to a rule set: what each key becomes, how lists are put in, what the digest covers."""

from __future__ import annotations

import itertools

from stream.model import Severity
from stream.rulelang import Exclusion, Rule, RuleSet, RuleTest, Scope, SourceFile, load, print_node
from stream.rulelang.nodes import KeyField, ListRef, Near, Or, Phrase, Word
from stream.rulelang.template import DEFAULT_SUMMARY
from stream.rulelang.walk import nodes
from tests.rulelang.kit import codes, load_example, load_text

RULE = """\
schema: rules/v1
kind: rule
id: ru.red_line.threat
version: 3
title: A red line is named
description: >
  Threats with the
  headline word.
status: stable
severity: high
topics: [escalation, energy/gas, escalation]
author: desk
created: 2024-09-12
references: [https://example.org/a]
labels: {team: desk, tier: 1}
runbook: https://example.org/b
false_positives: [metro lines]
scope: {lang: [EN, no], source: ['Radio Free*', Reuters], max_age: 1d12h}
match: >
  @kremlin NEAR/5 ~"red line"
  AND source:@agencies
exclude:
  - {name: transit-line, reason: Metro., mask: phrase, match: '"Red Line" NEAR/3 train*'}
  - {name: satire, mask: article, match: source:onion}
alert:
  group_by: [rule]
  summary: '{rule.title}: {evidence.12.sentence}'
tests:
  - name: threat
    article:
      title: 'No: red lines'
      body: |
        Putin named a red line.
        He did.
      published: 2024-09-12
      revision: 2
      exercise: true
    expect: fire
    spans: [Putin named a red line]
  - {name: metro, article: {body: Red Line trains.}, expect: quiet, because: exclude:transit-line}
"""
LISTS = """\
kind: list
id: kremlin
items: [Kremlin, ~Putin, "@officials"]
---
kind: list
id: officials
items: [Sergei Lavrov]
---
kind: list
id: agencies
items: [Reuters, Associated Press, "@dpa"]
---
kind: list
id: dpa
items: [dpa*]
"""


def loaded_rule(rule: str = RULE, lists: str = LISTS) -> Rule:
    loaded = load([SourceFile("rules/r.yml", rule), SourceFile("rules/l.yml", lists)])
    assert loaded.diagnostics == ()
    assert loaded.ruleset is not None
    assert loaded.ruleset.lists == 4
    return loaded.ruleset.rules[0]


def test_every_key_of_a_rule() -> None:
    rule = loaded_rule()
    assert (rule.id, rule.version, rule.title) == ("ru.red_line.threat", 3, "A red line is named")
    assert rule.description == "Threats with the headline word."
    assert (rule.status, rule.severity) == ("stable", Severity.HIGH)
    assert rule.topics == ("escalation", "energy/gas")
    assert rule.labels == (("team", "desk"), ("tier", "1"))
    assert rule.scope == Scope(("en", "no"), ("radio free*", "reuters"), 36 * 3600)
    assert rule.summary == "{rule.title}: {evidence.12.sentence}"
    assert (rule.file, rule.line) == ("rules/r.yml", 1)
    assert [(e.name, e.reason, e.mask) for e in rule.exclusions] == [
        ("transit-line", "Metro.", "phrase"),
        ("satire", "", "article"),
    ]
    assert rule.exclusions[1] == Exclusion("satire", "", "article", KeyField("source", "onion"))


def test_the_tests_of_a_rule_keep_their_articles_as_written() -> None:
    threat, metro = loaded_rule().tests
    assert threat == RuleTest(
        name="threat",
        article={
            "title": "No: red lines",
            "body": "Putin named a red line.\nHe did.\n",
            "published": "2024-09-12",
            "revision": 2,
            "exercise": True,
        },
        expect="fire",
        spans=("Putin named a red line",),
        because=None,
        line=29,
    )
    assert (metro.because, metro.spans, metro.expect) == ("exclude:transit-line", None, "quiet")


def test_lists_become_ors_with_their_names() -> None:
    match = loaded_rule().match
    near = next(node for node in nodes(match) if isinstance(node, Near))
    assert near.left == Or(
        (
            Word("Kremlin"),
            Word("Putin", inflected=True),
            Or((Phrase((Word("Sergei"), Word("Lavrov"))),), "officials"),
        ),
        "kremlin",
    )
    assert not any(isinstance(node, ListRef) for node in nodes(match))
    assert print_node(match) == '@kremlin NEAR/5 ~"red line" AND source:@agencies'


def test_lists_of_values_are_folded() -> None:
    field = next(node for node in nodes(loaded_rule().match) if isinstance(node, KeyField))
    assert (field.list_name, field.values) == ("agencies", ("reuters", "associated press", "dpa*"))


def test_what_may_be_left_out() -> None:
    loaded = load_example("")
    assert codes(loaded.diagnostics) == []
    assert loaded.ruleset is not None
    rule = loaded.ruleset.rules[0]
    assert (rule.version, rule.title, rule.status) == (1, "example.rule", "experimental")
    assert (rule.topics, rule.labels, rule.scope, rule.exclusions) == ((), (), Scope(), ())
    assert rule.summary == DEFAULT_SUMMARY


def test_lists_that_may_be_empty() -> None:
    loaded = load_example("topics: []\nreferences: []\nfalse_positives: []\nexclude: []\n")
    assert codes(loaded.diagnostics) == []
    assert codes(load_example("scope: {lang: []}\n").diagnostics) == ["R210"]
    assert codes(load_example("topics: []\nseverity: none\n").diagnostics) == ["R206"]


def test_a_star_alone_is_no_scope() -> None:
    loaded = load_example("scope: {source: ['*'], lang: [en]}\n")
    assert loaded.ruleset is not None
    assert loaded.ruleset.rules[0].scope == Scope(("en",), None, None)


def test_keywords_are_the_short_form_of_or() -> None:
    loaded = load_example('keywords: [escalation, ~"red line"]\n')
    assert loaded.ruleset is not None
    assert print_node(loaded.ruleset.rules[0].match) == 'escalation OR ~"red line"'
    single = load_example("keywords: [escalation]\n")
    assert single.ruleset is not None
    assert single.ruleset.rules[0].match == Word("escalation")


def test_words_that_other_versions_of_yaml_take_for_something_else_stay_words() -> None:
    loaded = load_example("title: no\nlabels: {a: yes, b: 0777, c: 1.10, d: 2024-01-02, e: '~'}\nscope: {lang: [no]}\n")
    assert loaded.ruleset is not None
    rule = loaded.ruleset.rules[0]
    assert rule.title == "no"
    assert rule.labels == (("a", "yes"), ("b", "0777"), ("c", "1.10"), ("d", "2024-01-02"), ("e", "~"))
    assert rule.scope.lang == ("no",)


def test_rules_come_in_the_order_of_their_ids_whatever_the_files_are_called() -> None:
    texts = [f"kind: rule\nid: {name}\nseverity: low\nmatch: truce\n" for name in ("b", "a", "c")]
    digests, orders = set(), set()
    for order in itertools.permutations(texts):
        loaded = load([SourceFile(f"{number}.yml", text) for number, text in enumerate(order)])
        assert loaded.ruleset is not None
        digests.add(loaded.ruleset.digest)
        orders.add(tuple(rule.id for rule in loaded.ruleset.rules))
    assert orders == {("a", "b", "c")}
    assert len(digests) == 1


def test_no_files_give_an_empty_rule_set() -> None:
    loaded = load([])
    assert loaded.diagnostics == ()
    assert loaded.ruleset == RuleSet((), 0, loaded.ruleset.digest if loaded.ruleset else "")


def digest_of(rule: str = RULE, lists: str = LISTS) -> str:
    loaded = load([SourceFile("rules/r.yml", rule), SourceFile("rules/l.yml", lists)])
    assert loaded.ruleset is not None, loaded.diagnostics
    return loaded.ruleset.digest


def test_the_digest_tells_one_value_with_a_bar_from_two() -> None:
    rule = "kind: rule\nid: r\nseverity: low\nmatch: >\n  war AND source:@agencies\n"
    lists = [f"kind: list\nid: agencies\nitems: [{items}]\n" for items in ("ap, afp", "ap | afp")]
    assert digest_of(rule, lists[0]) != digest_of(rule, lists[1])


def test_the_digest_covers_what_rules_do_and_not_how_files_look() -> None:
    digest = digest_of()
    assert len(digest) == 64
    assert digest == digest_of("# a comment\n" + RULE.replace("NEAR/5 ~", "NEAR/5\n\n  ~"))
    assert digest == digest_of(RULE.replace("name: metro", "name: underground"))
    changes = [
        ("version: 3", "version: 4"),
        ("NEAR/5", "NEAR/6"),
        ("severity: high", "severity: low"),
        ("1d12h", "2d"),
        ("mask: article", "mask: article, reason: Jokes."),
        ("source:onion", "source:theonion"),
        ("{evidence.12.sentence}", "{evidence.0.text}"),
    ]
    digests = [digest_of(RULE.replace(old, new)) for old, new in changes]
    assert sum(d == digest for d in digests) == 1  # the reason of an exclusion changes nothing
    assert digest != digest_of(lists=LISTS.replace("Sergei Lavrov", "Lavrov"))


def test_all_findings_of_all_files_come_in_one_run() -> None:
    files = [
        SourceFile(
            "b.yml",
            "kind: rule\nid: b\nseverity: urgent\nmatch: red line AND tr*\n---\nkind: list\nid: l\nitems: ['@m']\n",
        ),
        SourceFile("a.yml", "kind: rule\nid: b\nseverity: low\nmatch: >\n  @l AND @k\n"),
        SourceFile("c.yml", "kind: rule\nid: c\nmatch: [a\n"),
    ]
    loaded = load(files)
    assert loaded.ruleset is None
    assert [(d.file, d.place.line, d.code) for d in loaded.diagnostics] == [
        ("a.yml", 5, "R501"),
        ("b.yml", 2, "R504"),
        ("b.yml", 3, "R204"),
        ("b.yml", 4, "R306"),
        ("b.yml", 4, "R402"),
        ("b.yml", 8, "R501"),
        ("c.yml", 3, "R102"),
    ]


def test_documents_before_a_syntax_error_are_still_checked() -> None:
    loaded = load_text("kind: rule\nid: a\nseverity: low\nmatch: tr*\n---\nkind: [\n")
    assert codes(loaded.diagnostics) == ["R402", "R102"]


def test_lints_are_not_given_beside_errors_and_do_not_stop_the_rules() -> None:
    loaded = load_example("match: cease-fire AND WHO\n")
    assert codes(loaded.diagnostics) == ["R901", "R902"]
    assert {d.severity for d in loaded.diagnostics} == {"warning"}
    assert loaded.ruleset is not None
    assert codes(load_example("match: cease-fire AND tr*\n").diagnostics) == ["R402"]

"""Codes R5 (names), R7 (tests) and R9 (lints)."""

from __future__ import annotations

from stream.rulelang.code import Code

_USES_LIST = (
    "---\nkind: rule\nid: example.rule\nseverity: low\nmatch: >\n  @places\n"
    "tests: [{name: fires, article: {body: Geneva.}, expect: fire}]\n"
)
_RULE = (
    "---\nkind: rule\nid: example.rule\nseverity: low\nmatch: truce\n"
    "tests: [{name: fires, article: {body: A truce.}, expect: fire}]\n"
)
_CORRELATION = (
    "---\nkind: correlation\nid: many_truces\ntype: event_count\nrules: [example.rule]\n"
    "window: {size: 1h, type: sliding}\ncondition: {gte: 2}\nseverity: high\n"
    "tests:\n  - name: two\n    events: [{at: 0m, rule: example.rule}, {at: 5m, rule: example.rule}]\n"
    "    expect: [{at: 5m, state: fired, count: 2}]\n"
)
_STABLE = (
    "status: stable\nalert: {throttle: {every: 6h, per: [rule]}}\n"
    "tests:\n  - {name: fires, article: {body: A truce.}, expect: fire}\n"
    "  - {name: quiet, article: {body: Calm.}, expect: quiet}\n"
)

RULE_CODES = (
    Code(
        "R501",
        "An unknown list",
        "`@name` stands for a document with `kind: list` and this id, in any file of the folder.",
        "match: >\n  @plcaes\n",
        "kind: list\nid: places\nitems: [Geneva]\n" + _USES_LIST,
    ),
    Code(
        "R502",
        "An unknown field",
        "Text fields are title: and body:, key fields source: lang: author: section: country: topic: url:, and there "
        "is regex:.",
        "match: titel:truce\n",
        "match: title:truce\n",
    ),
    Code(
        "R503",
        "Lists in a circle",
        "Lists may name lists, but none may reach itself.",
        'kind: list\nid: places\nitems: [Geneva, "@cities"]\n---\nkind: list\nid: cities\nitems: ["@places"]\n'
        + _USES_LIST,
        'kind: list\nid: places\nitems: [Geneva, "@cities"]\n---\nkind: list\nid: cities\nitems: [Oslo]\n' + _USES_LIST,
    ),
    Code(
        "R504",
        "An id stands twice",
        "Rules have ids of their own, and so have lists, over all files of the folder.",
        "kind: list\nid: places\nitems: [Geneva]\n---\nkind: list\nid: places\nitems: [Oslo]\n" + _USES_LIST,
        "kind: list\nid: places\nitems: [Geneva, Oslo]\n" + _USES_LIST,
    ),
    Code(
        "R505",
        "A list that is no list of values",
        "Key fields are equal as a whole, so the items of their lists are plain texts, without `~` and functions.",
        "kind: list\nid: places\nitems: [~Geneva]\n" + _USES_LIST.replace("@places", "source:@places"),
        "kind: list\nid: places\nitems: [Geneva]\n" + _USES_LIST.replace("@places", "source:@places"),
    ),
    Code(
        "R506",
        "Topics in a circle",
        "`topic:` asks what other rules have found, so these are asked first. No rule can wait for itself, directly or "
        "by way of others; and a topic covers those below it, `energy` also `energy/gas`.",
        "topics: [energy/gas]\nmatch: topic:energy AND pipeline\n",
        "topics: [energy/gas]\nmatch: gas AND pipeline\n",
    ),
    Code(
        "R507",
        "A correlation over an unknown rule",
        "`rules` are ids of rules of the folder, whatever their severity; other correlations cannot be counted.",
        _RULE + _CORRELATION.replace("[example.rule]", "[exmaple.rule]").replace("rule: example", "rule: exmaple"),
        _RULE + _CORRELATION,
    ),
    Code(
        "R701",
        "A stable rule without its tests",
        "A stable rule shows by tests what it fires on and what it leaves alone.",
        "status: stable\ntests:\n  - {name: fires, article: {body: A truce.}, expect: fire}\n",
        "status: stable\ntests:\n  - {name: fires, article: {body: A truce.}, expect: fire}\n"
        "  - {name: quiet, article: {body: Calm.}, expect: quiet}\n",
    ),
    Code(
        "R702",
        "A stable rule with state, without a test over time",
        "What a throttle, a group or a correlation does shows only over several matches: a stable one needs a test "
        "with `events` (of a correlation: one that fires).",
        _STABLE,
        _STABLE + "  - {name: over time, events: [{at: 0m}, {at: 5m}], expect: [{at: 0m, state: fired}]}\n",
    ),
    Code(
        "R703",
        "`because` or `spans` beside the other expectation",
        "`because` says why a test is quiet, `spans` which words it fires on. Beside the other expectation neither "
        "would be looked at.",
        "tests:\n  - {name: fires, article: {body: A truce.}, expect: fire, because: match}\n",
        "tests:\n  - {name: fires, article: {body: A truce.}, expect: fire, spans: [truce]}\n",
    ),
    Code(
        "R901",
        "A hyphenated word without its closed twin",
        "`cease-fire` reads as two words, `ceasefire` as one; newsrooms write both. Where a prefix such as de- or non- "
        "makes both read alike, there is nothing to add.",
        "match: cease-fire\n",
        "match: cease-fire OR ceasefire\n",
    ),
    Code(
        "R902",
        "A word in capitals that is also an everyday word",
        "Words are compared without case, so `WHO` finds every `who`; CASE( … ) compares capitals as written.",
        "match: WHO\n",
        "match: CASE(WHO)\n",
    ),
    Code(
        "R903",
        "A rule without a test",
        "A test says what a rule is for, and keeps it so when the rule is changed.",
        "tests: []\n",
        "tests:\n  - {name: fires, article: {body: A truce.}, expect: fire}\n",
    ),
    Code(
        "R904",
        "A list that no rule uses",
        "It does nothing; most often the name was misspelt elsewhere.",
        "kind: list\nid: places\nitems: [Geneva]\n---\nkind: list\nid: cities\nitems: [Oslo]\n" + _USES_LIST,
        "kind: list\nid: places\nitems: [Geneva]\n" + _USES_LIST,
    ),
    Code(
        "R905",
        "AND of many sides over the whole article",
        "Three words somewhere in a long article seldom belong together. SENTENCE, PARAGRAPH and NEAR keep them close.",
        "match: truce AND talks AND Geneva\n",
        "match: SENTENCE(truce AND talks AND Geneva)\n",
    ),
    Code(
        "R906",
        "A list in quotes inside an expression",
        "YAML wants quotes around a value that begins with `@`, but inside an expression quotes make a phrase: "
        '`"@places"` there would look for the word places.',
        'match: >\n  truce AND "@places"\n',
        "kind: list\nid: places\nitems: [Geneva]\n" + _USES_LIST,
    ),
    Code(
        "R907",
        "A topic that no rule gives",
        "`topic:` asks for the topics of other rules of the folder; one that none of them gives never holds.",
        "topics: [energy]\nmatch: truce AND topic:enregy/gas\n",
        "---\nkind: rule\nid: gas\nseverity: none\ntopics: [energy/gas]\nmatch: gas\n"
        "tests: [{name: fires, article: {body: Gas.}, expect: fire}]\n"
        "---\nkind: rule\nid: example.rule\nseverity: low\nmatch: topic:energy AND truce\n"
        "tests: [{name: fires, article: {body: A truce over gas.}, expect: fire}]\n",
    ),
    Code(
        "R908",
        "An item that another item of the list covers",
        "All that it finds another item finds already: it was written twice, is a form of a `~word`, or begins like a "
        "`word*`. It can never make a difference.",
        "kind: list\nid: places\nitems: [Genev*, Geneva]\n" + _USES_LIST,
        "kind: list\nid: places\nitems: [Genev*, Oslo]\n" + _USES_LIST,
    ),
    Code(
        "R909",
        "A word that is common in the corpus",
        "With `redline rules check --corpus FILE.ndjson`: the word stands in more articles than `--corpus-share` "
        "allows. By itself it would raise alerts all day; beside NEAR it narrows little.",
        "match: news\n",
        "match: truce\n",
        corpus=("News of the day.",) * 20,
    ),
    Code(
        "R910",
        "A form behind `~`",
        "`~` makes the forms of a base form and takes the word as it stands: `~strikes` looks for strikeses and "
        "strikesing, and not for strike or struck. Without `~` a word is looked for alone.",
        "match: ~strikes\n",
        "match: ~strike\n",
    ),
    Code(
        "R911",
        "A part that can never hold",
        "Whatever an article says: `title:` inside LEAD, which is of the body; a word beside NOT and the same word; a "
        "word NOT NEAR one that is in it; two languages of one article; ATLEAST of a field; a pattern that matches no "
        "character; an exclusion of all that the rule finds. Not all that never holds can be seen from the expression.",
        "match: LEAD/50(title:truce)\n",
        "match: title:truce AND LEAD/50(talks)\n",
    ),
    Code(
        "R912",
        "Letters of two scripts in one word",
        "A Cyrillic or Greek letter that looks like a Latin one is another letter when it is read, so that the word is "
        "not found where it is written in one script. The parts of a word with hyphens are looked at one by one.",
        "match: p\u0435ace\n",
        "match: peace\n",
    ),
    Code(
        "R913",
        "A language that is no language tag",
        "Articles have their language as a tag of two or three letters, `en`, with others behind a hyphen, `en-US`. "
        "`lang` is equal as a whole, so that a language under its name holds for none of them.",
        "scope: {lang: [english]}\n",
        "scope: {lang: [en]}\n",
    ),
)

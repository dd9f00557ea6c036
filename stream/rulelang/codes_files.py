"""Codes R1 (files and YAML) and R2 (keys and values)."""

from __future__ import annotations

from stream.rulelang.code import Code

FILE_CODES = (
    Code(
        "R101",
        "A file is too large",
        "A rule file has at most 1 MiB, so that a wrong file in the folder cannot take the memory of a worker.",
        "# «long × 300000»\n",
        "# a short comment\n",
    ),
    Code(
        "R102",
        "The file is not YAML 1.2",
        "The rest of the file cannot be read, so later mistakes in it show once this one is repaired. Often an "
        "expression that begins with a quote, or has a `: ` in it, stands where a block is needed.",
        'match: "red line" OR ultimatum\n',
        'match: >\n  "red line" OR ultimatum\n',
    ),
    Code(
        "R103",
        "A key stands twice",
        "YAML readers differ on which of two equal keys counts; here neither is guessed.",
        "severity: low\nseverity: high\n",
        "severity: high\n",
    ),
    Code(
        "R104",
        "An anchor or an alias",
        "Aliases can make a small file huge, and hide what a rule says from those who read it.",
        "title: &name Truce\n",
        "title: Truce\n",
    ),
    Code(
        "R105",
        "A tag",
        "Tags would let a file choose types; the rule format knows the type of every key.",
        "version: !!int 3\n",
        "version: 3\n",
    ),
    Code(
        "R106",
        "Too many levels of YAML",
        "The rule format needs six levels; twelve are the limit.",
        "labels: [[[[[[[[[[[[deep]]]]]]]]]]]]\n",
        "labels: {team: desk}\n",
    ),
    Code(
        "R107",
        "`@` or `*` begins a value without quotes",
        "YAML keeps both characters for itself, so a list name or a star at the beginning of a value needs quotes, or "
        "an expression a block.",
        "scope: {source: [*]}\n",
        "scope: {source: ['*']}\n",
    ),
    Code(
        "R108",
        "Not keys with values",
        "A document of a rule file is one rule, list or correlation: keys with values, each key a name.",
        "---\n- truce\n- ceasefire\n",
        "keywords:\n  - truce\n  - ceasefire\n",
    ),
    Code(
        "R109",
        "Another version of YAML",
        "Versions differ in what `no` or `0777` mean; rule files are YAML 1.2.",
        "%YAML 1.1\n---\nkind: rule\nid: example.rule\nseverity: low\nmatch: truce\n"
        "tests: [{name: fires, article: {body: A truce.}, expect: fire}]\n",
        "title: A truce\n",
    ),
    Code(
        "R201",
        "An unknown key",
        "A misspelt key would be a setting that silently does nothing.",
        "sevrity: high\nseverity: low\n",
        "severity: high\n",
    ),
    Code(
        "R202",
        "A key is missing",
        "Without this key the document, test or exclusion has no meaning.",
        "exclude:\n  - {name: theatre, reason: plays}\n",
        "exclude:\n  - {name: theatre, reason: plays, match: theatre}\n",
    ),
    Code(
        "R203",
        "A value of the wrong type",
        "The key wants a text, a list, or keys with values, and found another of the three.",
        "topics: diplomacy\n",
        "topics: [diplomacy]\n",
    ),
    Code(
        "R204",
        "A value that is not one of the known ones",
        "The key takes one of a few words.",
        "severity: urgent\n",
        "severity: high\n",
    ),
    Code(
        "R205",
        "An id with other characters",
        "Ids go into metrics, keys and file names: small letters, digits, `_` and `.` alone.",
        "id: Red-Line\n",
        "id: red_line\n",
    ),
    Code(
        "R206",
        "Not exactly one of two keys",
        "A rule has an expression (`match`) or its short form (`keywords`), and gives topics or alerts or both.",
        "match: truce\nkeywords: [ceasefire]\n",
        "keywords: [truce, ceasefire]\n",
    ),
    Code(
        "R207",
        "Not a duration",
        "Durations are whole numbers with a unit, the largest first, up to ten years.",
        "scope: {max_age: 48 hours}\n",
        "scope: {max_age: 48h}\n",
    ),
    Code(
        "R208",
        "Not a number in range",
        "The key takes a whole number; a version counts from 1.",
        "version: 1.2\n",
        "version: 2\n",
    ),
    Code(
        "R209",
        "An unknown placeholder in a summary",
        "A summary is filled in from fixed names; nothing in it is evaluated. An unknown name would stand in every "
        "alert as it is.",
        "alert: {summary: '{rule.name}'}\n",
        "alert: {summary: '{rule.title}'}\n",
    ),
    Code(
        "R210",
        "An empty value",
        "A key with nothing behind it is most often a line that was not finished.",
        "title:\n",
        "title: A truce\n",
    ),
    Code(
        "R211",
        "`because` names nothing",
        "A quiet test can say why it is quiet: `match`, `scope`, or an exclusion of its own rule by name.",
        "tests:\n  - {name: fires, article: {body: A truce.}, expect: fire}\n"
        "  - {name: quiet, article: {body: Calm.}, expect: quiet, because: exclude:theatre}\n",
        "tests:\n  - {name: fires, article: {body: A truce.}, expect: fire}\n"
        "  - {name: quiet, article: {body: Calm.}, expect: quiet, because: match}\n",
    ),
    Code(
        "R212",
        "A name stands twice",
        "Tests and exclusions of a rule are reported by name.",
        "tests:\n  - {name: a, article: {body: A truce.}, expect: fire}\n"
        "  - {name: a, article: {body: Calm.}, expect: quiet}\n",
        "tests:\n  - {name: a, article: {body: A truce.}, expect: fire}\n"
        "  - {name: b, article: {body: Calm.}, expect: quiet}\n",
    ),
    Code(
        "R213",
        "Not the name of a topic",
        "Topics are names in levels, `energy/gas`, of small letters, digits, `_`, `.` and `-`.",
        "topics: [Energy Gas]\n",
        "topics: [energy/gas]\n",
    ),
    Code(
        "R214",
        "Not a time",
        "Times in tests are written as articles carry them.",
        "tests:\n  - {name: fires, article: {body: A truce., published: yesterday}, expect: fire}\n",
        "tests:\n  - {name: fires, article: {body: A truce., published: 2024-09-11T08:00:00Z}, expect: fire}\n",
    ),
    Code(
        "R215",
        "A text is too long",
        "Titles, descriptions and the like have at most 20,000 characters, expressions 200,000.",
        "description: «long × 5000»\n",
        "description: short\n",
    ),
    Code(
        "R216",
        "Grouping without the rule",
        "Alerts of different rules are never one group.",
        "alert: {group_by: [source]}\n",
        "alert: {group_by: [rule]}\n",
    ),
    Code(
        "R217",
        "A window or condition that does not fit the correlation",
        "Sessions have a `gap`, spikes a `baseline`, value_count a `field`; temporal correlations name two rules or "
        "more, an absence has no condition, and conditions compare with at most 1,000.",
        "---\nkind: rule\nid: example.rule\nseverity: low\nmatch: truce\n"
        "tests: [{name: fires, article: {body: A truce.}, expect: fire}]\n"
        "---\nkind: correlation\nid: many\ntype: event_count\nrules: [example.rule]\nseverity: high\n"
        "window: {size: 6h, type: session}\ncondition: {gte: 1}\n"
        "tests: [{name: one, events: [{at: 0m}], expect: [{at: 0m, state: fired}]}]\n",
        "---\nkind: rule\nid: example.rule\nseverity: low\nmatch: truce\n"
        "tests: [{name: fires, article: {body: A truce.}, expect: fire}]\n"
        "---\nkind: correlation\nid: many\ntype: event_count\nrules: [example.rule]\nseverity: high\n"
        "window: {size: 6h, type: session, gap: 30m}\ncondition: {gte: 1}\n"
        "tests: [{name: one, events: [{at: 0m}], expect: [{at: 0m, state: fired}]}]\n",
    ),
)

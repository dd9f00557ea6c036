"""Codes R4: the meaning of expressions."""

from __future__ import annotations

from stream.rulelang.code import Code

MEANING_CODES = (
    Code(
        "R401",
        "Nothing positive",
        "An expression, each branch of an OR, each operand of ANY and each bracket of a function says what must be "
        "there: there is no evidence of what is not.",
        "match: truce OR NOT talks\n",
        "match: truce AND NOT talks\n",
    ),
    Code(
        "R402",
        "A prefix is too short",
        "A prefix of one or two letters begins too many words; at least three stand before the star. A hyphen begins a "
        "new word, and `'s` is not read.",
        "match: tr*\n",
        "match: truc*\n",
    ),
    Code(
        "R403",
        "`~` and `*` on one word",
        "`~` means the forms of a word, `*` all words that begin so; together they mean neither.",
        "match: ~truc*\n",
        "match: ~truce\n",
    ),
    Code(
        "R404",
        "A number out of range",
        "NEAR and ONEAR take 0 to 50 words between, ATLEAST 1 to 1,000, LEAD 1 to 200,000, ANY/k no more than it has "
        "operands.",
        "match: truce NEAR/80 talks\n",
        "match: truce NEAR/50 talks\n",
    ),
    Code(
        "R405",
        "Not an operand of NEAR",
        "NEAR measures the distance of spans: words, phrases, lists, CASE, NEAR, and ORs of these have one.",
        "match: (truce AND talks) NEAR/5 Geneva\n",
        "match: SENTENCE(truce AND talks AND Geneva)\n",
    ),
    Code(
        "R406",
        "Nested too deep",
        "Brackets, functions, negations, rows of NEAR, and lists in lists go at most 20 levels deep.",
        "match: " + "(" * 21 + "truce" + ")" * 21 + "\n",
        "match: (truce)\n",
    ),
    Code(
        "R407",
        "Too many words and phrases",
        "An expression has at most 5,000, those of its lists included.",
        "match: truce «OR truce × 5000»\n",
        "match: truce OR talks\n",
    ),
    Code(
        "R408",
        "Reads as nothing",
        "A word or phrase without letters and digits has no tokens and never matches; an empty value neither.",
        'match: >\n  truce OR "---"\n',
        "match: truce\n",
    ),
    Code(
        "R409",
        "Not a pattern of RE2",
        "Patterns are in the syntax of RE2, at most 2,000 characters.",
        'match: regex:"(truce"\n',
        'match: regex:"(truce)"\n',
    ),
    Code(
        "R410",
        "Look-around or a back-reference",
        "RE2 takes linear time on every text, and has neither for that reason. NEAR, NOT NEAR and exclusions say what "
        "stands around a word.",
        'match: regex:"truce(?! talks)"\n',
        "match: truce NOT NEAR/0 talks\n",
    ),
    Code(
        "R411",
        "A star inside a word",
        "There is one star, at the end of a word or value, and it means any ending.",
        "match: c*sefire\n",
        "match: cease*\n",
    ),
    Code(
        "R412",
        "`mask: phrase` masks nothing",
        "The mask blanks the words that an exclusion found; a key field such as `source:` has none in the article.",
        "exclude:\n  - {name: satire, match: source:onion}\n",
        "exclude:\n  - {name: satire, mask: article, match: source:onion}\n",
    ),
)

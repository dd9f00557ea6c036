"""Codes R3: the form of expressions."""

from __future__ import annotations

from stream.rulelang.code import Code

EXPRESSION_CODES = (
    Code(
        "R301",
        "Something is missing, or stands in the wrong place",
        "An operator needs an operand on each side, a field its value, and a comma stands in ANY/k( … ) alone.",
        "match: truce AND\n",
        "match: truce AND talks\n",
    ),
    Code(
        "R302",
        "A bracket without its partner",
        "Brackets come in pairs.",
        "match: truce AND (talks OR summit\n",
        "match: truce AND (talks OR summit)\n",
    ),
    Code(
        "R303",
        "A quote is not closed",
        "A phrase ends with a quote.",
        'match: truce OR "peace talks\n',
        'match: truce OR "peace talks"\n',
    ),
    Code(
        "R304",
        "A character that no word has",
        "A word begins with a letter or a digit and has letters, digits, `-`, `'` and `.` inside; other characters "
        "separate words, so a text with them is a phrase and needs quotes.",
        "match: and/or\n",
        'match: >\n  "and/or"\n',
    ),
    Code(
        "R305",
        "AND and OR without brackets",
        "Tools disagree on which of the two goes first; brackets say it.",
        "match: truce AND talks OR summit\n",
        "match: truce AND (talks OR summit)\n",
    ),
    Code(
        "R306",
        "Words side by side",
        "Some tools read two words as AND, others as a phrase; here one says which.",
        "match: peace talks\n",
        'match: >\n  "peace talks"\n',
    ),
    Code(
        "R307",
        "An operator in another form",
        "NEAR and ONEAR need a number of words, functions need brackets, `regex:` needs quotes. To search for the "
        "operator's name itself, quote it.",
        "match: truce NEAR talks\n",
        "match: truce NEAR/5 talks\n",
    ),
    Code(
        "R308",
        "Typographic quotes",
        "Word processors turn quotes into “ and ”; phrases take the plain quote. In articles both are read alike.",
        "match: “peace talks”\n",
        'match: >\n  "peace talks"\n',
    ),
    Code(
        "R309",
        "NEAR and ONEAR in one row",
        "A row of NEAR is read from the left; with different operators that is seldom what was meant.",
        "match: truce NEAR/3 talks ONEAR/3 summit\n",
        "match: (truce NEAR/3 talks) ONEAR/3 summit\n",
    ),
    Code(
        "R310",
        "An empty expression or item",
        "An expression, and each item of a list, has at least one word.",
        "keywords: [truce, '']\n",
        "keywords: [truce]\n",
    ),
    Code(
        "R311",
        "An expression as an item",
        "Items of a list and of `keywords` are words, phrases and lists. As an item with blanks is a phrase, an "
        "operator in it would be read as a word.",
        "keywords: [truce AND talks]\n",
        "match: truce AND talks\n",
    ),
)

"""The stable codes of diagnostics. A code never changes its meaning; one that is given up is not used again.

R1 files and YAML · R2 keys and values · R3 the form of expressions · R4 their meaning · R5 names · R6 not in this version ·
R7 tests · R9 lints (warnings).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Code:
    """One entry: `code`, what it is about."""

    code: str
    title: str

    @property
    def severity(self) -> Literal["error", "warning"]:
        """Lints are warnings; everything else keeps the rules from being used."""
        return "warning" if self.code.startswith("R9") else "error"


_TITLES = """
R101 A file is too large
R102 The file is not YAML 1.2
R103 A key stands twice
R104 An anchor or an alias
R105 A tag
R106 Too many levels of YAML
R107 `@` or `*` begins a value without quotes
R108 Not keys with values
R109 Another version of YAML
R201 An unknown key
R202 A key is missing
R203 A value of the wrong type
R204 A value that is not one of the known ones
R205 An id with other characters
R206 Not exactly one of two keys
R207 Not a duration
R208 Not a number in range
R209 An unknown placeholder in a summary
R210 An empty value
R211 `because` names nothing
R212 A name stands twice
R213 Not the name of a topic
R214 Not a time
R215 A text is too long
R216 Grouping without the rule
R301 Something is missing, or stands in the wrong place
R302 A bracket without its partner
R303 A quote is not closed
R304 A character that no word has
R305 AND and OR without brackets
R306 Words side by side
R307 An operator in another form
R308 Typographic quotes
R309 NEAR and ONEAR in one row
R310 An empty expression or item
R311 An expression as an item
R401 Nothing positive
R402 A prefix is too short
R403 `~` and `*` on one word
R404 A number out of range
R405 Not an operand of NEAR
R406 Nested too deep
R407 Too many words and phrases
R408 Reads as nothing
R409 Not a pattern of RE2
R410 Look-around or a back-reference
R411 A star inside a word
R412 `mask: phrase` masks nothing
R501 An unknown list
R502 An unknown field
R503 Lists in a circle
R504 An id stands twice
R505 A list that is no list of values
R601 `topic:` in an expression
R602 A throttle
R603 Grouping by more than the rule
R604 A correlation
R701 A stable rule without its tests
R901 A hyphenated word without its closed twin
R902 A word in capitals that is also an everyday word
R903 A rule without a test
R904 A list that no rule uses
R905 AND of many sides over the whole article
"""

CODES = {line[:4]: Code(line[:4], line[5:]) for line in _TITLES.strip().splitlines()}

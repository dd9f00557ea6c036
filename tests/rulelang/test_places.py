"""Places of mistakes in the file, through every way that YAML has to write a text."""

from __future__ import annotations

import pytest

from stream.rulelang.code import complete
from tests.rulelang.kit import load_example, load_text

# `¦` in front of the star marks where the finding must point: at the prefix that is too short.
_CASES = {
    "plain": "match: truce AND ¦tr*\n",
    "plain over lines": "match: truce\n  AND\n\n  ¦tr*\n",
    "single quotes": "match: 'don''t AND ¦tr*'\n",
    "single quotes over lines": "match: 'it''s\n\n   AND ¦tr*'\n",
    "double quotes": 'match: "\\"red line\\" AND ¦tr*"\n',
    "double quotes with escapes": 'match: "caf\\u00e9 \\x41ND\\ttalks AND ¦tr*"\n',
    "double quotes, joined line": 'match: "truce \\\n    AND ¦tr*"\n',
    "folded": "match: >\n  truce AND\n\n  (talks OR\n  ¦tr*)\n",
    "folded, deeper lines": "match: >-  # why\n  truce\n    AND talks\n  AND ¦tr*\n",
    "literal": "match: |\n  truce AND\n    ¦tr*\n",
    "literal with indicator": "match: |2+\n   truce AND ¦tr*\n\n",
    "in brackets": "keywords: [truce, ¦tr*]\n",
    "in an exclusion": "exclude:\n  - {name: x, match: 'talks AND ¦tr*'}\n",
    "other line ends": "title: A\r\nmatch: >\r\n  truce AND\r\n  ¦tr*\r\n",
    "after letters beyond the plane": "match: 𝒯ruce AND é AND ¦tr*\n",
}


@pytest.mark.parametrize("example", _CASES.values(), ids=_CASES)
def test_the_place_is_the_one_in_the_file(example: str) -> None:
    before = example.split("¦")[0]
    lines = before.replace("\r\n", "\n").split("\n")
    findings = [d for d in load_example(example.replace("¦", "")).diagnostics if d.code == "R402"]
    assert [(d.place.line, d.place.column, d.place.length) for d in findings] == [(len(lines), len(lines[-1]) + 1, 3)]
    assert findings[0].source_line[findings[0].place.column - 1 :].startswith("tr*")


def test_a_byte_order_mark_is_no_column() -> None:
    findings = load_text("\ufeff" + complete("match: tr*\n")).diagnostics
    assert [(d.place.line, d.place.column) for d in findings] == [(1, 8)]

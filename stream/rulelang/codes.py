"""The stable codes of diagnostics. A code never changes its meaning; one that is given up is not used again.

R1 files and YAML · R2 keys and values · R3 the form of expressions · R4 their meaning · R5 names ·
R7 tests · R9 lints (warnings).
"""

from __future__ import annotations

from stream.rulelang.code import Code, complete
from stream.rulelang.codes_expressions import EXPRESSION_CODES
from stream.rulelang.codes_files import FILE_CODES
from stream.rulelang.codes_meaning import MEANING_CODES
from stream.rulelang.codes_rules import RULE_CODES

CODES: dict[str, Code] = {entry.code: entry for entry in (*FILE_CODES, *EXPRESSION_CODES, *MEANING_CODES, *RULE_CODES)}
"""Every code with its entry, in the order of the codes."""

__all__ = ["CODES", "Code", "complete"]

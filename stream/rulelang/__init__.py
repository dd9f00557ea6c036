"""The rule language: rule files in, a `RuleSet` or diagnostics out. Public names are re-exported here.

A file goes through these modules: `yamltree` (YAML to a tree with places), `rulefile` and its helpers (the schema),
`grammar` and `words` (expressions to nodes), `lists`, `checker` and `lints` (what it means), `compiler` (lists put
in), `digest`. `loader.load` puts them together, `lean` makes the result small, `codes` explains each diagnostic,
`printer` writes nodes again, `canonical` whole files.

Whoever only works with rules that are loaded, as a worker does, must not carry what reads them (parsers of YAML and of
expressions, 15 MB): so each name is imported when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stream.rulelang.canonical import format_file
    from stream.rulelang.codes import CODES, Code
    from stream.rulelang.diagnostic import Diagnostic, Loaded, SourceFile, render
    from stream.rulelang.fileschema import file_schema
    from stream.rulelang.inflect import inflections
    from stream.rulelang.loader import load
    from stream.rulelang.nodes import Node
    from stream.rulelang.printer import print_node
    from stream.rulelang.ruleset import Correlation, Exclusion, Rule, RuleSet, RuleTest, Scope, TimeTest

__all__ = [
    "CODES",
    "Code",
    "Correlation",
    "Diagnostic",
    "Exclusion",
    "Loaded",
    "Node",
    "Rule",
    "RuleSet",
    "RuleTest",
    "Scope",
    "SourceFile",
    "TimeTest",
    "file_schema",
    "format_file",
    "inflections",
    "load",
    "print_node",
    "render",
]

_MODULES = {
    "CODES": "codes",
    "Code": "codes",
    "Correlation": "ruleset",
    "Diagnostic": "diagnostic",
    "Exclusion": "ruleset",
    "Loaded": "diagnostic",
    "Node": "nodes",
    "Rule": "ruleset",
    "RuleSet": "ruleset",
    "RuleTest": "ruleset",
    "Scope": "ruleset",
    "SourceFile": "diagnostic",
    "TimeTest": "ruleset",
    "file_schema": "fileschema",
    "format_file": "canonical",
    "inflections": "inflect",
    "load": "loader",
    "print_node": "printer",
    "render": "diagnostic",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    return found

"""The rule language: rule files in, a `RuleSet` or diagnostics out. Public names are re-exported here.

A file goes through these modules: `yamltree` (YAML to a tree with places), `rulefile` and its helpers (the schema),
`grammar` and `words` (expressions to nodes), `lists`, `checker` and `lints` (what it means), `compiler` (lists put
in, digest). `loader.load` puts them together, `codes` explains each diagnostic, `printer` writes nodes again,
`canonical` whole files.
"""

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

"""`load`: rule files in, a rule set and diagnostics out. All findings of all files in one run."""

from __future__ import annotations

import re
from collections.abc import Sequence

from stream.rulelang.checker import check_lists, check_rule, check_topics
from stream.rulelang.compiler import compile_rules
from stream.rulelang.correlationcheck import check_correlations, check_over_time, lint_correlations
from stream.rulelang.correlationfile import CorrelationDraft
from stream.rulelang.diagnostic import FILE_BYTES_MAX, Diagnostic, Loaded, SourceFile
from stream.rulelang.lints import lint
from stream.rulelang.lists import Lists
from stream.rulelang.rulefile import ListDraft, RuleDraft, read_document
from stream.rulelang.source import Source, quoted
from stream.rulelang.yamltree import read_documents

Draft = RuleDraft | ListDraft | CorrelationDraft

_STRAY_BYTE = re.compile("[\udc80-\udcff]")


def load(files: Sequence[SourceFile]) -> Loaded:
    """Read, check and compile rule files; the result does not depend on their order.

    There is a rule set exactly when no diagnostic is an error. Diagnostics are in the order of path, line, column.
    """
    sources = [Source(file) for file in sorted(files, key=lambda file: file.path)]
    drafts = [draft for source in sources for draft in _drafts(source)]
    rules = [draft for draft in drafts if isinstance(draft, RuleDraft)]
    correlations = [draft for draft in drafts if isinstance(draft, CorrelationDraft)]
    lists = Lists(_by_id([draft for draft in drafts if isinstance(draft, ListDraft)]))
    # Rules and correlations share their names: alerts have them as their subject.
    _note_twice([*rules, *correlations])
    usable = check_lists(lists, rules)
    for draft in rules:
        check_rule(draft, lists, usable)
        check_over_time(draft)
    check_topics(rules, lists, usable)
    check_correlations(correlations, rules)
    errors = any(diagnostic.severity == "error" for source in sources for diagnostic in source.diagnostics)
    if not errors:
        # Not beside errors: half-understood rules would be told what they already know, or what is not so.
        lint(rules, lists)
        lint_correlations(correlations)
    diagnostics = tuple(sorted((d for source in sources for d in source.diagnostics), key=_order))
    return Loaded(None if errors else compile_rules(rules, correlations, lists), diagnostics)


def read_drafts(files: Sequence[SourceFile]) -> tuple[list[RuleDraft], Lists]:
    """The rules and lists of files as they are written, for those who look for more than `load` does."""
    drafts = [draft for file in sorted(files, key=lambda file: file.path) for draft in _drafts(Source(file))]
    lists = Lists(_by_id([draft for draft in drafts if isinstance(draft, ListDraft)]))
    return [draft for draft in drafts if isinstance(draft, RuleDraft)], lists


def _drafts(source: Source) -> list[Draft]:
    size_bytes = len(source.text.encode("utf-8", "surrogatepass"))
    if size_bytes > FILE_BYTES_MAX:
        found = f"a file of {size_bytes:,} bytes"
        source.add("R101", source.place(0, 0), found, f"at most {FILE_BYTES_MAX:,}", "Split the file.")
        return []
    stray = _STRAY_BYTE.search(source.text)
    if stray:
        # The bytes of a wrong encoding come as lone surrogates (PEP 383), U+DC80 to U+DCFF.
        found = f"the byte 0x{ord(stray.group()) - 0xDC00:02x}"
        source.add("R102", source.place(*stray.span()), found, "UTF-8", "Save the file as UTF-8.")
        return []
    documents = read_documents(source)
    return [draft for document in documents if (draft := read_document(document, source)) is not None]


def _by_id(drafts: Sequence[ListDraft]) -> dict[str, ListDraft]:
    _note_twice(drafts)
    # The first of two is kept.
    return {draft.id: draft for draft in reversed(drafts)}


def _note_twice(drafts: Sequence[Draft]) -> None:
    first: dict[str, Draft] = {}
    for draft in drafts:
        identifier = _id_of(draft)
        earlier = first.setdefault(identifier, draft)
        if earlier is not draft:
            found = f"the id {quoted(identifier)} a second time"
            help_ = f"The first one is in {earlier.source.path}, line {earlier.place.line}."
            draft.source.add("R504", draft.place, found, "ids that differ", help_)


def _id_of(draft: Draft) -> str:
    match draft:
        case RuleDraft(rule=rule):
            return rule.id
        case CorrelationDraft(correlation=correlation):
            return correlation.id
        case ListDraft(id=identifier):
            return identifier


def _order(diagnostic: Diagnostic) -> tuple[str, int, int, str]:
    return (diagnostic.file, diagnostic.place.line, diagnostic.place.column, diagnostic.code)

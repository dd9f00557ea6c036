"""What rule files compile to: frozen rules, in the order of their ids, under one digest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from stream.model import Severity
from stream.rulelang.nodes import Node


@dataclass(frozen=True, slots=True)
class Scope:
    """Which articles a rule looks at; None means any. Values are folded, `*` at the end means prefix."""

    lang: tuple[str, ...] | None = None
    source: tuple[str, ...] | None = None
    max_age_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Exclusion:
    """An exception: `mask: phrase` blanks the words at the leaves of its matches, `mask: article` drops the article."""

    name: str
    reason: str
    mask: Literal["phrase", "article"]
    match: Node


@dataclass(frozen=True, slots=True)
class RuleTest:
    """One test written inside a rule file. `article` holds the fields as written (title, body, source …)."""

    name: str
    article: dict[str, Any]
    expect: Literal["fire", "quiet"]
    spans: tuple[str, ...] | None
    because: str | None
    line: int


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, its lists resolved. `summary` is a template that `alert.render` fills; nothing in it is evaluated."""

    id: str
    version: int
    title: str
    description: str
    status: Literal["experimental", "stable", "deprecated"]
    severity: Severity
    topics: tuple[str, ...]
    labels: tuple[tuple[str, str], ...]
    scope: Scope
    match: Node
    exclusions: tuple[Exclusion, ...]
    summary: str
    tests: tuple[RuleTest, ...]
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class RuleSet:
    """All rules of a folder. `digest` is the SHA-256 (hex) of the rules' canonical form; `lists` counts list files."""

    rules: tuple[Rule, ...]
    lists: int
    digest: str

"""What `redline rules explain` is asked about: the rule of an id, the article of a file, or what is there instead."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

import click
import orjson

from stream.errors import RulesError
from stream.model import Reject
from stream.rulelang import RuleSet, SourceFile
from stream.rulelang.loader import read_drafts
from stream.rulelang.printer import print_node
from stream.rulelang.ruleset import Correlation, Rule
from stream.rulelang.source import did_you_mean
from stream.wire.decode import BYTE_ORDER_MARK, Decoded, decode_article

ITEMS_SHOWN_MAX = 20


def rule_named(identifier: str, ruleset: RuleSet, files: Sequence[SourceFile]) -> Rule:
    """The rule of an id. Raises RulesError, which says what a correlation or a list of that id is, or what is near."""
    for rule in ruleset.rules:
        if rule.id == identifier:
            return rule
    for correlation in ruleset.correlations:
        if correlation.id == identifier:
            raise RulesError(_correlation(correlation))
    _, lists = read_drafts(files)
    name = identifier.removeprefix("@")
    if name in lists:
        items = lists.drafts[name].items
        shown = ", ".join(print_node(item) for item in items[:ITEMS_SHOWN_MAX])
        more = f" and {len(items) - ITEMS_SHOWN_MAX:,} more" if len(items) > ITEMS_SHOWN_MAX else ""
        raise RulesError(
            f"found the list @{name}, expected the id of a rule. Its items: {shown}{more}. "
            "Explain a rule that names it: which of the items hold is shown there."
        )
    help_ = did_you_mean(identifier, [rule.id for rule in ruleset.rules])
    raise RulesError(f"found no rule {identifier}, expected the id of one of {len(ruleset.rules)} rules. {help_}")


def article_in(content: bytes, name: str, identifier: str, *, message_bytes_max: int) -> Decoded:
    """The one article of a file. Raises click.UsageError, which says how to take one of several."""
    decoded = decode_article(content, message_bytes_max=message_bytes_max)
    if not isinstance(decoded, Reject):
        return decoded
    articles = [number for number, line in enumerate(content.splitlines(), 1) if _is_object(line)]
    if decoded.code in ("invalid_json", "too_large") and len(articles) > 1:
        file = "FILE" if name == "<stdin>" else shlex.quote(name)
        taken = f"sed -n {articles[0]}p {file} | redline rules explain {identifier} --article -"
        raise click.UsageError(
            f"{name} is no article: found {len(articles):,} JSON objects, one a line, expected one article. "
            f"Take one of the lines: {taken}\nAll of them: redline scan {file}"
        )
    raise click.UsageError(f"{name} is no article: {decoded.reason}")


def _correlation(correlation: Correlation) -> str:
    return (
        f"found the correlation {correlation.id}, expected the id of a rule. A correlation reads no article: it counts "
        f"what {', '.join(correlation.rules)} found over time. Explain one of these; how they come together shows "
        f"redline scan on several articles, or redline rules test --rule {correlation.id}."
    )


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(orjson.loads(line.removeprefix(BYTE_ORDER_MARK)), dict)
    except orjson.JSONDecodeError:
        return False

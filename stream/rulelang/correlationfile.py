"""Correlations: their keys are known and checked, their evaluation is a later version's."""

from __future__ import annotations

from stream.rulelang.fields import Fields
from stream.rulelang.yamltree import Mapping

CORRELATION_KEYS = (
    *("schema", "kind", "id", "version", "title", "description", "status", "author", "created", "references", "labels"),
    *("runbook", "false_positives", "type", "rules", "group_by", "window", "count", "condition", "keep_firing_for"),
    *("severity", "topics", "alert", "tests"),
)
CORRELATION_TYPES = ("event_count", "value_count", "temporal", "temporal_ordered", "spike", "absence")


def check_correlation(document: Mapping) -> None:
    """Note unknown and missing keys, and that correlations are not evaluated yet."""
    fields = Fields(document, CORRELATION_KEYS, "a correlation")
    fields.require("id", "type", "rules", "window", "condition")
    fields.choice("type", CORRELATION_TYPES, "event_count")
    fields.scalars("rules")
    fields.mapping_at("condition")
    fields.seconds("keep_firing_for")
    window = fields.mapping_at("window")
    if window is not None:
        inner = Fields(window, ("size", "type", "time", "grace", "gap"), "a window")
        for key in ("size", "grace", "gap"):
            inner.seconds(key)
        inner.choice("type", ("sliding", "tumbling", "session"), "sliding")
        inner.choice("time", ("event", "published"), "event")
    help_ = "Take the document out for now; the rules that it names work by themselves."
    fields.source.add("R604", fields.place("kind"), "a correlation", "a rule or a list, in this version", help_)

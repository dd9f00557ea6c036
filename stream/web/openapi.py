"""The OpenAPI description of the page's JSON: docs/reference/openapi.json and /api/openapi.json.

Answers are described by the types below; a test holds every route and every kind of answer to it.
"""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter
from typing_extensions import TypedDict

from stream.model.decision import Acknowledgement, Silence, Verdict
from stream.web.article import ArticleView
from stream.web.cards import Card
from stream.wire.schema import AlertEvent


class Alert(Card):
    """An alert, when it arrived (ms since 1970), and what was decided about it."""

    arrived: int
    acknowledged: Acknowledgement | None
    verdict: Verdict | None
    silence: Silence | None


class AlertPage(TypedDict):
    """Alerts, newest first. `next`: ask for `before` this number to get older ones; `cursor`: ask /api/events for
    what comes `last` after this."""

    items: list[Alert]
    next: int | None
    cursor: str
    catching_up: bool


class AlertDetail(TypedDict):
    """One alert with its CloudEvent and the article as it was read (null if it is not kept any more)."""

    alert: Alert
    event: AlertEvent
    article: ArticleView | None


class Reason(TypedDict):
    """How many alerts were held back for one reason."""

    by: str
    reason: str
    alerts: int


class SuppressedPage(TypedDict):
    """Alerts that were held back."""

    total: int
    reasons: list[Reason]
    items: list[Alert]


class Facet(TypedDict):
    """A value to filter by."""

    value: str
    alerts: int


class Facets(TypedDict):
    """What there is to filter by, most frequent first."""

    rule: list[Facet]
    topic: list[Facet]
    source: list[Facet]


class SilenceState(Silence):
    """A silence, and whether it is in force."""

    in_force: bool


class Silences(TypedDict):
    """Every silence that is known, newest first."""

    items: list[SilenceState]


class Error(TypedDict):
    """Why not."""

    error: str


_FILTERS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("severity", "This severity or a higher one.", {"enum": ["info", "low", "medium", "high", "critical"]}),
    ("rule", "Of one of these rules.", {}),
    ("topic", "With one of these topics.", {}),
    ("source", "From one of these sources, in any case.", {}),
    ("q", "Words that all stand in headline, summary, sentences, source, rule id or title.", {}),
)
_LIMIT = ("limit", "At most so many (1 to 500).")
_WRITERS: dict[str, dict[str, Any]] = {
    "Acknowledge": {"by": {"type": "string"}, "note": {"type": "string"}, "withdrawn": {"type": "boolean"}},
    "Judge": {
        "by": {"type": "string"},
        "verdict": {"enum": ["true_positive", "false_positive"]},
        "note": {"type": "string"},
        "withdrawn": {"type": "boolean"},
    },
    "NewSilence": {
        "by": {"type": "string"},
        "minutes": {"type": "integer", "minimum": 1, "maximum": 527_040},
        "reason": {"type": "string"},
        **{name: {"type": "string"} for name in ("rule", "topic", "source", "severity")},
    },
    "EndSilence": {"by": {"type": "string"}},
    "Try": {"rule": {"type": "string"}, "article": {"type": "object"}},
}
_REQUIRED = {"Judge": ["by", "verdict"], "NewSilence": ["by", "minutes"], "Try": ["rule", "article"]}


def document() -> dict[str, Any]:
    """The whole description (OpenAPI 3.1)."""
    schemas: dict[str, Any] = {}
    answers = (AlertPage, AlertDetail, SuppressedPage, Facets, Silences, Acknowledgement, Verdict, Silence, Error)
    for answer in answers:
        # What is written is described: times are text there.
        schema = TypeAdapter(answer).json_schema(mode="serialization", ref_template="#/components/schemas/{model}")
        schemas.update(schema.pop("$defs", {}))
        schemas[answer.__name__] = schema
    for name, fields in _WRITERS.items():
        required = _REQUIRED.get(name, ["by"])
        schemas[name] = {"type": "object", "properties": fields, "required": required}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Redline: the page's API",
            "version": "1",
            "description": "Inside version 1 answers only grow: ignore keys that you do not know.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": _paths(),
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": "redline"},
            },
        },
        "security": [{}, {"token": []}, {"cookie": []}],
    }


def _paths() -> dict[str, Any]:
    filters = [_query(name, text, schema, many=name != "severity") for name, text, schema in _FILTERS]
    limit = _query(*_LIMIT, {"type": "integer"})
    before = _query("before", "Only alerts older than this number.", {"type": "integer"})
    identifier = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    last = _query("last", "The id of the last event that the reader has; or the header Last-Event-ID.", {})
    return {
        "/api/alerts": {"get": _get("Alerts, newest first", "AlertPage", [*filters, limit, before])},
        "/api/alerts/{id}": {"get": _get("One alert with its article", "AlertDetail", [identifier])},
        "/api/alerts/{id}/acknowledgement": {
            "post": _post("Acknowledge an alert, or take it back", "Acknowledge", "Acknowledgement", [identifier])
        },
        "/api/alerts/{id}/verdict": {
            "post": _post("Say whether an alert was right, or take it back", "Judge", "Verdict", [identifier])
        },
        "/api/suppressed": {"get": _get("Alerts that were held back", "SuppressedPage", [limit])},
        "/api/facets": {"get": _get("What there is to filter by", "Facets", [])},
        "/api/silences": {
            "get": _get("Silences, newest first", "Silences", []),
            "post": _post("Silence alerts for a while", "NewSilence", "Silence", []),
        },
        "/api/silences/{id}/end": {"post": _post("End a silence now", "EndSilence", "Silence", [identifier])},
        "/api/events": {"get": _other("What happens, as it happens", "text/event-stream", [last])},
        "/alerts.atom": {"get": _other("The newest alerts as a feed", "application/atom+xml", filters)},
        "/api/overview": {"get": _get("The last hour, for the page itself", None, [])},
        "/api/rules": {"get": _get("The rules, for the page itself", None, [])},
        "/api/rules/{id}": {"get": _get("One rule, for the page itself", None, [identifier])},
        "/api/playground": {"post": _post("A rule against an article, for the page itself", "Try", None, [], "200")},
        "/api/session": {"get": _get("What this login may do, for the page itself", None, [])},
        "/api/openapi.json": {"get": _get("This description", None, [])},
    }


def _query(name: str, text: str, schema: dict[str, Any], *, many: bool = False) -> dict[str, Any]:
    one = {"type": "string", **schema}
    return {
        "name": name,
        "in": "query",
        "description": text,
        "schema": {"type": "array", "items": one} if many else one,
        **({"explode": True} if many else {}),
    }


def _get(summary: str, answer: str | None, parameters: list[Any]) -> dict[str, Any]:
    return {"summary": summary, "parameters": parameters, "responses": _responses("200", answer)}


def _post(summary: str, body: str, answer: str | None, parameters: list[Any], status: str = "201") -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{body}"}}}
    return {
        "summary": summary,
        "parameters": parameters,
        "requestBody": {"required": True, "content": content},
        "responses": _responses(status, answer),
    }


def _other(summary: str, content_type: str, parameters: list[Any]) -> dict[str, Any]:
    found = {"200": {"description": "Fine.", "content": {content_type: {"schema": {"type": "string"}}}}}
    return {"summary": summary, "parameters": parameters, "responses": {**found, "default": _error()}}


def _responses(status: str, answer: str | None) -> dict[str, Any]:
    schema = {"type": "object"} if answer is None else {"$ref": f"#/components/schemas/{answer}"}
    fine = {"description": "Fine.", "content": {"application/json": {"schema": schema}}}
    return {status: fine, "default": _error()}


def _error() -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Error"}
    return {"description": "Why not.", "content": {"application/json": {"schema": schema}}}

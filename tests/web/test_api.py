"""The JSON for programs is what the OpenAPI file says; the feed is Atom; the stream fills gaps."""

from __future__ import annotations

import json
import re
import urllib.request
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from openapi_spec_validator import validate

from stream.settings import Settings
from stream.telemetry.events import Telemetry
from stream.telemetry.metrics import Metrics
from stream.web.app import VIEWS, create_app
from stream.web.openapi import document
from stream.web.page import Page
from tests.web.kit import ROOT, Pipeline, WebServer, article, eventually

pytestmark = pytest.mark.embedded

ATOM = "{http://www.w3.org/2005/Atom}"


def check(name: str, value: Any) -> None:
    """Holds a value to a schema of the description."""
    described = document()
    jsonschema.validate(value, {"$ref": f"#/components/schemas/{name}", "components": described["components"]})


def test_the_description_is_valid_and_names_every_route() -> None:
    described = document()
    validate(described)
    assert json.loads((ROOT / "docs/reference/openapi.json").read_text(encoding="utf-8")) == described
    page = Page(Settings(), Telemetry(Metrics()))
    routes = {
        (route.method.lower(), route.resource.canonical)
        for route in create_app(page).router.routes()
        if route.resource is not None and route.method != "HEAD"
    }
    page.close()
    unlisted = {*VIEWS, "/static/{name}", "/login", "/logout", "/livez", "/readyz"}
    paths = {(method, path) for path, methods in described["paths"].items() for method in methods}
    assert {(m, p) for m, p in routes if p not in unlisted} == paths


def test_answers_are_as_described_and_come_in_pages(server: WebServer, pipeline: Pipeline) -> None:
    ids = pipeline.feed(*(article(n, title=f"Paged {n}") for n in range(10, 15)))
    eventually(lambda: len(server.json("/api/alerts?q=paged")["items"]) == len(ids))
    assert server.post(f"/api/alerts/{ids[0]}/acknowledgement", {"by": "Ada"})[0] == 201
    status, verdict = server.post(f"/api/alerts/{ids[0]}/verdict", {"by": "Ada", "verdict": "true_positive"})
    assert status == 201
    check("Verdict", verdict)
    status, silence = server.post("/api/silences", {"by": "Ada", "minutes": 5, "rule": "no.such.rule", "note": "x"})
    assert status == 201
    check("Silence", silence)
    seen: list[str] = []
    path = "/api/alerts?q=paged&limit=4"
    while True:
        found = server.json(path)
        check("AlertPage", found)
        seen += [item["id"] for item in found["items"]]
        if found["next"] is None:
            break
        path = f"/api/alerts?q=paged&limit=4&before={found['next']}"
    assert sorted(seen) == sorted(ids), "each once, none left out"
    check("AlertDetail", server.json(f"/api/alerts/{ids[0]}"))
    check("SuppressedPage", server.json("/api/suppressed"))
    check("Facets", server.json("/api/facets"))
    check("Silences", server.json("/api/silences"))
    for path in ("/api/alerts/none", "/api/rules/none", "/api/none"):
        status, body = server.get(path)
        assert status == 404
        check("Error", json.loads(body))


def test_the_feed_is_atom_with_the_same_filters(server: WebServer, pipeline: Pipeline) -> None:
    text = "The navy blocked the port of <b>Mirova</b> & more \x0b."
    high, _ = pipeline.feed(article(20, text, title="In the <feed> & out", url="https://example.test/a?b=1&c=2"))
    pipeline.feed(article(21, title="Other feed", url="javascript:alert(1)"))
    eventually(lambda: len(server.json("/api/alerts?q=feed")["items"]) == 4)
    body = server.get("/alerts.atom?severity=high&rule=ports.closed&q=feed")[1]
    root = ET.fromstring(body)
    entries = root.findall(f"{ATOM}entry")
    assert [e.findtext(f"{ATOM}title") for e in entries] == ["HIGH: Other feed", "HIGH: In the <feed> & out"]
    assert entries[1].findtext(f"{ATOM}id") == f"urn:uuid:{high}"
    links = {link.get("rel"): link.get("href") for link in entries[1].findall(f"{ATOM}link")}
    assert links == {
        "alternate": f"{server.url}/?alert={high}",
        "related": "https://example.test/a?b=1&c=2",
    }
    assert b"javascript:" not in body
    for entry in (root, *entries):
        assert entry.findtext(f"{ATOM}id")
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", entry.findtext(f"{ATOM}updated") or "")
    assert server.get("/alerts.atom?severity=loud")[0] == 400


def test_a_program_that_comes_back_gets_what_it_missed(server: WebServer, pipeline: Pipeline) -> None:
    cursor = server.json("/api/alerts?limit=1")["cursor"]
    ids = pipeline.feed(article(30, title="While you were away"))
    request = urllib.request.Request(f"{server.url}/api/events", headers={"Last-Event-ID": cursor})
    found = []
    with urllib.request.urlopen(request, timeout=30) as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        while len(found) < len(ids):
            line = stream.readline().decode()
            if line.startswith("data: ") and "While you were away" in line:
                found.append(json.loads(line[6:])["id"])
    assert sorted(found) == sorted(ids)

"""Login, host names, origins, hostile text: what the page must never do, in a real browser where that matters."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from stream.settings import Settings
from tests.web.kit import ROOT, Pipeline, WebServer, article, eventually, fetch

pytestmark = pytest.mark.embedded

TOKEN, READ, INGEST = "correct-horse-battery", "only-for-the-wall-1", "a-token-of-producers"

PAYLOADS = (
    "<script>window.hacked=1</script>",
    "</script><script>window.hacked=1</script>",
    "<img src=x onerror=window.hacked=1>",
    '"><svg onload=window.hacked=1>',
    "javascript:window.hacked=1",
    "' onmouseover='window.hacked=1",
    "{{constructor.constructor('window.hacked=1')()}}",
    "<iframe srcdoc='<script>parent.hacked=1</script>'>",
    "\u2028window.hacked=1\u2029",
    "<b>bold</b> \u202ereversed\u202c \x1b[31mred\x1b[0m \x07",
    "<!--",
    "]]>",
    "&lt;script&gt;",
    "<a href=javascript:window.hacked=1>x</a>",
    "<style>*{display:none}</style>",
)
URLS = (
    "javascript:window.hacked=1",
    "JaVaScRiPt:window.hacked=1",
    " javascript:window.hacked=1",
    "data:text/html,<script>opener.hacked=1</script>",
    "vbscript:x",
    "file:///etc/passwd",
    "//example.test/x",
    "not a url",
)


@pytest.fixture(scope="module")
def guarded(
    web_settings: Settings, pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WebServer]:
    """A page on all addresses, with a token for each scope."""
    options = {"web_host": "0.0.0.0", "web_token": TOKEN, "web_read_token": READ}
    with WebServer(web_settings, tmp_path_factory.mktemp("guarded") / "log", **options) as server:
        yield server.wait_ready()


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_off_loopback_it_does_not_start_without_a_token(tmp_path: Path) -> None:
    for extra in ({}, {"REDLINE_WEB_TOKEN": "short"}):
        done = subprocess.run(
            [sys.executable, "-m", "stream.cli", "web", "--web-host", "0.0.0.0"],
            cwd=ROOT,
            env={"PATH": "", **extra},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 2
        assert "web_token" in done.stderr
        assert "short" not in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1


def test_nothing_is_read_without_a_login(guarded: WebServer) -> None:
    for path in ("/api/alerts", "/api/events", "/api/overview", "/api/silences", "/alerts.atom", "/api/session"):
        assert guarded.get(path)[0] == 401, path
    assert guarded.get("/")[0] == 303
    assert guarded.get("/readyz")[0] == 200
    assert guarded.post("/api/silences", {"by": "x", "minutes": 5, "rule": "r"})[0] == 401
    assert TOKEN not in guarded.said()


def test_scopes_are_apart(guarded: WebServer) -> None:
    silence = {"by": "x", "minutes": 5, "rule": "no.such.rule"}
    assert guarded.get("/api/alerts", bearer(TOKEN))[0] == 200
    assert guarded.get("/api/alerts", bearer(READ))[0] == 200
    assert guarded.get("/api/alerts", bearer(INGEST))[0] == 401
    assert guarded.post("/api/silences", silence, bearer(READ))[0] == 403
    assert guarded.post("/api/silences", silence, bearer(TOKEN))[0] == 201


def test_other_host_names_and_other_pages_get_nothing(guarded: WebServer, server: WebServer) -> None:
    for host in ("evil.test", "127.0.0.1.evil.test", "", "localhost@evil.test", "[::2]", "2130706433"):
        assert fetch(server.url + "/api/alerts", headers={"Host": host})[0] == 421, host
    for host in ("localhost", "127.0.0.1:1", "[::1]:8400"):
        assert fetch(server.url + "/api/alerts", headers={"Host": host})[0] == 200, host
    silence = {"by": "x", "minutes": 5, "rule": "no.such.rule"}
    for origin in ("http://evil.test", "null", f"http://127.0.0.1:{server.port + 1}", "https://evil.test:443"):
        assert server.post("/api/silences", silence, {"Origin": origin})[0] == 403, origin
    assert server.post("/api/silences", silence, {"Sec-Fetch-Site": "cross-site"})[0] == 403
    assert server.post("/api/silences", silence, {"Content-Type": "text/plain"})[0] == 415
    assert server.post("/api/silences", silence, {"Origin": server.url})[0] == 201


def test_who_guesses_has_to_wait(web_settings: Settings, tmp_path: Path) -> None:
    with WebServer(web_settings, tmp_path / "log", web_token=TOKEN) as server:
        server.wait_ready()
        codes = [server.get("/api/alerts", bearer(f"guess {n} {'x' * 20}"))[0] for n in range(12)]
        assert codes == [401] * 10 + [429] * 2
        assert server.get("/api/alerts", bearer(TOKEN))[0] == 429
        form = {"Content-Type": "application/x-www-form-urlencoded", "Origin": server.url}
        assert fetch(f"{server.url}/login", headers=form, data=f"token={TOKEN}".encode())[0] == 429
        assert "guess" not in server.said()


def test_a_person_logs_in_and_out(context: BrowserContext, guarded: WebServer, pipeline: Pipeline) -> None:
    pipeline.feed(article(1, title="For those who may"))
    page = context.new_page()
    page.goto(f"{guarded.url}/?q=those")
    expect(page).to_have_title("Log in · Redline")
    page.get_by_label("Token").fill("wrong-wrong-wrong-wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("That token is not known here.")
    page.get_by_label("Token").fill(READ)
    page.keyboard.press("Enter")
    expect(page.locator(".alert h3").first).to_have_text("For those who may")
    assert page.url.endswith("/?q=those")
    (cookie,) = context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    assert READ not in cookie["value"]
    page.locator(".alert h3 button").first.click()
    expect(page.get_by_role("button", name="Acknowledge")).to_be_disabled()
    page.get_by_role("button", name="Log out").click()
    expect(page).to_have_title("Log in · Redline")
    other_end = "1" if cookie["value"].endswith("0") else "0"
    assert guarded.get("/api/alerts", {"Cookie": f"redline={cookie['value'][:-1]}{other_end}"})[0] == 401
    forged = cookie["value"].replace("read", "decide")
    assert guarded.get("/api/alerts", {"Cookie": f"redline={forged}"})[0] == 401


def asked(port: int, *lines: bytes) -> bytes:
    """What comes back until the page closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as raw:
        raw.sendall(b"\r\n".join(lines))
        return b"".join(iter(lambda: raw.recv(65_536), b""))


def test_tokens_of_any_bytes_are_wrong_and_no_error(guarded: WebServer) -> None:
    for line in (b"Authorization: Bearer \xff\xfe", b"Cookie: redline=read.9999999999.\xff"):
        head = b"GET /api/alerts HTTP/1.1", b"Host: localhost", b"Connection: close", line, b"", b""
        assert asked(guarded.port, *head).startswith(b"HTTP/1.1 401 "), line


def test_slow_connections_however_many_keep_nobody_out(web_settings: Settings, tmp_path: Path) -> None:
    options = {"web_readers_max": 1, "web_connections_max": 4, "web_head_timeout_ms": 1_000}
    with WebServer(web_settings, tmp_path / "log", **options) as server:
        server.wait_ready()
        head = b"GET /api/alerts HTTP/1.1", b"Host: loc"
        slow = [socket.create_connection(("127.0.0.1", server.port), timeout=30) for _ in range(20)]
        for each in slow:
            each.sendall(b"\r\n".join(head))
        assert server.get("/api/alerts")[0] == 200
        assert asked(server.port, *head).startswith(b"HTTP/1.1 408 ")
        assert asked(server.port) == b"", "who says nothing at all is closed without a word"
        for each in slow:
            each.close()
        assert server.get("/api/alerts")[0] == 200


def test_no_redirect_leaves_the_page(guarded: WebServer) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded", "Origin": guarded.url}
    for there in ("https://evil.test", "//evil.test", "/\\evil.test", "/%0d%0aX:1"):
        with socket.create_connection(("127.0.0.1", guarded.port), timeout=30) as raw:
            body = f"token={TOKEN}"
            head = "".join(f"{k}: {v}\r\n" for k, v in form.items())
            raw.sendall(
                f"POST /login?next={there} HTTP/1.1\r\nHost: localhost\r\n{head}"
                f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".replace(
                    guarded.url, "http://localhost"
                ).encode()
            )
            answer = b"".join(iter(lambda: raw.recv(65_536), b"")).decode()
        assert "\r\nLocation: /\r\n" in answer, answer
        assert "\r\nX:1" not in answer


def test_hostile_text_stays_text(open_page: Callable[..., Page], pipeline: Pipeline, server: WebServer) -> None:
    alerts: list[str] = []
    for number, payload in enumerate(PAYLOADS):
        body = f"{payload} The navy blocked the port of Mirova. {payload}"
        alerts += pipeline.feed(
            article(
                700 + number,
                body,
                title=f"{payload} port",
                source=payload,
                author=payload,
                url=URLS[number % len(URLS)],
            )
        )
    # What came later would move the list under the clicks.
    eventually(lambda: {item["id"] for item in server.json("/api/alerts?limit=500")["items"]} >= set(alerts))
    page = open_page("/")
    for index in range(len(PAYLOADS) * 2):
        page.locator(".alert h3 button").nth(index).click()
    expect(page.locator(".alert .reading .body")).to_have_count(len(PAYLOADS) * 2)
    page.locator("#held").click()
    page.mouse.move(300, 300)
    assert page.evaluate("window.hacked") is None
    assert page.locator("main iframe, main img, main script, main style, main svg").count() == 0
    hrefs = page.evaluate("[...document.querySelectorAll('a')].map((a) => a.protocol)")
    assert set(hrefs) == {"http:"}, "our own links only: no address of an article was one"
    shown = page.locator("main").inner_text()
    assert "<script>window.hacked=1</script>" in shown
    assert not any(sign in shown for sign in ("\u202e", "\x1b", "\x07"))


def test_hostile_text_in_rules_names_and_decisions_stays_text(
    open_page: Callable[..., Page], pipeline: Pipeline, server: WebServer
) -> None:
    (output, *_) = pipeline.alert_outputs(article(800, title="Renamed"))
    event: dict[str, Any] = orjson.loads(output.value)
    event["data"]["rule"].update(title=PAYLOADS[2], id=PAYLOADS[0], topics=[PAYLOADS[3]])
    event["data"]["article"]["url"] = URLS[0]
    event["id"] = "0" * 8 + "-0000-0000-0000-000000000000"
    pipeline.send(type(output)(output.topic, output.key, orjson.dumps(event)))
    page = open_page("/?q=renamed")
    expect(page.locator(".alert")).to_have_count(1)
    path = f"/api/alerts/{event['id']}/verdict"
    given = {"by": PAYLOADS[2], "verdict": "false_positive", "note": PAYLOADS[1]}
    assert server.post(path, given)[0] == 201
    expect(page.locator(".alert .meta")).to_contain_text(PAYLOADS[2])
    assert page.evaluate("window.hacked") is None


def test_headers_of_every_kind_of_answer(server: WebServer) -> None:
    import urllib.request

    for path in ("/", "/api/alerts", "/static/main.js", "/static/none.js", "/api/none", "/alerts.atom", "/none"):
        request = urllib.request.Request(server.url + path)
        try:
            answer = urllib.request.urlopen(request, timeout=30)
        except urllib.error.HTTPError as error:
            answer = error  # type: ignore[assignment]
        headers = answer.headers
        policy = headers["Content-Security-Policy"]
        assert "script-src 'self'" in policy, path
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Server"] == "redline"
        assert headers["Cache-Control"] in ("no-store", "no-cache")
        answer.close()


def test_the_page_asks_nobody_else(open_page: Callable[..., Page], server: WebServer, context: BrowserContext) -> None:
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    for path in ("/", "/overview", "/rules", "/playground"):
        open_page(path)
    assert asked
    assert {url.split("/")[2] for url in asked} == {f"127.0.0.1:{server.port}"}
    html = server.get("/")[1].decode()
    assert "style=" not in html
    assert html.count("<script") == html.count('<script type="module" src="/static/') == 1


def test_bodies_that_are_too_large_or_no_json_are_refused(server: WebServer) -> None:
    post = {"Content-Type": "application/json"}
    url = f"{server.url}/api/silences"
    assert fetch(url, headers=post, data=b"x" * 500_000)[0] == 413
    for data in (b"", b"[1]", b"{", b"\xff", b'{"minutes": NaN}', b"[" * 5_000):
        status, body = fetch(url, headers=post, data=data)
        assert status == 400, data
        assert "error" in json.loads(body)
    for given in (
        {"minutes": 5},
        {"by": "x", "minutes": 5},
        {"by": "x", "minutes": True, "rule": "r"},
        {"by": "x" * 200, "minutes": 5, "rule": "r"},
        {"by": "x", "minutes": 10**9, "rule": "r"},
    ):
        assert server.post("/api/silences", given)[0] == 400, given
    assert server.get("/api/alerts?severity=urgent")[0] == 400
    assert server.get("/api/alerts?limit=0")[0] == 400
    assert server.get("/api/alerts?before=-1")[0] == 400

"""The routes file: what it gives, and what is said about every mistake in it."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from stream.model import Severity
from stream.notify.destinationfields import PRIVATE
from stream.notify.routes import (
    AlertmanagerConfig,
    AppriseConfig,
    Digest,
    HttpEnd,
    QuietHours,
    Route,
    Routes,
    WebhookConfig,
)
from stream.notify.routesfile import RoutesLoaded, load_routes
from stream.notify.routetests import run_route_tests, shown
from stream.notify.testfields import ExpectedDelivery, RouteTest, TestAlert
from stream.rulelang import SourceFile, render

ROOT = Path(__file__).resolve().parents[2]
KEY = b"k" * 32
SECRET = "whsec_" + base64.b64encode(KEY).decode()
HEAD = "schema: routes/v1\n"
HOOK = "  - {id: hook, type: webhook, url: 'https://hooks.example/x', secret: '${S}'}\n"
REST = "routes: [{id: all, to: [hook]}]\nfallback: none\n"
WHOLE = HEAD + "destinations:\n" + HOOK + REST


def load(text: str, folder: Path = Path("/base"), with_secrets: bool = True, **environment: str) -> RoutesLoaded:
    file = SourceFile("routes.yml", text)
    return load_routes(file, environment={"S": SECRET, **environment}, folder=folder, with_secrets=with_secrets)


def test_a_whole_file(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text(f"{SECRET}\n\n{SECRET}\n")
    (tmp_path / "ca.pem").write_text("")
    loaded = load(
        HEAD
        + """
destinations:
  - {id: hook, type: webhook, url: "https://hooks.example/${PATH_}", secret_file: keys, ca_file: ca.pem,
     headers: {Authorization: "Bearer ${TOKEN}"}}
  - {id: am, type: alertmanager, url: "http://10.1.2.3:9093", allow_networks: [10.0.0.0/8], resolve_after: 1h}
  - {id: chat, type: apprise, url: "${CHAT}", title: "{rule.title}"}
  - {id: inside, type: webhook, url: "http://127.0.0.1/", allow_private: true, unsigned: true}
  - {id: later, type: webhook, url: "${NOT_THERE}", secret: "${NOT_THERE}", enabled: false}
quiet_hours:
  - {id: nights, time_zone: Europe/Berlin, from: "22:00", to: "07:30", days: [mon, sun], pass: high}
routes:
  - id: one
    severity: high
    rules: [war.*]
    topics: [energy]
    sources: [AP]
    labels: {team: desk}
    states: [fired]
    exercise: true
    continue: true
    to: [hook, am, hook]
    digest: {every: 15m, max: 20}
    quiet: nights
  - {id: two, severity: [low, info], to: [chat, later, inside]}
fallback: {to: [am]}
tests:
  - name: t
    alert: {severity: low, rule: a.b, topics: [x], labels: {a: b}, source: AP, state: resolved, exercise: true,
      at: "2026-03-02T12:00:00+01:00"}
    expect: [{to: am, route: fallback, at: "2026-03-02T12:00:00+01:00", how: single}]
  - {name: u, alert: {severity: low, at: "2026-03-02T12:00:00Z"}, expect: nothing}
""",
        tmp_path,
        PATH_="canary-path",
        TOKEN="canary-token",
        CHAT="slack://canary-a/canary-b/canary-c",
    )
    assert [render(d) for d in loaded.diagnostics] == []
    nights = QuietHours("nights", ZoneInfo("Europe/Berlin"), 1_320, 450, frozenset({0, 6}), Severity.HIGH)
    hook = HttpEnd(
        "https://hooks.example/canary-path", (("Authorization", "Bearer canary-token"),), (), tmp_path / "ca.pem"
    )
    assert loaded.routes == Routes(
        (
            WebhookConfig("hook", hook, (KEY, KEY)),
            AlertmanagerConfig("am", HttpEnd("http://10.1.2.3:9093", (), (ip_network("10.0.0.0/8"),)), 3_600.0),
            AppriseConfig(
                "chat",
                ("slack://canary-a/canary-b/canary-c",),
                "{rule.title}",
                loaded.routes.destinations[2].body,  # type: ignore[union-attr]
                loaded.routes.destinations[2].line,  # type: ignore[union-attr]
            ),
            WebhookConfig("inside", HttpEnd("http://127.0.0.1/", (), PRIVATE)),
        ),
        (
            Route(
                "one",
                ("hook", "am"),
                frozenset({Severity.HIGH, Severity.CRITICAL}),
                ("war.*",),
                ("energy",),
                ("AP",),
                (("team", "desk"),),
                ("fired",),
                True,
                True,
                Digest(900.0, 20),
                nights,
            ),
            Route("two", ("chat", "later", "inside"), frozenset({Severity.LOW, Severity.INFO})),
        ),
        Route("fallback", ("am",)),
    )
    eleven = datetime(2026, 3, 2, 11, tzinfo=UTC)
    test = loaded.tests[0]
    assert test == RouteTest(
        "t",
        TestAlert(eleven, Severity.LOW, "a.b", ("x",), (("a", "b"),), "AP", "resolved", True),
        (ExpectedDelivery("am", "fallback", eleven, "single"),),
        test.place,
    )
    assert loaded.tests[1].expect == ()
    assert "canary" not in repr(loaded)
    assert KEY.decode() not in repr(loaded)
    assert [d.place for d in loaded.routes.destinations] == [  # type: ignore[union-attr]
        "https://hooks.example",
        "http://10.1.2.3:9093",
        "slack://…",
        "http://127.0.0.1",
    ]


def destination(text: str) -> str:
    return HEAD + "destinations:\n  - {id: hook, " + text + "}\n" + REST


def hook(url: str, more: str = "secret: '${S}'") -> str:
    return destination(f"type: webhook, url: '{url}', {more}")


def route(text: str) -> str:
    return HEAD + "destinations:\n" + HOOK + "routes: [{id: r, to: [hook], " + text + "}]\nfallback: none\n"


def quiet(text: str) -> str:
    return WHOLE + "quiet_hours: [{id: n, " + text + "}]\n"


def alert(text: str, expect: str = "nothing") -> str:
    return WHOLE + f"tests: [{{name: t, alert: {{{text}}}, expect: {expect}}}]\n"


FAULTS = {
    "R102": HEAD + "routes: [",
    "R103": WHOLE + "fallback: none\n",
    "R104": WHOLE.replace("all, to", "&x all, to"),
    "R105": WHOLE.replace("id: all", "id: !!str all"),
    "R108": "- a",
    "R201": route("rulez: [x]"),
    "R202": HEAD + "destinations: []\nroutes: []\n",
    "R203": route("rules: war"),
    "R204": route("severity: urgent"),
    "R206": destination("type: apprise"),
    "R207": route("digest: {every: 15 minutes}"),
    "R208": route("digest: {every: 15m, max: 0}"),
    "R209": destination("type: apprise, url: 'slack://a/b/c', title: '{rule.titel}'"),
    "R212": HEAD + "destinations:\n" + HOOK + HOOK + REST,
    "R214": alert("severity: low, at: '2026-03-02T12:00:00'"),
    "N101": hook("http://hooks.example/"),
    "N102": destination("type: webhook, url: 'https://hooks.example/'"),
    "N103": hook("https://hooks.example/${NOT_THERE}"),
    "N104": hook("https://hooks.example/", "secret: '${S}', allow_networks: [10.0.0.1/8]"),
    "N106": route("digest: {every: 8d}"),
    "N107": HEAD + "destinations:\n" + HOOK + "routes: [{id: fallback, to: [hook]}]\nfallback: none\n",
    "N108": HEAD + "destinations:\n" + HOOK + "routes: [{id: a, to: [hok]}]\nfallback: none\n",
    "N109": quiet("time_zone: Europe/Berln, from: '22:00', to: '07:00'"),
    "N110": quiet("time_zone: UTC, from: '00:00', to: '24:00'"),
    "N111": destination("type: apprise, url: 'json://localhost/'"),
    "N112": HEAD
    + "destinations:\n"
    + HOOK
    + "routes: [{id: a, to: [hook], exercise: true}, {id: b, to: [hook]}]\nfallback: none\n",
    "N901": hook("https://hooks.example/", f"secret: {SECRET}"),
    "N902": HEAD + "destinations:\n" + HOOK + "routes: []\nfallback: none\n",
}


@pytest.mark.parametrize("code", FAULTS)
def test_every_code_names_its_place(code: str) -> None:
    loaded = load(FAULTS[code])
    found = [d for d in loaded.diagnostics if d.code == code]
    assert found, [render(d) for d in loaded.diagnostics]
    assert (loaded.routes is None) == any(d.severity == "error" for d in loaded.diagnostics)
    assert found[0].place.line >= 1
    assert found[0].severity == ("warning" if code[1] == "9" else "error")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (hook("https://10.0.0.1/"), "found 10.0.0.1 is not globally reachable, expected a public address"),
        (hook("https://169.254.169.254/", "secret: '${S}', allow_private: true"), "is a link-local address"),
        (hook("https://2130706433/"), "an address in an unusual form"),
        (hook("https://[::ffff:127.0.0.1]/"), "::ffff:7f00:1 is not globally reachable"),
        (hook("http://hooks.example/"), "`allow_private: true`"),
        (hook("file:///etc/passwd"), "the scheme 'file'"),
        (hook("https://hooks.example/", "secret: '${S}', unsigned: true"), "one of them"),
        (hook("https://hooks.example/", "secret: whsec_abc"), "openssl rand -base64 32"),
        (hook("https://hooks.example/", "secret_file: nowhere"), "No such file"),
        (hook("https://hooks.example/", "secret: '${S}', headers: {Host: a}"), "the header `Host`"),
        (hook("https://hooks.example/", 'secret: "${S}", headers: {X-A: "a\\nb"}'), "printable ASCII"),
        (hook("https://hooks.example/", "secret: '${S}', ca_file: nowhere"), "a PEM file"),
        (destination("type: apprise, url: 'mailto://a@b?verify=no'"), "verify=no on mailto://"),
        (destination("type: webhok, url: 'https://a.example'"), "Did you mean `webhook`?"),
        (route("severity: [high, urgent]"), "one of info, low, medium, high, critical"),
        (route("rules: [a*b]"), "a star at its end"),
        (route("quiet: night"), "Name them under `quiet_hours`"),
        (quiet("time_zone: UTC, from: '24:00', to: '07:00'"), 'such as "22:00"'),
        (quiet("time_zone: UTC, from: '2200', to: '07:00'"), 'such as "22:00"'),
        (quiet("time_zone: UTC, from: '22:00', to: '07:00', days: [monday]"), "one of mon, tue"),
        (WHOLE.replace("fallback: none", "fallback: {too: [hook]}"), "Did you mean `to`?"),
        (WHOLE.replace("fallback: none", "fallback: hook"), "`fallback: {to: [desk]}`"),
        (alert("severity: low, at: '2026-03-02T12:00:00Z'", "[{to: hok}]"), "Did you mean `hook`?"),
        (alert("severity: low, at: '2026-03-02T12:00:00Z'", "[{to: hook, route: al}]"), "Did you mean `all`?"),
        (WHOLE + "---\n" + WHOLE, "a second document"),
        ("", "See routes.example.yml."),
    ],
)
def test_what_is_said(text: str, says: str) -> None:
    loaded = load(text)
    assert loaded.routes is None
    assert any(says in render(d) for d in loaded.diagnostics), [render(d) for d in loaded.diagnostics]


def test_a_secret_in_the_file_is_shown_to_nobody() -> None:
    text = hook("https://hooks.example/canary-path", f"secret: {SECRET}, headerz: {{a: b}}, headers: {{X-A: canary-h}}")
    shown_all = "\n".join(render(d) for d in load(text).diagnostics)
    assert "headerz" in shown_all
    assert "^^^^^^^" in shown_all
    assert "canary" not in shown_all
    assert SECRET not in shown_all


def test_secrets_need_not_be_there_to_test_routes() -> None:
    text = HEAD + "destinations:\n  - {id: hook, type: webhook, url: '${A}', secret_file: nowhere}\n"
    text += "  - {id: chat, type: apprise, url_file: nowhere}\n"
    text += "routes: [{id: all, to: [hook, chat]}]\nfallback: none\n"
    assert load(text).routes is None
    loaded = load(text, with_secrets=False)
    assert loaded.diagnostics == ()
    assert loaded.routes is not None


def test_the_example_is_right_and_its_tests_pass() -> None:
    text = (ROOT / "routes.example.yml").read_text(encoding="utf-8")
    loaded = load_routes(SourceFile("routes.example.yml", text), environment={}, folder=ROOT)
    assert [render(d) for d in loaded.diagnostics] == []
    assert loaded.routes is not None
    assert [d.id for d in loaded.routes.destinations] == ["alertmanager"], "it runs without any secret"
    assert len(loaded.tests) >= 4
    assert all(result.passed for result in run_route_tests(loaded.routes, loaded.tests))


def test_the_example_with_everything_enabled() -> None:
    text = (ROOT / "routes.example.yml").read_text(encoding="utf-8").replace("enabled: false", "enabled: true")
    environment = {"DESK_WEBHOOK_SECRET": SECRET, "DESK_CHAT_URL": "slack://TokenA/TokenB/TokenC/#desk"}
    loaded = load_routes(SourceFile("routes.example.yml", text), environment=environment, folder=ROOT)
    assert [render(d) for d in loaded.diagnostics] == []
    assert loaded.routes is not None
    assert len(loaded.routes.destinations) == 3


def test_a_failed_test_says_what_came_instead() -> None:
    loaded = load(alert("severity: low, at: '2026-03-02T12:00:00Z'", "[{to: hook, how: held}]"))
    assert loaded.routes is not None
    (result,) = run_route_tests(loaded.routes, loaded.tests)
    assert not result.passed
    assert [shown(p) for p in result.unexpected] == ["hook at 2026-03-02T12:00:00Z by route all"]
    assert [e.how for e in result.missing] == ["held"]

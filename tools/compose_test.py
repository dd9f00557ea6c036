"""Brings docker-compose.yml up, as people do, and breaks it in the ways that happen: `make compose-test`.

Steps, each with a deadline and its time printed: build · start · alerts on the alert topics · on the page · Prometheus
has them from every worker, its rules are loaded, nothing fires · the profile live: an article is posted to ingest,
and a signed webhook arrives, once · the worker is killed, comes back and goes on · two workers share · an error in the
rules · Kafka away and back · a taken port · a missing image · everything down, nothing left.

Needs a Docker engine and `docker compose`; ports are free ones, the project's name is its own, so a Redline that is
already up is not touched. Without an image of Grafana it goes on without that service and says so. Exit code 0, 1 (a
step failed; the logs are printed) or 2 (no engine).
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from composekit import (
    ROOT,
    STEP_SECONDS_MAX,
    Compose,
    StepError,
    can_be_had,
    free_ports,
    get_json,
    health,
    output,
    succeeds,
    timed,
    wait_for,
)

PROJECT = f"redline-test-{os.getpid()}"
GRAFANA_IMAGE = "grafana/grafana:12.2.0"
START_SECONDS_MAX = 180
RESTARTS_MAX = 3
"""More restarts than this while a service cannot work are a storm."""


class Stack:
    """The project under test, and what can be asked of it."""

    def __init__(self, ports: dict[str, int], folder: Path) -> None:
        self.ports = ports
        self.folder = folder
        settings = {name: str(port) for name, port in ports.items()}
        self.compose = Compose(PROJECT, {**settings, "COMPOSE_PROFILES": "demo", "REPLAY_MAX_GAP_SECONDS": "0.5"})
        self.services = ["kafka", "worker", "web", "replayer", "prometheus", "alertmanager", "grafana"]

    def up(self, *arguments: str) -> None:
        """`up` with these arguments, in the background."""
        self.compose.run("up", "-d", "--no-build", *arguments, seconds_max=START_SECONDS_MAX)

    def alerts(self) -> int:
        """Alerts on all alert topics, by their end offsets."""
        said = self.compose.run("exec", "-T", "worker", "redline", "topics", "list", "--json")
        topics = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
        return sum(sum(topic["end_offsets"]) for topic in topics if ".alerts." in topic["name"])

    def query(self, expression: str) -> dict[str, float]:
        """Instance -> value of an instant query to Prometheus (the key is empty without the label)."""
        answer = self.prometheus("/api/v1/query?" + urllib.parse.urlencode({"query": expression}))
        return {r["metric"].get("instance", ""): float(r["value"][1]) for r in answer["result"]}

    def prometheus(self, path: str) -> dict[str, Any]:
        """The `data` of an answer of its API."""
        data = get_json(f"http://127.0.0.1:{self.ports['PROMETHEUS_PORT']}{path}")["data"]
        assert isinstance(data, dict)
        return data

    def wait_healthy(self, service: str, count: int = 1) -> None:
        """Until so many containers of it are healthy, and no others exist."""

        def check() -> str | None:
            found = [health(container) for container in self.compose.containers(service)]
            return None if found == ["healthy"] * count else f"{service}: found {found}, expected {count} healthy"

        wait_for(check, START_SECONDS_MAX)


def main() -> int:
    """Runs all steps; whatever happens, takes everything down."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    for command, why in (
        ("docker compose version", "there is no `docker compose`"),
        ("docker info", "no engine answers"),
    ):
        if not succeeds(*command.split()):
            print(f"compose-test: {why}; it needs Docker Engine with Compose v2", file=sys.stderr)
            return 2
    times: list[tuple[str, float]] = []
    (ROOT / ".cache").mkdir(exist_ok=True)
    names = ("WEB_PORT", "GRAFANA_PORT", "PROMETHEUS_PORT", "ALERTMANAGER_PORT", "KAFKA_PORT", "INGEST_PORT")
    with tempfile.TemporaryDirectory(dir=ROOT / ".cache", prefix="compose-test-") as folder:
        Path(folder).chmod(0o755)
        stack = Stack(dict(zip(names, free_ports(len(names)), strict=True)), Path(folder))
        failed = False
        try:
            for name, step in STEPS:
                with timed(name, times):
                    step(stack)
        except (StepError, OSError, subprocess.SubprocessError, ValueError, KeyError) as error:
            failed = True
            print(f"FAILED: {type(error).__name__}: {error}", flush=True)
            for arguments in (("ps", "-a"), ("logs", "--no-color", "--tail", "25")):
                print(stack.compose.attempt(*arguments)[1], flush=True)
        finally:
            with timed("down", times):
                failed = not down(stack) or failed
    print("\n" + "\n".join(f"{seconds:7.1f} s  {name}" for name, seconds in times))
    print(f"{sum(seconds for _, seconds in times):7.1f} s  in all: {'FAILED' if failed else 'passed'}")
    return 1 if failed else 0


# Steps ---------------------------------------------------------------------------------------------------------------


def build(stack: Stack) -> None:
    """Builds the image; finds out whether there is one of Grafana."""
    stack.compose.run("build", seconds_max=900)
    if not can_be_had(GRAFANA_IMAGE):
        print(f"  {GRAFANA_IMAGE} cannot be had here: going on without Grafana", flush=True)
        stack.services.remove("grafana")


def start(stack: Stack) -> None:
    """Up, until every service is healthy and the topics are created."""
    stack.up(*stack.services)
    for service in stack.services:
        stack.wait_healthy(service)
    (topics,) = stack.compose.containers("topics")
    if (topics["State"]["Status"], topics["State"]["ExitCode"]) != ("exited", 0):
        raise StepError(f"topics: found {topics['State']}, expected it to have ended with 0")
    if "grafana" in stack.services:
        found = get_json(f"http://127.0.0.1:{stack.ports['GRAFANA_PORT']}/api/search?type=dash-db")
        count = len(list((ROOT / "ops" / "grafana" / "dashboards").glob("*.json")))
        if len(found) != count:
            raise StepError(f"Grafana shows {found}, expected {count} dashboards")


def alerts_arrive(stack: Stack) -> None:
    """A subscriber gets an alert, on the alert topics."""
    tail = "timeout 90 redline alerts tail --json --from-beginning | head -n 1"
    said = stack.compose.run("exec", "-T", "worker", "sh", "-c", tail)
    alert = json.loads(said[said.index("{") :].splitlines()[0])
    if alert["type"] != "redline.alert.fired.v1" or alert["data"]["status"] != "exercise":
        raise StepError(f"found {alert}, expected a fired alert of an exercise")
    print(f"  {alert['severitytext']}: {alert['data']['summary'][:100]}", flush=True)


def page_shows_them(stack: Stack) -> None:
    """The page asks for a login, and then lists the alerts with the articles behind them."""
    url = f"http://127.0.0.1:{stack.ports['WEB_PORT']}/api/alerts"
    try:
        urllib.request.urlopen(url, timeout=10).close()
        raise StepError("the page gives alerts without a login")
    except urllib.error.HTTPError as error:
        if error.code != 401:
            raise StepError(f"without a login the page answers {error.code}, expected 401") from error

    def check() -> str | None:
        items = _page(url)["items"]
        if not items:
            return "the page lists no alerts"
        found = _page(f"{url}/{items[0]['id']}")
        return None if found["article"] is not None else "the page has no article behind its newest alert"

    wait_for(check, STEP_SECONDS_MAX)


def _page(url: str) -> dict[str, Any]:
    request = urllib.request.Request(url, headers={"Authorization": "Bearer redline-on-loopback"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        found = json.load(answer)
    assert isinstance(found, dict)
    return found


def prometheus_has_them(stack: Stack) -> None:
    """Alerts of the one worker are scraped, rules loaded, Alertmanager known, and nothing fires."""
    wait_for(lambda: _alerts_from(stack, workers=1), STEP_SECONDS_MAX)
    groups = {group["name"]: group["rules"] for group in stack.prometheus("/api/v1/rules")["groups"]}
    if set(groups) != {"redline-records", "redline-alerts"} or not all(groups.values()):
        raise StepError(f"Prometheus has the rule groups {sorted(groups)}")
    bad = [rule["name"] for rules in groups.values() for rule in rules if rule["health"] == "err"]
    if bad:
        raise StepError(f"Prometheus cannot evaluate {bad}")
    if len(stack.prometheus("/api/v1/alertmanagers")["activeAlertmanagers"]) != 1:
        raise StepError("Prometheus knows of no Alertmanager")
    firing = stack.prometheus("/api/v1/alerts")["alerts"]
    if [alert for alert in firing if alert["state"] == "firing"]:
        raise StepError(f"alerts on a healthy pipeline: {firing}")


SOURCES = """\
schema: sources/v1
sources:
  - {id: api, type: http, listen: "0.0.0.0:8480", token: "${INGEST_TOKEN}"}
"""
ROUTES = """\
schema: routes/v1
destinations:
  - {id: desk, type: webhook, url: "http://127.0.0.1:8500/", secret: "${DESK_SECRET}", allow_private: true}
  - {id: alertmanager, type: alertmanager, url: "http://alertmanager:9093", allow_private: true}
routes: [{id: all, to: [desk, alertmanager]}]
fallback: none
"""
RECEIVER = """\
services:
  receiver:
    image: redline:local
    entrypoint: [python, /receiver.py]
    network_mode: service:notify
    environment: {REDLINE_SECRET: "${DESK_SECRET}"}
    volumes: ["./examples/webhook_receiver.py:/receiver.py:ro"]
"""
RULE = "ua.red_line.crossed"
ARTICLE = {
    "title": "Minister: missiles would cross a red line",
    "body": "MOSCOW, March 2 (Reuters) - Any delivery of long-range missiles to Ukraine would cross a red line, "
    "Russia's foreign ministry said on Monday, and would be met with a military response.",
}


def live(stack: Stack) -> None:
    """The profile live: what is posted to ingest reaches a webhook, signed, and the Alertmanager; once."""
    folder, token, secret = stack.folder, secrets.token_hex(16), base64.b64encode(secrets.token_bytes(32)).decode()
    for name, text in (
        ("sources.yml", SOURCES),
        ("routes.yml", ROUTES),
        ("receiver.yml", RECEIVER),
        ("secrets.env", f"INGEST_TOKEN={token}\nDESK_SECRET=whsec_{secret}\n"),
    ):
        (folder / name).write_text(text, encoding="utf-8")
    settings = {name: str(port) for name, port in stack.ports.items()}
    settings |= {"SOURCES_FILE": str(folder / "sources.yml"), "ROUTES_FILE": str(folder / "routes.yml")}
    settings |= dict.fromkeys(("SOURCES_ENV_FILE", "NOTIFY_ENV_FILE"), str(folder / "secrets.env"))
    settings |= {"COMPOSE_PROFILES": "demo,live", "DESK_SECRET": f"whsec_{secret}"}
    compose = Compose(PROJECT, settings, files=(str(folder / "receiver.yml"),))
    compose.run("up", "-d", "--no-build", "--no-recreate", "ingest", "notify", "receiver")
    for service in ("ingest", "notify"):
        wait_for(lambda service=service: _healthy(compose, service), START_SECONDS_MAX)
    url = f"http://127.0.0.1:{stack.ports['INGEST_PORT']}/articles"
    for _ in range(2):
        # A repeat is the same article, and the same alert.
        request = urllib.request.Request(url, json.dumps(ARTICLE).encode(), {"Content-Type": "application/json"})
        request.add_header("Authorization", f"Bearer {token}")
        with urllib.request.urlopen(request, timeout=30) as answer:
            if answer.status != 200:
                raise StepError(f"ingest answered {answer.status}, expected 200")
    wait_for(lambda: _webhook(compose), STEP_SECONDS_MAX)
    wait_for(lambda: _in_alertmanager(stack), STEP_SECONDS_MAX)
    compose.run("rm", "--stop", "--force", "receiver", "notify", "ingest")


def _healthy(compose: Compose, service: str) -> str | None:
    found = [health(container) for container in compose.containers(service)]
    return None if found == ["healthy"] else f"{service}: found {found}, expected one healthy"


def _webhook(compose: Compose) -> str | None:
    log = compose.run("logs", "--no-color", "--no-log-prefix", "receiver")
    found = [row for line in log.splitlines() if line.startswith("[") and (row := json.loads(line))[1] == RULE]
    if len(found) != 1:
        return f"found {len(found)} alerts of {RULE} at the receiver, expected one: {log[-1000:]}"
    print(f"  webhook: {' '.join(found[0])[:120]}", flush=True)
    return None


def _in_alertmanager(stack: Stack) -> str | None:
    found = get_json(f"http://127.0.0.1:{stack.ports['ALERTMANAGER_PORT']}/api/v2/alerts")
    ours = [alert for alert in found if "redline" in alert["labels"] and RULE in alert["labels"].values()]
    return None if len(ours) == 1 else f"found {len(ours)} alerts of {RULE} in Alertmanager, expected one"


def kill_worker(stack: Stack) -> None:
    """kill -9; the engine starts it again, more alerts arrive, and Prometheus has seen the restart."""
    (before,) = stack.compose.containers("worker")
    # All processes but the container's first, which ends when its child has.
    stack.compose.run("exec", "-T", "worker", "sh", "-c", "kill -9 -1")

    def check() -> str | None:
        (now,) = stack.compose.containers("worker")
        count = now["RestartCount"] - before["RestartCount"]
        return None if count == 1 else f"the killed worker was started again {count} times, expected once"

    wait_for(check, STEP_SECONDS_MAX)
    stack.wait_healthy("worker")
    alerts = stack.alerts()
    wait_for(lambda: None if stack.alerts() > alerts else f"no alert after the kill: still {alerts}", STEP_SECONDS_MAX)
    restarts = 'sum(changes(process_start_time_seconds{job="redline-worker"}[15m])) >= 1'
    wait_for(lambda: None if stack.query(restarts) else "Prometheus saw no restart of a worker", STEP_SECONDS_MAX)


def scale(stack: Stack) -> None:
    """A second worker; both raise alerts, and Prometheus has them of both."""
    stack.up("--no-recreate", "--scale", "worker=2", *stack.services)
    stack.wait_healthy("worker", count=2)
    wait_for(lambda: _alerts_from(stack, workers=2), STEP_SECONDS_MAX)
    stack.up("--no-recreate", "--scale", "worker=1", *stack.services)


def broken_rules(stack: Stack) -> None:
    """A rules folder with an error: one clear line, unhealthy, no restart storm; corrected, it works."""
    broken = stack.folder / "rules"
    shutil.copytree(ROOT / "rules", broken)
    (broken / "broken.yml").write_text("schema: rules/v1\nkind: rule\nid: broken\nmatch: war peace\n", encoding="utf-8")
    stack.compose.setting("RULES_DIR", str(broken))
    stack.up("--no-deps", "worker")
    _wait_unhealthy(stack, "broken.yml")
    stack.compose.setting("RULES_DIR", "./rules")
    stack.up("--no-deps", "worker")
    stack.wait_healthy("worker")


def kafka_late(stack: Stack) -> None:
    """The worker starts without Kafka: one clear line, unhealthy, no storm; Kafka comes, and it works by itself."""
    stack.compose.run("stop", "worker", "replayer", "kafka")
    stack.up("--no-deps", "--force-recreate", "worker")
    _wait_unhealthy(stack, "kafka:29092")
    stack.up("--no-deps", "kafka")
    for service in ("kafka", "worker"):
        stack.wait_healthy(service)
    stack.up("--no-recreate", *stack.services)
    alerts = stack.alerts()
    wait_for(lambda: None if stack.alerts() > alerts else f"no alert after Kafka: still {alerts}", STEP_SECONDS_MAX)


def taken_port(stack: Stack) -> None:
    """`up` fails at once and names the port."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        other = Compose(f"{PROJECT}-port", {"ALERTMANAGER_PORT": port})
        _fails_naming(other, port)


def missing_image(stack: Stack) -> None:
    """`up` fails and names the service whose image cannot be had."""
    override = stack.folder / "missing.yml"
    override.write_text("services: {alertmanager: {image: '127.0.0.1:9/no-such-image:1'}}\n", encoding="utf-8")
    _fails_naming(Compose(f"{PROJECT}-image", {"ALERTMANAGER_PORT": "0"}, files=(str(override),)), "alertmanager")


def down(stack: Stack) -> bool:
    """Takes everything down; true if nothing of the project is left."""
    stack.compose.setting("COMPOSE_PROFILES", "demo,live")  # else volumes of the other profile stay
    code, said = stack.compose.attempt("down", "-v", "--remove-orphans", "--timeout", "20", seconds_max=180)
    left = []
    for kind, command in (("container", "ps -aq"), ("volume", "volume ls -q"), ("network", "network ls -q")):
        with contextlib.suppress(StepError):
            found = output("docker", *command.split(), "--filter", f"label=com.docker.compose.project={PROJECT}")
            left += [f"{kind} {name}" for name in found.split()]
    if code != 0 or left:
        print(f"not everything is down: {left}\n{said[-2000:]}", flush=True)
    return code == 0 and not left


STEPS: tuple[tuple[str, Callable[[Stack], None]], ...] = (
    ("build the image", build),
    ("start until all are healthy", start),
    ("an alert arrives at a subscriber", alerts_arrive),
    ("the page shows the alerts", page_shows_them),
    ("Prometheus has alerts, rules, no trouble", prometheus_has_them),
    ("live: an article posted, a webhook received", live),
    ("worker killed, back and going on", kill_worker),
    ("two workers share the work", scale),
    ("an error in the rules", broken_rules),
    ("Kafka away and back", kafka_late),
    ("a taken port", taken_port),
    ("a missing image", missing_image),
)


# Helpers -------------------------------------------------------------------------------------------------------------


def _alerts_from(stack: Stack, *, workers: int) -> str | None:
    found = stack.query("sum by (instance) (redline_alerts_total) > 0 and on (instance) up == 1")
    return None if len(found) == workers else f"Prometheus has alerts from {found}, expected from {workers} workers"


def _wait_unhealthy(stack: Stack, named: str) -> None:
    """Until the worker is unhealthy and its log's last lines name the reason; then it must not be in a storm."""

    def check() -> str | None:
        (worker,) = stack.compose.containers("worker")
        log = stack.compose.run("logs", "--no-color", "--tail", "30", "worker")
        if health(worker) != "unhealthy" or "hold: redline ended with code 2" not in log:
            return f"found the worker {health(worker)}, expected unhealthy; its log: {log[-1000:]}"
        return None if named in log else f"the log does not name {named}: {log[-1000:]}"

    wait_for(check, STEP_SECONDS_MAX)
    (worker,) = stack.compose.containers("worker")
    if worker["RestartCount"] > RESTARTS_MAX:
        raise StepError(f"the worker was restarted {worker['RestartCount']} times")


def _fails_naming(compose: Compose, named: str) -> None:
    try:
        code, said = compose.attempt("up", "-d", "--no-deps", "alertmanager")
        line = next((line for line in said.splitlines() if named in line and "rror" in line), None)
        if code == 0 or line is None:
            raise StepError(f"found code {code}, expected an error that names {named}:\n{said}")
        print(f"  {line.strip()[:160]}", flush=True)
    finally:
        compose.attempt("down", "-v")


if __name__ == "__main__":
    sys.exit(main())

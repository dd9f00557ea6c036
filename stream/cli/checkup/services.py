"""What listens on the ports of Redline's services: the service itself, nothing, or something else."""

from __future__ import annotations

import http.client
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass

from stream.cli.asking import read_until
from stream.cli.checkup.finding import Finding, ok, warning
from stream.errors import RedlineError
from stream.settings import Settings
from stream.sources.rulefiles import load_ruleset

ANSWER_SECONDS_MAX = 2.0
ANSWER_BYTES_MAX = 8_000_000
ANY = ("0.0.0.0", "::", "")
_DIGEST = re.compile(r'^redline_rules_info\{digest="([0-9a-f]+)"\} 1', re.MULTILINE)
_REFUSED = re.compile(r"^redline_rules_reload_success 0", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back from a port. `server` is the header; None: no HTTP at all. `why`: it could not even be asked."""

    status: int
    server: str | None
    text: str
    why: str = ""


def services(settings: Settings) -> Iterator[Finding]:
    """The ports of the worker, the sources, delivery, the replayer and the page."""
    for name, setting, host, port in (
        ("worker", "metrics_port", settings.metrics_host, settings.metrics_port),
        ("ingest", "ingest_metrics_port", settings.metrics_host, settings.ingest_metrics_port),
        ("notify", "notify_metrics_port", settings.metrics_host, settings.notify_metrics_port),
        ("replay", "replay_metrics_port", settings.metrics_host, settings.replay_metrics_port),
        ("web", "web_port", settings.web_host, settings.web_port),
        ("web metrics", "web_metrics_port", settings.metrics_host, settings.web_metrics_port),
    ):
        yield from _service(name, setting, "127.0.0.1" if host in ANY else host, port)
    yield from _rules_in_force(settings)


def _service(name: str, setting: str, host: str, port: int) -> Iterator[Finding]:
    check, at = f"port ({name})", f"{host}:{port}"
    if port == 0:
        yield ok(check, "any free one")
        return
    answer = ask(host, port, "/readyz")
    if answer is None:
        yield ok(check, f"{at} is free: `redline {name.split()[0]}` does not run here")
    elif answer.why:
        do = f"name an address of this machine with REDLINE_{'WEB' if setting == 'web_port' else 'METRICS'}_HOST"
        yield warning(check, f"{at} cannot be asked: {answer.why}", "a service that answers, or a free port", do)
    elif answer.server is None or not answer.server.startswith("redline"):
        do = f"end it, or choose another port with REDLINE_{setting.upper()}"
        yield warning(check, f"something else listens on {at}", "a free port, or Redline", do)
    elif answer.status != 200:
        said = answer.text.strip()[:200]
        do = "wait for it; if it stays so, its log says more"
        yield warning(check, f"{at}: not ready: {said}", "a service that is ready", do)
    else:
        yield ok(check, f"{at} is ready")


def _rules_in_force(settings: Settings) -> Iterator[Finding]:
    host = "127.0.0.1" if settings.metrics_host in ANY else settings.metrics_host
    answer = ask(host, settings.metrics_port, "/metrics") if settings.metrics_port else None
    digest = _DIGEST.search(answer.text) if answer is not None else None
    if answer is None or digest is None:
        return
    if _REFUSED.search(answer.text):
        do = "`redline rules check` says what is wrong; older rules judge until it is right"
        yield warning("rules in force", "the worker cannot use the rule files as they are", "the rules as written", do)
        return
    try:
        ours = load_ruleset(settings.rules_dir).digest
    except (RedlineError, OSError):
        return
    if ours != digest[1]:
        found = f"the worker has the rules {digest[1][:12]}, those in {settings.rules_dir} are {ours[:12]}"
        do = "is this the worker's folder? It looks for changes every few seconds, and on SIGHUP"
        yield warning("rules in force", found, "the same rules", do)
    else:
        yield ok("rules in force", f"the worker judges by the rules in {settings.rules_dir}")


def ask(host: str, port: int, path: str) -> Answer | None:
    """What a port answers to a GET; None if nothing listens there."""
    connection = http.client.HTTPConnection(host, port, timeout=ANSWER_SECONDS_MAX)
    deadline = time.monotonic() + ANSWER_SECONDS_MAX
    try:
        connection.connect()
    except ConnectionRefusedError:
        return None
    except OSError as error:
        return Answer(0, None, "", (error.strerror or str(error)).lower())
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        text = read_until(response, deadline, bytes_max=ANSWER_BYTES_MAX).decode("utf-8", "replace")
        return Answer(response.status, response.getheader("Server"), text)
    except (OSError, http.client.HTTPException):
        return Answer(0, None, "")
    finally:
        connection.close()

"""The lock files: every package pinned with hashes, and pip-audit reads them whole.

The service that knows about vulnerabilities is not asked here: a stand-in on loopback speaks its protocol (OSV), once
without findings and once with one, so that everything but the answers is real. `make audit` asks the real one.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-bench.lock", "requirements-bench-engine.lock")
FINDING = {
    "id": "OSV-0000-1",
    "summary": "a finding",
    "aliases": [],
    "affected": [{"package": {"name": "click", "ecosystem": "PyPI"}, "ranges": [], "versions": []}],
}


def packages(lock: str) -> list[Requirement]:
    """The requirements of a lock file that count on this Python and system."""
    text = (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    found = [Requirement(line.partition("--hash")[0].strip()) for line in lines]
    return [requirement for requirement in found if requirement.marker is None or requirement.marker.evaluate()]


@contextmanager
def vulnerabilities(vulnerable: str = "") -> Iterator[tuple[str, set[str]]]:
    """An OSV service: its address, and the names it was asked for."""
    asked: set[str] = set()

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            name = query["package"]["name"]
            asked.add(name)
            body = json.dumps({"vulns": [FINDING]} if name == vulnerable else {}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class names it so
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/query", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def audit(lock: str, service: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """pip-audit as `make audit` runs it, with another service."""
    (flags,) = re.findall(r"/pip-audit (.*?) -r", (ROOT / "Makefile").read_text("utf-8"))
    command = [sys.executable, "-m", "pip_audit", *flags.split(), "--cache-dir", str(folder)]
    return subprocess.run(
        [*command, "-s", "osv", "--osv-url", service, "-r", str(ROOT / lock)],
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_is_pinned_with_hashes_and_from_no_named_index(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "://" not in re.sub(r"#.*", "", text)
    entries = re.split(r"\n(?=[A-Za-z0-9])", text)
    entries = [entry for entry in entries if re.match(r"[A-Za-z0-9]", entry)]
    assert len(entries) > 20
    for entry in entries:
        assert re.match(r"[A-Za-z0-9._-]+==[^ ;\\]+", entry), entry[:80]
        assert "--hash=sha256:" in entry, entry[:80]


@pytest.mark.parametrize("lock", LOCKS)
def test_pip_audit_reads_the_lock_and_asks_for_every_package(lock: str, tmp_path: Path) -> None:
    with vulnerabilities() as (service, asked):
        ended = audit(lock, service, tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert "No known vulnerabilities found" in ended.stderr
    wanted = {re.sub(r"[-_.]+", "-", requirement.name).lower() for requirement in packages(lock)}
    assert wanted == {name.lower() for name in asked}


def test_a_finding_is_named_and_fails(tmp_path: Path) -> None:
    with vulnerabilities("click") as (service, _):
        ended = audit("requirements.lock", service, tmp_path)
    assert ended.returncode == 1
    assert "OSV-0000-1" in ended.stdout


def test_the_bill_of_materials_names_every_package_with_its_hashes(tmp_path: Path) -> None:
    file = tmp_path / "sbom.cdx.json"
    subprocess.run(["make", "sbom", f"SBOM={file}"], cwd=ROOT, check=True, capture_output=True)
    bill = json.loads(file.read_text(encoding="utf-8"))
    assert (bill["bomFormat"], bill["metadata"]["component"]["name"]) == ("CycloneDX", "redline-stream")
    found = {component["name"]: component for component in bill["components"]}
    for package in packages("requirements.lock"):
        component = found[package.name]
        assert f"=={component['version']}" == str(package.specifier)
        assert all(place["hashes"] for place in component["externalReferences"])

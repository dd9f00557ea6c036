"""The sources file: what it gives, and what is said about every mistake in it."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import pytest

from stream.rulelang import SourceFile, render
from stream.sources.configs import Defaults, DirectoryConfig, FeedConfig, HttpConfig, StdinConfig
from stream.sources.sourcesfile import SourcesLoaded, load_sources

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "0123456789abcdef0123"
HEAD = "schema: sources/v1\nsources:\n"


def load(text: str, folder: Path = Path("/base"), **environment: str) -> SourcesLoaded:
    return load_sources(SourceFile("sources.yml", text), environment=environment, folder=folder)


def test_a_whole_file(tmp_path: Path) -> None:
    (tmp_path / "tokens").write_text(f"{TOKEN}a\n\n{TOKEN}b\n")
    loaded = load(
        HEAD
        + """
  - {id: wire, type: feed, url: "https://u:${PASS}@example.org/f?k=${PASS}", every: 2m, full_text: true, lang: en,
     allow_networks: [10.0.0.0/8]}
  - {id: drop, type: directory, path: in/box, every: 10s, settle: 3s, after: move, source: The Desk}
  - {id: api, type: http, listen: "0.0.0.0:9000", token_file: tokens, hosts: [ingest.example]}
  - {id: pipe, type: stdin, country: UA, section: World, find_fields: false}
  - {id: off, type: feed, url: "https://example.org/", enabled: false}
""",
        tmp_path,
        PASS="hunter2",
    )
    assert loaded.diagnostics == ()
    assert loaded.sources == (
        FeedConfig(
            "wire",
            "https://u:hunter2@example.org/f?k=hunter2",
            120.0,
            True,
            (ip_network("10.0.0.0/8"),),
            Defaults(lang="en"),
        ),
        DirectoryConfig("drop", tmp_path / "in/box", 10.0, 3.0, "move", Defaults(source="The Desk")),
        HttpConfig("api", "0.0.0.0", 9000, (f"{TOKEN}a", f"{TOKEN}b"), ("ingest.example",)),
        StdinConfig("pipe", Defaults(country="UA", section="World", find=False)),
    )
    assert "hunter2" not in repr(loaded)
    assert TOKEN not in repr(loaded)
    assert loaded.sources[0].place == "https://example.org/f?…"


FAULTS = {
    "R102": "schema: [",
    "R201": HEAD + "  - {id: a, type: feed, url: 'https://example.org/', evry: 5m}",
    "R202": HEAD + "  - {id: a, type: directory}",
    "R203": "schema: sources/v1\nsources: {a: b}",
    "R204": HEAD + "  - {id: a, type: rss, url: 'https://example.org/'}",
    "R207": HEAD + "  - {id: a, type: feed, url: 'https://example.org/', every: 5 minutes}",
    "R212": HEAD + "  - {id: a, type: stdin}\n  - {id: a, type: directory, path: x}",
    "S101": HEAD + "  - {id: a, type: feed, url: 'file:///etc/passwd'}",
    "S102": HEAD + "  - {id: a, type: http, listen: '0.0.0.0:8480'}",
    "S103": HEAD + "  - {id: a, type: http, token: '${NO_SUCH_VARIABLE}'}",
    "S104": HEAD + "  - {id: a, type: feed, url: 'https://example.org/', allow_networks: [10.0.0.1/8]}",
    "S105": HEAD + "  - {id: a, type: http}\n  - {id: b, type: http, listen: '127.0.0.1:1'}",
    "S106": HEAD + "  - {id: a, type: feed, url: 'https://example.org/', every: 1s}",
    "S107": HEAD + "  - {id: A/B, type: stdin}",
}


@pytest.mark.parametrize("code", sorted(FAULTS))
def test_every_fault_has_its_code_and_place(code: str) -> None:
    loaded = load(FAULTS[code])
    assert [diagnostic.code for diagnostic in loaded.diagnostics] == [code]
    assert loaded.sources is None
    shown = render(loaded.diagnostics[0])
    assert shown.startswith("sources.yml:")
    assert "found" in shown
    assert "expected" in shown


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1/", "http://2130706433/", "http://[::ffff:127.0.0.1]/", "http://169.254.169.254/latest", "x"],
)
def test_addresses_of_feeds(url: str) -> None:
    assert [d.code for d in load(HEAD + f"  - {{id: a, type: feed, url: '{url}'}}").diagnostics] == ["S101"]


def test_all_faults_at_once() -> None:
    loaded = load(
        HEAD + "  - {id: A, type: feed, url: 'x'}\n  - {type: stdin, foo: 1}\n  - {id: b, type: http, token: short}"
    )
    assert [d.code for d in loaded.diagnostics] == ["S107", "S101", "R202", "R201", "S103", "S901"]


def test_secrets_are_not_shown_and_literal_ones_are_warned_about() -> None:
    text = (
        HEAD
        + f"""
  - {{id: a, type: feed, url: "https://user:{TOKEN}@example.org/"}}
  - {{id: b, type: http, token: "{TOKEN}"}}
"""
    )
    loaded = load(text)
    assert [d.code for d in loaded.diagnostics] == ["S901", "S901"]
    assert loaded.sources is not None
    assert TOKEN not in "".join(map(render, loaded.diagnostics))
    assert TOKEN not in "".join(render(d) for d in load(text.replace("https", "gopher")).diagnostics)


def test_an_empty_file_and_a_wrong_one() -> None:
    assert [d.code for d in load("").diagnostics] == ["R202"]
    assert [d.code for d in load("- a\n- b\n").diagnostics] == ["R108"]
    assert load("sources: [").sources is None


def test_token_files_that_cannot_be_used(tmp_path: Path) -> None:
    text = HEAD + "  - {id: a, type: http, token_file: tokens}"
    assert [d.code for d in load(text, tmp_path).diagnostics] == ["S103"]
    (tmp_path / "tokens").write_text("\n")
    assert [d.code for d in load(text, tmp_path).diagnostics] == ["S103"]
    (tmp_path / "tokens").write_text("short\n")
    assert [d.code for d in load(text, tmp_path).diagnostics] == ["S103"]


def test_the_shipped_example_is_right(tmp_path: Path) -> None:
    text = (ROOT / "sources.example.yml").read_text(encoding="utf-8")
    loaded = load(text, tmp_path)
    assert loaded.diagnostics == ()
    assert loaded.sources

"""What holds for every command: output for programs, honest exit codes, a help that says both."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from stream.cli import cli
from stream.settings import Settings
from stream.wire.topics import ALL_TOPICS
from tests.cli.terminal import Terminal
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
NO_JSON = {"completion": "what it prints is a program for a shell"}


def _commands(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from _commands(found, (*path, name))
    else:
        yield path, command


COMMANDS = [pytest.param(path, command, id=" ".join(path)) for path, command in _commands(cli)]


@pytest.mark.parametrize(("path", "command"), COMMANDS)
def test_it_has_json_and_says_its_exit_codes(path: tuple[str, ...], command: click.Command) -> None:
    options = {name for parameter in command.params for name in parameter.opts}
    assert ("--json" in options) != (" ".join(path) in NO_JSON)
    assert "Exit code" in (command.help or "")


@pytest.mark.parametrize(
    "arguments",
    [
        ("scan", "ARTICLES"),
        ("scan", "--tagged", "--jobs", "2", "ARTICLES"),
        ("rules", "check", "rules"),
        ("completion", "bash"),
        ("--help",),
    ],
    ids=" ".join,
)
def test_a_full_disk_for_its_output_is_one_sentence(arguments: tuple[str, ...], tmp_path: Path) -> None:
    articles = tmp_path / "articles.jsonl"
    body = "The Kremlin said that missiles for Kyiv would cross a red line and mean a direct war with NATO."
    articles.write_text(json.dumps({"id": "1", "body": body, "published": "2026-01-02T03:04:05Z"}) + "\n")
    given = [str(articles) if each == "ARTICLES" else each for each in arguments]
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with Path("/dev/full").open("wb") as full:
        command = [sys.executable, "-W", "ignore", "-m", "stream.cli", *given]
        done = subprocess.run(
            command, cwd=ROOT, env=buffered, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False
        )
    said = "redline: cannot write the output (No space left on device); make room, or send it elsewhere\n"
    assert (done.returncode, done.stderr) == (2, said)


WRONG_DECISIONS = [
    (("ack", "hello"), "found 'hello', expected the id of an alert"),
    (("ack", os.fsdecode(b"\xff")), "expected the id of an alert"),
    (("verdict", "0123456789ab\n", "true-positive"), "expected the id of an alert"),
    (("ack", "0123456789ab", "--by", " "), "by: String should have at least 1 character"),
    (("verdict", "0123456789ab", "true-positive", "--note", "x" * 2_001), "note: String should have at most 2000"),
]


@pytest.mark.parametrize(("arguments", "said"), WRONG_DECISIONS, ids=range(len(WRONG_DECISIONS)))
def test_a_decision_that_cannot_be_kept_is_refused_before_anything_is_read(
    arguments: tuple[str, ...], said: str
) -> None:
    done = CliRunner().invoke(cli, ["alerts", *arguments])
    assert done.exit_code == 2
    assert said in done.output.replace("\n", " ")


TALK_TO_KAFKA = [
    ("replay", "--json", "--replay-metrics-port", "0"),
    ("ingest", "--stdin", "--json", "--ingest-metrics-port", "0"),
    ("worker", "--json", "--metrics-port", "0"),
    ("web", "--json", "--web-port", "0", "--web-metrics-port", "0"),
    ("topics", "create", "--json"),
    ("topics", "list", "--json"),
    ("tap", "matches", "--json"),
    ("alerts", "tail", "--json"),
    ("alerts", "ack", "0123456789ab", "--json"),
    ("alerts", "verdict", "0123456789ab", "true-positive", "--json"),
    ("alerts", "silence", "--rule", "x", "--json"),
    ("alerts", "silences", "--json"),
    ("alerts", "unsilence", "x", "--json"),
]


@pytest.mark.parametrize("arguments", TALK_TO_KAFKA, ids=lambda arguments: " ".join(arguments[:2]))
def test_without_a_broker_it_ends_with_2_and_says_what_to_do(arguments: tuple[str, ...]) -> None:
    own = {name: value for name, value in os.environ.items() if not name.startswith("REDLINE_")}
    done = subprocess.run(
        [sys.executable, "-m", "stream.cli", *arguments],
        env={**own, "REDLINE_BOOTSTRAP": f"127.0.0.1:{free_port()}", "REDLINE_KAFKA_CONNECT_TIMEOUT_MS": "300"},
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert "cannot reach Kafka" in done.stderr
    assert "--bootstrap" in done.stderr
    assert done.stdout == ""


@pytest.mark.embedded
def test_topics_for_programs(broker_settings: Settings) -> None:
    own = ["--bootstrap", broker_settings.bootstrap, "--topic-prefix", broker_settings.topic_prefix, "--json"]
    own += ["--consumer-group", broker_settings.consumer_group]
    made = json.loads(_run("topics", "create", *own))
    assert len(made["created"]) == len(ALL_TOPICS)
    assert made["mismatches"] == []
    lines = _run("topics", "acls", "alerts", "User:reader", "--json").splitlines()
    assert {json.loads(line)["name"] for line in lines} >= {"redline.alerts.high"}


def test_rules_and_sources_for_programs(tmp_path: Path) -> None:
    rule = tmp_path / "a.yml"
    rule.write_text(_RULE)
    (line,) = _run("rules", "fmt", str(tmp_path), "--check", "--json", code=1).splitlines()
    assert json.loads(line) == {"file": str(rule), "changed": True, "written": False}
    (line,) = _run("rules", "fmt", str(tmp_path), "--json").splitlines()
    assert json.loads(line)["written"]
    assert json.loads(_run("rules", "schema", "--json"))["$schema"]
    sources = tmp_path / "sources.yml"
    sources.write_text("schema: sources/v1\nsources: [{id: x, type: directory, path: .}]\n")
    told = json.loads(_run("ingest", "--check", "--json", "--sources-file", str(sources)))
    assert told == {"file": str(sources), "enabled": 1, "types": {"directory": 1}}
    articles = tmp_path / "a.ndjson"
    articles.write_text('{"body": "The port closed."}\n')
    rules = tmp_path / "rules"
    rules.mkdir()
    rule.rename(rules / "a.yml")
    done = CliRunner().invoke(cli, ["scan", "--rules", str(rules), "--stats", "--json", str(articles)])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["subject"] == "ports.closed"
    assert json.loads(done.stderr)["articles"] == 1


_RULE = """\
kind: rule
schema: rules/v1
id: ports.closed
version: 1
title: A port closed
status: stable
severity: medium
match: ~port AND ~close
tests:
  - {name: yes, article: {body: "The port closed."}, expect: fire}
  - {name: no, article: {body: "The port is open."}, expect: quiet}
"""


def _run(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(cli, list(arguments), catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done.stdout


def test_a_misspelt_command_gets_a_suggestion() -> None:
    done = CliRunner().invoke(cli, ["docter"])
    assert done.exit_code == 2
    assert "There is no command 'docter'; did you mean doctor" in done.stderr


@pytest.mark.terminal
def test_a_long_wait_for_the_broker_is_said_to_who_looks() -> None:
    port = free_port()
    command = [str(Path(sys.executable).with_name("redline")), "alerts", "tail", "--bootstrap", f"127.0.0.1:{port}"]
    with Terminal([*command, "--kafka-connect-timeout-ms", "6000"], width=160) as terminal:
        terminal.wait_for(f"redline: waiting for Kafka at 127.0.0.1:{port}: connection refused (up to 6 s)")
        terminal.wait_for("ended with 2")

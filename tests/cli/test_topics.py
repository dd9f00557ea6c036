"""`redline topics` against a broker, in one process."""

from __future__ import annotations

import json
import shlex

import pytest
from click.testing import CliRunner, Result

from stream.cli.topics import topics
from stream.settings import Settings
from stream.wire.topics import ALL_TOPICS, TOPICS, changelog_name

pytestmark = pytest.mark.embedded


def _run(settings: Settings, *arguments: str) -> Result:
    own = ["--bootstrap", settings.bootstrap, "--topic-prefix", settings.topic_prefix]
    own += ["--consumer-group", settings.consumer_group]
    return CliRunner().invoke(topics, [*arguments, *own], catch_exceptions=False)


def test_create_says_what_it_made_and_then_that_all_is_there(broker_settings: Settings) -> None:
    first = _run(broker_settings, "create", "--topic-partitions", "3")
    names = [broker_settings.topic_prefix + topic.name for topic in TOPICS]
    names.append(changelog_name(broker_settings.consumer_group))
    assert (first.exit_code, first.stdout.splitlines()) == (0, [f"created {name}" for name in names])
    second = _run(broker_settings, "create", "--topic-partitions", "3")
    assert (second.exit_code, second.stdout) == (0, "all topics exist\n")
    third = _run(broker_settings, "create", "--topic-partitions", "5")
    assert third.exit_code == 1
    assert f"{names[0]}: found 3 partitions, expected 5; set REDLINE_TOPIC_PARTITIONS=3, or migrate" in third.stderr
    assert f"{names[-1]}: found 3 partitions, expected 5" in third.stderr


def test_list_for_people_and_for_programs(broker_settings: Settings) -> None:
    missing = _run(broker_settings, "list")
    assert missing.exit_code == 1
    assert f"{broker_settings.topic_prefix}matches: missing; `redline topics create` makes it" in missing.stderr
    _run(broker_settings, "create")
    shown = _run(broker_settings, "list")
    assert shown.exit_code == 0
    assert shown.stdout.splitlines()[1].split() == [
        f"{broker_settings.topic_prefix}articles.raw", "4", "1", "0", "0", "0", "0",
    ]  # fmt: skip
    lines = _run(broker_settings, "list", "--json").stdout.splitlines()
    assert json.loads(lines[0]) == {
        "name": f"{broker_settings.topic_prefix}articles.raw",
        "partitions": 4,
        "replication": 1,
        "end_offsets": [0, 0, 0, 0],
    }
    assert len(lines) == len(ALL_TOPICS)


def test_rights_for_programs_say_which_are_of_all_names_that_begin_so() -> None:
    shown = CliRunner().invoke(topics, ["acls", "notify", "User:x", "--json"]).stdout.splitlines()
    found = {right["name"]: right["prefixed"] for right in map(json.loads, shown)}
    assert found.pop("redline-notify-") is True
    assert set(found.values()) == {False}
    shown = CliRunner().invoke(topics, ["acls", "notify", "User:x", "--notify-group", "night", "--json"]).stdout
    assert '"night-"' in shown


def test_rights_are_lines_that_a_shell_takes_as_they_are_meant() -> None:
    shown = CliRunner().invoke(topics, ["acls", "alerts", "User:*", "--bootstrap", "a b:1"]).stdout.splitlines()
    words = shlex.split(shown[0])
    assert (words[2], words[5]) == ("a b:1", "User:*")
    assert "'User:*'" in shown[0], "else the shell looks for files"

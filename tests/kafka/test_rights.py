"""The rights that `redline topics acls` prints are enough for each program, and none of them is too much.

Everybody logs in as somebody of their own. What is missing is one sentence and code 2.
"""

from __future__ import annotations

import json
import shlex
import signal
from pathlib import Path
from typing import Any

import pytest

from stream.broker.admin import Admin
from stream.broker.rights import ROLES, Right, Role, commands, rights
from stream.settings import Settings
from stream.wire.topics import UNDELIVERED, full_name
from stream.wire.undelivered import Undelivered, encode_undelivered
from tests.e2e import scenarios
from tests.kafka.secure import SecureBroker
from tests.kafka.securekit import login, plain, redline, secured
from tests.notify.kit import notice, output
from tests.notify.running import ThreadedReceiver, create_topics, publish, undelivered
from tests.worker.kit import REAL, running, until

TAIL = ("-m", "stream.cli", "alerts", "tail", "--json", "--from-beginning")

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]


def settings_of(broker: SecureBroker, prefix: str, folder: Path, user: str) -> Settings:
    return secured(broker, prefix, "LOGIN", rules_dir=folder, **login(broker, folder, user))


def test_each_program_gets_by_with_its_rights(secure_broker: SecureBroker, topic_prefix: str, tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text(scenarios.RULE, encoding="utf-8")
    roles: tuple[Role, ...] = ("worker", "replay", "alerts", "topics")
    given = {role: settings_of(secure_broker, topic_prefix, tmp_path, role) for role in roles}
    for role, settings in given.items():
        secure_broker.allow(role, rights(role, settings))
    made = redline(given["topics"], "topics", "create")
    assert (made.returncode, made.stderr) == (0, "")
    assert redline(given["topics"], "topics", "list").returncode == 0
    articles = tmp_path / "articles.ndjson"
    articles.write_bytes(b"\n".join([*(scenarios.article(n) for n in range(5)), b'{"id": "bad"}']))
    with running(given["worker"], REAL) as worker, running(given["alerts"], TAIL) as tail:
        worker.ready()
        replayed = redline(given["replay"], "replay", str(articles), "--rate", "inf")
        assert "sent 6, acknowledged 6, failed 0" in replayed.stdout, replayed
        until(lambda: tail.log.count('"subject":"test.dam"') == 5, "alerts")
        until(lambda: worker.metric('redline_articles_total{stage="tagged"}') == 5, "tagged")
        assert tail.stop(signal.SIGINT) == 130
        assert worker.stop() == 0
        assert "Traceback" not in worker.log + tail.log


def test_who_decides_about_alerts_gets_by_with_that_role(
    secure_broker: SecureBroker, topic_prefix: str, tmp_path: Path
) -> None:
    inside = plain(secure_broker, topic_prefix)
    create_topics(inside)
    publish(inside, [output(1, prefix=topic_prefix)])
    settings = settings_of(secure_broker, topic_prefix, tmp_path, "decide")
    secure_broker.allow("decide", rights("decide", settings))

    def decided(*arguments: str) -> dict[str, Any]:
        done = redline(settings, "alerts", *arguments, "--json")
        assert (done.returncode, done.stderr) == (0, ""), done
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    assert decided("ack", notice(1).id)["alert"] == notice(1).id
    assert decided("verdict", notice(1).id, "false-positive")["verdict"] == "false_positive"
    silence = decided("silence", "--topic", "ports", "--for", "1h")
    assert decided("silences")["id"] == silence["id"]
    assert decided("unsilence", silence["id"])["id"] == silence["id"]
    with Admin(settings) as admin:
        assert admin.lacking(rights("alerts", settings)) == []
        assert admin.lacking(rights("resend", settings)) != []


def test_who_sends_again_what_was_put_aside_gets_by_with_that_role(
    secure_broker: SecureBroker, topic_prefix: str, tmp_path: Path
) -> None:
    inside = plain(secure_broker, topic_prefix)
    create_topics(inside)
    one = notice(1)
    aside = Undelivered(
        "desk", "all", "refused", "answered 400", 1, one.id, one.group, "alerts.high", 0, 0, 1, one.event
    )
    publish(inside, [encode_undelivered(aside, topic=full_name(topic_prefix, UNDELIVERED))])
    settings = settings_of(secure_broker, topic_prefix, tmp_path, "resend")
    secure_broker.allow("resend", rights("resend", settings))
    with ThreadedReceiver() as desk:
        text = f"schema: routes/v1\ndestinations:\n{desk.entry('desk')}routes: []\nfallback: {{to: [desk]}}\n"
        (tmp_path / "routes.yml").write_text(text)
        settings = settings.model_copy(update={"notify_file": tmp_path / "routes.yml"})
        sent = redline(settings, "notify", "resend")
        assert (sent.returncode, sent.stderr) == (0, ""), sent
        assert desk.ids() == [one.id]
    assert [each["code"] for each in undelivered(inside)] == ["refused", "resent"]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (
            "worker",
            "the user 'nobody' is not allowed to Read topic {0}articles.raw, Read topic {0}matches, Write",
        ),
        (
            "replay",
            "the user 'nobody' is not allowed to Write topic {0}articles.raw, Write topic {0}articles.dead; `",
        ),
        ("topics create", "the broker refused to create topics: "),
        (
            "alerts tail",
            "there is no topic {0}alerts.info, {0}alerts.low, {0}alerts.medium, {0}alerts.high, {0}alert",
        ),
        ("alerts silence --source wire", "the user 'nobody' is not allowed to use the topic {0}decisions; `"),
    ],
)
def test_who_has_no_rights_is_told(
    secure_broker: SecureBroker, topic_prefix: str, tmp_path: Path, command: str, said: str
) -> None:
    settings = settings_of(secure_broker, topic_prefix, tmp_path, "nobody")
    if command != "topics create":
        scenarios.with_rules(plain(secure_broker, topic_prefix), tmp_path)
    ended = redline(settings, *command.split())
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[-1].startswith("redline: " + said.format(topic_prefix))
    assert "Traceback" not in ended.stderr


def test_each_missing_right_is_found(secure_broker: SecureBroker, topic_prefix: str, tmp_path: Path) -> None:
    settings = settings_of(secure_broker, topic_prefix, tmp_path, "partly")
    scenarios.with_rules(plain(secure_broker, topic_prefix), tmp_path)
    needed = rights("worker", settings)
    some = [Right(right.kind, right.name, right.operations[:1]) for right in needed if "high" not in right.name]
    secure_broker.allow("partly", some)
    with Admin(settings) as admin:
        assert admin.lacking(needed) == [
            f"Write topic {topic_prefix}matches",
            f"Write topic {topic_prefix}alerts.high",
            f"Write topic {topic_prefix}worker-state-changelog",
        ]


def test_a_reader_who_may_only_look_is_told(secure_broker: SecureBroker, topic_prefix: str, tmp_path: Path) -> None:
    settings = settings_of(secure_broker, topic_prefix, tmp_path, "partly")
    scenarios.with_rules(plain(secure_broker, topic_prefix), tmp_path)
    secure_broker.allow("partly", [Right(r.kind, r.name, ("Describe",)) for r in rights("alerts", settings)])
    ended = redline(settings, "alerts", "tail", "--severity", "critical")
    assert ended.returncode == 2
    (line,) = ended.stderr.splitlines()
    assert line.startswith(
        f"redline: the user 'partly' is not allowed to use the topic {topic_prefix}alerts.critical; "
    )


@pytest.mark.parametrize("role", ROLES)
def test_nobody_needs_the_cluster_or_a_wildcard(role: Role) -> None:
    for line in commands(rights(role, Settings()), "User:x", "127.0.0.1:9092"):
        words = shlex.split(line)
        assert "--cluster" not in words
        assert not {"All", "Alter", "ClusterAction", "Delete"} & set(words)
        assert words[-1].startswith(("redline.", "redline-worker", "redline-notify-"))

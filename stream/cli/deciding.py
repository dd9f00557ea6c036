"""`redline alerts ack | verdict | silence | silences | unsilence`: what the page does, from the command line."""

from __future__ import annotations

import getpass
import re
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import click
import orjson
from pydantic import ValidationError

from stream.broker.publisher import Publisher
from stream.broker.subscriber import Subscriber
from stream.clean.printable import printable
from stream.cli.common import load_settings, setting_flags
from stream.cli.completing import RuleId
from stream.cli.connecting import CONNECTION_SETTINGS
from stream.cli.jsonlines import echo_json
from stream.cli.rulenames import doubt_unknown_rules
from stream.errors import ServiceError
from stream.model import ALERT_SEVERITIES, Reject
from stream.model.article import format_time
from stream.model.decision import ID, Acknowledgement, Silence, Verdict
from stream.rulelang.duration import parse_duration
from stream.settings import Settings
from stream.wire.decisions import DECISION, decode_decision, encode_decision, problems
from stream.wire.topics import ALERTS, DECISIONS, full_name

READ_SECONDS_MAX = 120.0
SILENCE_DAYS_MAX = 366


def _an_id(_: click.Context, __: click.Parameter, given: str) -> str:
    if re.fullmatch(ID, given) is None:
        raise click.BadParameter(
            f"found {printable(given)!r}, expected the id of an alert: 8 to 64 hexadecimal digits and dashes; "
            "`redline alerts tail --json` prints ids"
        )
    return given


_ALERT = click.argument("alert", callback=_an_id)
_BY = click.option("--by", default=getpass.getuser, metavar="NAME", help="Who decides. Default: the user's name.")
_NOTE = click.option("--note", default="", help="Why, for those who read it later.")
_WITHDRAW = click.option("--withdraw", is_flag=True, help="Take it back.")
_JSON = click.option("--json", "as_json", is_flag=True, help="The decision as JSON, one a line.")
_CONNECTION = setting_flags(*CONNECTION_SETTINGS)


@click.command()
@_ALERT
@_BY
@_NOTE
@_WITHDRAW
@_JSON
@_CONNECTION
def ack(alert: str, by: str, note: str, withdraw: bool, as_json: bool, **flags: Any) -> None:
    """Acknowledge the alert with this id.

    Exit codes: 0 the broker has it, 2 there is no such alert, or the broker cannot be reached.
    """
    fields = {"kind": "acknowledgement", "alert": alert, "note": note, "withdrawn": withdraw, "by": by}
    _decision(fields)
    settings = load_settings(flags)
    rule, _ = _rule_of(settings, alert)
    _decide(settings, {**fields, "rule": rule}, as_json)


@click.command()
@_ALERT
@click.argument("verdict", type=click.Choice(["true-positive", "false-positive"]))
@_BY
@_NOTE
@_WITHDRAW
@_JSON
@_CONNECTION
def verdict(alert: str, verdict: str, by: str, note: str, withdraw: bool, as_json: bool, **flags: Any) -> None:
    """Say whether the alert with this id was right.

    Exit codes: 0 the broker has it, 2 there is no such alert, or the broker cannot be reached.
    """
    said = verdict.replace("-", "_")
    fields = {"kind": "verdict", "alert": alert, "verdict": said, "note": note, "withdrawn": withdraw, "by": by}
    _decision(fields)
    settings = load_settings(flags)
    rule, version = _rule_of(settings, alert)
    _decide(settings, {**fields, "rule": rule, "rule_version": version}, as_json)


@click.command(short_help="Silence alerts for a while.")
@click.option("--rule", type=RuleId(), metavar="ID", help="Alerts of this rule.")
@click.option("--topic", metavar="NAME", help="Alerts with this topic.")
@click.option("--source", metavar="NAME", help="Alerts from this source.")
@click.option("--severity", type=click.Choice([s.value for s in ALERT_SEVERITIES]), help="Alerts of this severity.")
@click.option("--for", "span", default="4h", show_default=True, metavar="SPAN", help="How long: 30m, 4h, 7d.")
@click.option("--reason", default="", help="Why, for those who wonder later.")
@_BY
@_JSON
@_CONNECTION
def silence(span: str, by: str, as_json: bool, **flags: Any) -> None:
    """Silence alerts for a while: those to which every criterion given applies.

    Exit codes: 0 the broker has it, 2 no criterion, or the broker cannot be reached.
    """
    criteria = {name: flags.pop(name) for name in ("rule", "topic", "source", "severity", "reason")}
    settings = load_settings(flags)
    seconds = parse_duration(span)
    if seconds is None or not 0 < seconds <= SILENCE_DAYS_MAX * 86_400:
        raise click.BadParameter(f"found {span!r}, expected a span such as 30m, 4h or 7d", param_hint="--for")
    ends = format_time(datetime.now(UTC) + timedelta(seconds=seconds))
    fields = {name: value for name, value in criteria.items() if value is not None}
    doubt_unknown_rules([fields["rule"]] if "rule" in fields else [], settings.rules_dir)
    _decide(settings, {"kind": "silence", "id": str(uuid.uuid4()), "ends": ends, "by": by, **fields}, as_json)


@click.command()
@click.option("--all", "every", is_flag=True, help="Those that have ended too.")
@_JSON
@_CONNECTION
def silences(every: bool, as_json: bool, **flags: Any) -> None:
    """List the silences in force: id, end, author, criteria, reason.

    Exit codes: 0 listed (none is fine too), 2 the broker cannot be reached.
    """
    settings, now = load_settings(flags), datetime.now(UTC)
    for found in _silences(settings).values():
        if every or now < found.ends:
            _show(found, as_json)


@click.command()
@click.argument("identifier", metavar="SILENCE")
@_BY
@_JSON
@_CONNECTION
def unsilence(identifier: str, by: str, as_json: bool, **flags: Any) -> None:
    """End the silence with this id now.

    Exit codes: 0 the broker has it, 2 there is no such silence, or the broker cannot be reached.
    """
    settings = load_settings(flags)
    found = _silences(settings).get(identifier)
    if found is None:
        raise ServiceError(f"there is no silence {identifier}; `redline alerts silences` lists them")
    ends = min(datetime.now(UTC), found.ends)
    _decide(settings, {**found.model_dump(mode="json"), "by": by, "ends": format_time(ends)}, as_json)


COMMANDS = (ack, verdict, silence, silences, unsilence)


def _decision(fields: dict[str, Any]) -> Acknowledgement | Verdict | Silence:
    """As it is made now. Asked also before alerts are read for minutes, so that a mistake is told at once."""
    try:
        return DECISION.validate_python({**fields, "at": datetime.now(UTC)})
    except ValidationError as error:
        raise click.UsageError(problems(error)) from error


def _decide(settings: Settings, fields: dict[str, Any], as_json: bool) -> None:
    decision = _decision(fields)
    with Publisher(settings, client_id="redline-decide") as publisher:
        topic = full_name(settings.topic_prefix, DECISIONS)
        publisher.partitions(topic)
        publisher.send(encode_decision(decision, topic=topic))
        waiting = publisher.flush(settings.kafka_request_timeout_ms / 1_000)
        failures = publisher.take_failures()
    if failures:
        raise ServiceError(f"the decision was not kept: {failures[0].reason}")
    if waiting:
        raise ServiceError("the broker did not acknowledge the decision in time; look before you try again")
    _show(decision, as_json)


def _show(decision: Acknowledgement | Verdict | Silence, as_json: bool) -> None:
    if as_json:
        echo_json(decision.model_dump(mode="json", exclude_none=True))
        return
    match decision:
        case Acknowledgement():
            done = "acknowledgement taken back" if decision.withdrawn else "acknowledged"
            said = f"{done}: {decision.alert} ({decision.rule}), by {decision.by}"
        case Verdict():
            done = "verdict taken back" if decision.withdrawn else decision.verdict.replace("_", " ")
            said = f"{done}: {decision.alert} ({decision.rule}), by {decision.by}"
        case Silence():
            names = ("rule", "topic", "source", "severity")
            criteria = ", ".join(f"{name} {value}" for name in names if (value := getattr(decision, name)) is not None)
            until = format_time(decision.ends.replace(microsecond=0))
            said = f"{decision.id}  until {until}, by {decision.by}: {criteria}"
            said += f" ({decision.reason})" if decision.reason else ""
    click.echo(printable(said))


def _rule_of(settings: Settings, alert: str) -> tuple[str, int]:
    """Rule id and version of an alert that stands on the alert topics. Raises `ServiceError` if there is none."""
    topics = [full_name(settings.topic_prefix, topic) for topic in ALERTS.values()]
    with Subscriber(settings, topics, start="earliest") as subscriber:
        for record in subscriber.read_to_end(seconds_max=READ_SECONDS_MAX):
            if alert.encode() not in (record.value or b""):
                continue
            try:
                event = orjson.loads(record.value or b"")
                if event["id"] == alert:
                    return str(event["data"]["rule"]["id"]), int(event["data"]["rule"]["version"])
            except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
                continue
    raise ServiceError(f"there is no alert {alert} on the alert topics; `redline alerts tail --json` prints ids")


def _silences(settings: Settings) -> dict[str, Silence]:
    found: dict[str, Silence] = {}
    topic = full_name(settings.topic_prefix, DECISIONS)
    with Subscriber(settings, [topic], start="earliest") as subscriber:
        for record in subscriber.read_to_end(seconds_max=READ_SECONDS_MAX):
            decision = decode_decision(record.value)
            if isinstance(decision, Silence) and not isinstance(decision, Reject):
                found[decision.id] = decision
    return found

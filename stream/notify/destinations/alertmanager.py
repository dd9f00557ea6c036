"""Alertmanager's API v2: `POST /api/v2/alerts`.

An alert of Alertmanager is its set of labels. Here the label `redline` makes it one of ours: the alert's id, or the
episode's, so that an episode's fired, updated and resolved alerts are one alert there, and the last one ends it.
Grouping, inhibition and silences of Alertmanager work on the other labels.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import orjson

from stream.clean.printable import printable
from stream.model.article import format_time
from stream.net.guard import Lookup
from stream.net.lookup import system_lookup
from stream.notify.destinations.contract import Message, Outcome
from stream.notify.destinations.http import HttpSender
from stream.notify.notice import Notice
from stream.notify.routes import AlertmanagerConfig
from stream.settings import Settings

PATH = "/api/v2/alerts"
TEXT_CODE_POINTS_MAX = 1_000
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_]")


class Alertmanager:
    """One Alertmanager of the routes file."""

    kind = "alertmanager"
    together_max = 64
    in_flight_max: int | None = None

    def __init__(self, config: AlertmanagerConfig, settings: Settings, lookup: Lookup = system_lookup) -> None:
        self.id, self.place = config.id, config.place
        self._config = config
        self._sender = HttpSender(config.end, settings, lookup)

    async def deliver(self, message: Message, now: float) -> Outcome:
        """Sends all alerts of the message in one request."""
        alerts = [alert_of(notice, self._config, now) for notice in message.notices]
        return await self._sender.send(orjson.dumps(alerts), {"Content-Type": "application/json"}, path=PATH)

    async def close(self) -> None:
        """Ends connections."""
        await self._sender.close()


def alert_of(notice: Notice, config: AlertmanagerConfig, now: float) -> dict[str, Any]:
    """The alert as the API wants it, sent at `now`. It never starts in the future, and a resolved one has ended."""
    data = notice.fields["data"]
    article = data["article"]
    labels = {_label_name(name): value for name, value in notice.labels}
    labels |= {
        "alertname": notice.rule,
        "severity": notice.severity.value,
        "redline": notice.episode or notice.id,
        "pipeline": str(notice.fields["source"]).rpartition("/")[2],
        "status": str(data["status"]),
    }
    if notice.source:
        labels["source"] = notice.source
    if notice.topics:
        labels["topic"] = notice.topics[0]
    evidence = data["evidence"]
    annotations = {
        "summary": notice.summary,
        "title": str(data["rule"]["title"]),
        "sentence": str(evidence[0]["sentence"]) if evidence else "",
        "article": str(article.get("title") or ""),
        "topics": ", ".join(notice.topics),
        "alert_id": notice.id,
    }
    seconds = config.resolve_seconds if notice.episode is None else config.episode_seconds
    alert: dict[str, Any] = {
        "labels": {name: _text(value) for name, value in labels.items()},
        "annotations": {name: _text(value) for name, value in annotations.items() if value},
        "startsAt": format_time(datetime.fromtimestamp(min(now, notice.time.timestamp()), UTC)),
        "endsAt": format_time(datetime.fromtimestamp(now if notice.state == "resolved" else now + seconds, UTC)),
    }
    url = str(article.get("url") or "")
    if url.startswith(("https://", "http://")):
        alert["generatorURL"] = url
    return alert


def _label_name(name: str) -> str:
    """Prometheus' names have letters, digits and `_`; our own come in front of a digit and of names that are taken."""
    fitting = _NOT_IN_NAMES.sub("_", name)
    return f"label_{fitting}" if not fitting or fitting[0].isdigit() or fitting.startswith("__") else fitting


def _text(value: str) -> str:
    text = printable(value)
    return text if len(text) <= TEXT_CODE_POINTS_MAX else text[: TEXT_CODE_POINTS_MAX - 1] + "…"

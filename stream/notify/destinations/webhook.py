"""A signed webhook: the alert's CloudEvent as it stands on its topic, with the headers of Standard Webhooks.

A digest is a batch of CloudEvents: a JSON array of them.
"""

from __future__ import annotations

from stream.net.guard import Lookup
from stream.net.lookup import system_lookup
from stream.notify.destinations.contract import Message, Outcome
from stream.notify.destinations.http import HttpSender
from stream.notify.routes import WebhookConfig
from stream.notify.signing import signed_headers
from stream.settings import Settings

ONE = "application/cloudevents+json; charset=UTF-8"
BATCH = "application/cloudevents-batch+json; charset=UTF-8"


class Webhook:
    """One webhook of the routes file."""

    kind = "webhook"
    together_max = 1
    in_flight_max: int | None = None

    def __init__(self, config: WebhookConfig, settings: Settings, lookup: Lookup = system_lookup) -> None:
        self.id, self.place = config.id, config.place
        self._keys = config.secrets
        self._sender = HttpSender(config.end, settings, lookup)

    async def deliver(self, message: Message, now: float) -> Outcome:
        """Sends it once, signed for this moment."""
        events = [notice.event for notice in message.notices]
        body = b"[" + b",".join(events) + b"]" if message.digest else events[0]
        headers = signed_headers(self._keys, message.id, int(now), body)
        return await self._sender.send(body, {"Content-Type": BATCH if message.digest else ONE, **headers})

    async def close(self) -> None:
        """Ends connections."""
        await self._sender.close()

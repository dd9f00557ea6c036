"""Every kind of destination with a receiver at its other end."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from ipaddress import ip_network

import orjson

from stream.net.guard import Lookup
from stream.net.lookup import system_lookup
from stream.notify.destinations.alertmanager import Alertmanager
from stream.notify.destinations.appriseservice import AppriseService
from stream.notify.destinations.contract import Destination
from stream.notify.destinations.webhook import Webhook
from stream.notify.routes import AlertmanagerConfig, AppriseConfig, HttpEnd, WebhookConfig
from stream.notify.template import BODY, LINE, TITLE
from stream.settings import Settings
from tests.notify.receiver import Receiver, Request

CANARY = "canary-secret-0123456789"
"""Part of every secret that a destination is given."""

KEY = CANARY.encode()
LOOPBACK = (ip_network("127.0.0.0/8"),)

Make = Callable[[Receiver, Settings], Destination]


def end(port: int, *, allowed: bool = True, host: str = "127.0.0.1", scheme: str = "http") -> HttpEnd:
    """Where the receiver is; path, query and a header are secret."""
    url = f"{scheme}://{host}:{port}/{CANARY}/in?k={CANARY}"
    return HttpEnd(url, (("Authorization", f"Bearer {CANARY}"),), LOOPBACK if allowed else ())


def webhook(receiver: Receiver, settings: Settings, lookup: Lookup = system_lookup) -> Destination:
    return Webhook(WebhookConfig("hook", end(receiver.port), (KEY,)), settings, lookup)


def alertmanager(receiver: Receiver, settings: Settings, lookup: Lookup = system_lookup) -> Destination:
    url = HttpEnd(f"http://127.0.0.1:{receiver.port}/{CANARY}", (("Authorization", f"Bearer {CANARY}"),), LOOPBACK)
    return Alertmanager(AlertmanagerConfig("am", url), settings, lookup)


def apprise(receiver: Receiver, settings: Settings) -> Destination:
    url = f"json://user:{CANARY}@127.0.0.1:{receiver.port}/{CANARY}"
    return AppriseService(AppriseConfig("chat", (url,), TITLE, BODY, LINE), settings)


WORLDS: dict[str, Make] = {"webhook": webhook, "alertmanager": alertmanager, "apprise": apprise}
HTTP = {"webhook": webhook, "alertmanager": alertmanager}


def texts_in(request: Request) -> str:
    """All that a request says to whoever gets it."""
    return orjson.dumps(orjson.loads(request.body)).decode("utf-8")


def verified(request: Request, key: bytes) -> bool:
    """Whether a request is signed with the key, as a receiver finds out."""
    headers = request.headers
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + request.body
    wanted = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return any(hmac.compare_digest(wanted, given) for given in headers["webhook-signature"].split(" "))


def summaries(request: Request) -> list[str]:
    """The summaries of the alerts in a request to a webhook or Alertmanager."""
    found = orjson.loads(request.body)
    events = found if isinstance(found, list) else [found]
    return [str(e["annotations"]["summary"] if "annotations" in e else e["data"]["summary"]) for e in events]

"""From an entry of the routes file to the destination that it describes."""

from __future__ import annotations

from stream.net.guard import Lookup
from stream.net.lookup import system_lookup
from stream.notify.destinations.alertmanager import Alertmanager
from stream.notify.destinations.appriseservice import AppriseService
from stream.notify.destinations.contract import Destination
from stream.notify.destinations.webhook import Webhook
from stream.notify.routes import AlertmanagerConfig, DestinationConfig, WebhookConfig
from stream.settings import Settings


def make_destination(config: DestinationConfig, settings: Settings, lookup: Lookup = system_lookup) -> Destination:
    """The destination that an entry of the routes file describes. Raises `SettingsError` if it cannot be made here."""
    match config:
        case WebhookConfig():
            return Webhook(config, settings, lookup)
        case AlertmanagerConfig():
            return Alertmanager(config, settings, lookup)
        case _:
            return AppriseService(config, settings)

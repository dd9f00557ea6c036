"""The part of a routes file that says where alerts can go."""

from __future__ import annotations

import re
from ipaddress import ip_network

from stream.net.addresses import Network
from stream.net.guard import host_fault
from stream.net.outsidefile import OutsideFile, has_password, host_of
from stream.net.urls import url_fault
from stream.notify.routes import (
    DESTINATION_TYPES,
    AlertmanagerConfig,
    AppriseConfig,
    DestinationConfig,
    HttpEnd,
    WebhookConfig,
)
from stream.notify.services import service_fault
from stream.notify.signing import KEY_BYTES_MAX, KEY_BYTES_MIN, key_of
from stream.notify.template import BODY, LINE, TITLE, template_fault
from stream.rulelang.fields import Fields
from stream.rulelang.yamltree import Mapping, Scalar

PRIVATE: tuple[Network, ...] = tuple(
    ip_network(text)
    for text in ("127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
)
"""What `allow_private` allows. Link-local addresses, where clouds keep their credentials, are not in it."""

RESOLVE_SECONDS_MAX = 31 * 86_400

_HTTP = ("url", "url_file", "headers", "allow_private", "allow_networks", "ca_file")
_KEYS = {
    "webhook": (*_HTTP, "secret", "secret_file", "unsigned"),
    "alertmanager": (*_HTTP, "resolve_after", "episodes_for"),
    "apprise": ("url", "url_file", "title", "body", "line"),
}
_RESERVED = ("host", "content-type", "content-length", "webhook-id", "webhook-timestamp", "webhook-signature")
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}\Z")


class DestinationReader:
    """Reads entries of `destinations`; what is wrong is noted in the file."""

    def __init__(self, file: OutsideFile) -> None:
        self._file = file

    def read(self, entry: Mapping) -> tuple[Scalar | None, DestinationConfig | None]:
        """The id as written, and the destination; None where it is not enabled, or a fault leaves none."""
        kinds = [value for key, value in entry.entries if key.text == "type"]
        written = kinds[0].text if kinds and isinstance(kinds[0], Scalar) else ""
        known = _KEYS.get(written, tuple(key for keys in _KEYS.values() for key in keys))
        what = f"a destination of type {written}" if written in _KEYS else "a destination"
        fields = Fields(entry, ("id", "type", "enabled", *known), what)
        fields.require("id", "type")
        kind = fields.choice("type", DESTINATION_TYPES, "")
        name = self._file.identifier(fields)
        with_secrets, enabled = self._file.with_secrets, fields.flag("enabled")
        # What is kept for later need not have its secrets yet.
        self._file.with_secrets = with_secrets and enabled is not False
        config = self._config(kind, "" if name is None else name.text, fields)
        self._file.with_secrets = with_secrets
        return name, None if enabled is False else config

    def _config(self, kind: str, name: str, fields: Fields) -> DestinationConfig | None:
        match kind:
            case "webhook":
                return self._webhook(name, fields)
            case "alertmanager":
                return self._alertmanager(name, fields)
            case "apprise":
                return self._apprise(name, fields)
            case _:
                return None

    def _webhook(self, name: str, fields: Fields) -> WebhookConfig | None:
        file = self._file
        found: list[tuple[Scalar, str]] = []
        if (written := fields.scalar("secret")) is not None and (secret := file.secret(written)) is not None:
            found.append((written, secret))
            file.warn_if_written(written, "a secret", "`${NAME}` or `secret_file`")
        if (written := fields.scalar("secret_file")) is not None:
            found += [(written, line) for line in file.lines_of(written, "secret")]
        keys = []
        for written, secret in found:
            key = key_of(secret)
            if key is None and file.with_secrets:
                expected = f"whsec_ and base64 of {KEY_BYTES_MIN} to {KEY_BYTES_MAX} bytes"
                help_ = 'This makes one: echo "whsec_$(openssl rand -base64 32)"'
                file.note("103", written.place, "a secret that is none", expected, help_, secret=True)
            elif key is not None:
                keys.append(key)
        given = "secret" in fields or "secret_file" in fields
        unsigned = fields.flag("unsigned") or False
        if given == unsigned:
            found_, expected = ("a secret and `unsigned: true`", "one of them") if given else ("no secret", "a secret")
            help_ = "Without a signature nobody can tell your alerts from anybody's; `unsigned: true` does without."
            file.note("102", fields.place("secret"), found_, expected, "" if given else help_, secret=given)
        end = self._end(fields)
        return None if end is None else WebhookConfig(name, end, tuple(keys))

    def _alertmanager(self, name: str, fields: Fields) -> AlertmanagerConfig | None:
        resolve = self._file.seconds(fields, "resolve_after", 4 * 3_600, 60, RESOLVE_SECONDS_MAX)
        episodes = self._file.seconds(fields, "episodes_for", 7 * 86_400, 60, RESOLVE_SECONDS_MAX)
        end = self._end(fields)
        return None if end is None else AlertmanagerConfig(name, end, resolve, episodes)

    def _apprise(self, name: str, fields: Fields) -> AppriseConfig | None:
        for key in ("title", "body", "line"):
            if (template := fields.scalar(key)) is not None:
                template_fault(template, self._file.source)
        urls = self._urls(fields)
        for written, url in urls:
            fault = service_fault(url) if self._file.with_secrets else None
            if fault is not None:
                found, expected = fault
                self._file.note("111", written.place, found, expected, "See docs/delivery.md.", secret=True)
        if not urls and ("url" in fields or not self._file.with_secrets):
            return AppriseConfig(name, ()) if not self._file.with_secrets else None
        return AppriseConfig(
            name,
            tuple(url for _, url in urls),
            fields.text("title", TITLE),
            fields.text("body", BODY),
            fields.text("line", LINE),
        )

    def _urls(self, fields: Fields) -> list[tuple[Scalar, str]]:
        """The URLs of a destination, secrets put in; at least one is asked for."""
        file = self._file
        if ("url" in fields) == ("url_file" in fields):
            found = "`url` and `url_file`" if "url" in fields else "no `url`"
            help_ = "`url: ${NAME}` takes it from the environment, `url_file` from a file."
            file.source.add("R206", fields.place("id"), found, "one of `url` and `url_file`", help_)
        if (written := fields.scalar("url")) is not None:
            url = file.secret(written)
            return [] if url is None else [(written, url)]
        if (written := fields.scalar("url_file")) is not None:
            return [(written, line) for line in file.lines_of(written, "URL")]
        return []

    def _end(self, fields: Fields) -> HttpEnd | None:
        file = self._file
        allowed = file.networks(fields)
        if fields.flag("allow_private"):
            allowed += PRIVATE
        ca_file = fields.text("ca_file")
        path = file.folder / ca_file if ca_file else None
        if path is not None and file.with_secrets and not path.is_file():
            file.note("103", fields.place("ca_file"), f"no file {path}", "a PEM file of the authority")
        headers = self._headers(fields)
        urls = self._urls(fields)
        if not urls:
            return HttpEnd("https://later.example", headers, allowed, path) if not file.with_secrets else None
        written, url = urls[0]
        self._check_url(written, url, allowed)
        return HttpEnd(url, headers, allowed, path)

    def _check_url(self, written: Scalar, url: str, allowed: tuple[Network, ...]) -> None:
        file = self._file
        if not file.with_secrets and "://" not in url:
            return
        # Without TLS anybody on the way reads along: only inside networks of one's own.
        schemes = ("https", "http") if allowed else ("https",)
        fault, help_ = url_fault(url, schemes), ""
        if fault is not None and url.startswith("http://") and not allowed:
            help_ = "Inside a network of your own: `allow_private: true` or `allow_networks: [10.0.0.0/8]`."
        if fault is None and (why := host_fault(host_of(url), allowed)):
            fault = f"found {why}, expected a public address"
            help_ = "`allow_private: true` or `allow_networks: [10.0.0.0/8]` lets it be on a network of your own."
        if fault is not None:
            found, _, expected = fault.removeprefix("found ").partition(", expected ")
            file.note("101", written.place, found, expected, help_, secret=True)
        elif has_password(written.text):
            expected = "`${NAME}`, from the environment"
            file.note("901", written.place, "a password in a URL", expected, secret=True)

    def _headers(self, fields: Fields) -> tuple[tuple[str, str], ...]:
        file = self._file
        entry = fields.mapping_at("headers")
        if entry is None:
            return ()
        inner = Fields(entry, tuple(key.text for key, _ in entry.entries), "headers")
        found = []
        for key, _ in entry.entries:
            if not _NAME.match(key.text) or key.text.lower() in _RESERVED:
                file.note("107", key.place, f"the header `{key.text[:60]}`", "one that is free to choose")
            written = inner.scalar(key.text)
            value = None if written is None else file.secret(written)
            if written is None or value is None:
                continue
            if not value.isprintable() or not value.isascii():
                file.note("103", written.place, "a header with other characters", "printable ASCII", secret=True)
            if key.text.lower() == "authorization":
                file.warn_if_written(written, "a login", "`${NAME}`")
            found.append((key.text, value))
        return tuple(found)

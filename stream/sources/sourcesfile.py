"""The sources file: YAML text -> what each source is to do, or diagnostics with line, column and what to do.

It is read like rule files (same YAML subset, same codes R1 and R2 for YAML, keys and values); what only concerns
sources has codes of its own:

    S101  a URL that cannot be asked for            S105  two sources of a type of which there can be one
    S102  a listener others can reach, no token     S106  a number or duration out of range
    S103  a secret that is not there                S107  an id that is none
    S104  a network or address that is none         S901  a secret written in the file (warning)

`${NAME}` in `url` and `token` is the environment variable NAME; nothing else is replaced anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping as Names
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stream.net.callers import TOKEN_CHARACTERS_MIN, is_loopback
from stream.net.guard import host_fault
from stream.net.outsidefile import OutsideFile, has_password, host_of
from stream.net.urls import url_fault
from stream.rulelang import Diagnostic, SourceFile
from stream.rulelang.fields import Fields, unique
from stream.rulelang.source import Source, quoted
from stream.rulelang.yamltree import Mapping, Scalar, read_documents
from stream.sources.configs import (
    SOURCE_TYPES,
    Defaults,
    DirectoryConfig,
    FeedConfig,
    HttpConfig,
    SourceConfig,
    StdinConfig,
)

SCHEMA = "sources/v1"
SOURCES_MAX = 10_000
FEED_SECONDS_MIN = 10

_SHARED = ("id", "type", "enabled", "source", "lang", "section", "country", "find_fields")
_KEYS = {
    "feed": ("url", "every", "full_text", "allow_networks"),
    "directory": ("path", "every", "settle", "after"),
    "http": ("listen", "token", "token_file", "hosts"),
    "stdin": (),
}


@dataclass(frozen=True, slots=True)
class SourcesLoaded:
    """The enabled sources, unless a diagnostic is an error; and all diagnostics, in the order of the file."""

    sources: tuple[SourceConfig, ...] | None
    diagnostics: tuple[Diagnostic, ...]


def load_sources(file: SourceFile, *, environment: Names[str, str], folder: Path) -> SourcesLoaded:
    """Read and check a sources file; relative paths in it begin at `folder`. Reads the token files it names."""
    source = Source(file)
    reader = _Reader(source, environment, folder)
    found: list[SourceConfig] = []
    documents = read_documents(source)
    for document in documents:
        if isinstance(document, Mapping):
            found += reader.sources(document)
        else:
            source.add("R108", document.place, "no keys with values", "`schema` and `sources`")
    if not documents and not source.diagnostics:
        source.add("R202", source.place(0, 0), "an empty file", "the key `sources`", "See sources.example.yml.")
    ordered = reader.findings()
    errors = any(diagnostic.severity == "error" for diagnostic in ordered)
    return SourcesLoaded(None if errors else tuple(found), ordered)


class _Reader(OutsideFile):
    def __init__(self, source: Source, environment: Names[str, str], folder: Path) -> None:
        super().__init__(source, environment, folder, "S")

    def sources(self, document: Mapping) -> list[SourceConfig]:
        fields = Fields(document, ("schema", "sources"), "a sources file")
        fields.require("schema", "sources")
        fields.choice("schema", (SCHEMA,), SCHEMA)
        entries = fields.mappings("sources")
        if len(entries) > SOURCES_MAX:
            found = f"{len(entries):,} sources"
            self.note("106", entries[SOURCES_MAX].place, found, f"at most {SOURCES_MAX:,}", "Run two processes.")
        read = [self._entry(entry) for entry in entries[:SOURCES_MAX]]
        unique((name for name, _ in read if name is not None), "the id", self.source)
        for kind in ("http", "stdin"):
            same = [(e, c) for e, (_, c) in zip(entries, read, strict=False) if c is not None and _type(c) == kind]
            for entry, _ in same[1:]:
                help_ = "A listener takes articles of many senders, each with its `source`." if kind == "http" else ""
                self.note("105", entry.place, f"a second source of type {kind}", "one of them", help_)
        return [config for _, config in read if config is not None]

    def _entry(self, entry: Mapping) -> tuple[Scalar | None, SourceConfig | None]:
        """The id as written, and the source; None where there is a fault or it is not enabled."""
        kinds = [value for key, value in entry.entries if key.text == "type"]
        written = kinds[0].text if kinds and isinstance(kinds[0], Scalar) else ""
        known = (*_SHARED, *_KEYS.get(written, tuple(key for keys in _KEYS.values() for key in keys)))
        fields = Fields(entry, known, f"a source of type {written}" if written in _KEYS else "a source")
        fields.require("id", "type")
        kind = fields.choice("type", SOURCE_TYPES, "")
        name = self.identifier(fields)
        enabled = fields.flag("enabled")
        # What is kept for later need not have its secrets yet.
        self.with_secrets = enabled is not False
        config = self._config(kind, name.text if name else "", fields, self._defaults(fields))
        return name, None if enabled is False else config

    def _config(self, kind: str, name: str, fields: Fields, defaults: Defaults) -> SourceConfig | None:
        match kind:
            case "feed":
                return self._feed(name, fields, defaults)
            case "directory":
                fields.require("path")
                path = fields.text("path")
                every, settle = self.seconds(fields, "every", 5, 1), self.seconds(fields, "settle", 2, 1)
                after = fields.choice("after", ("keep", "move"), "keep")
                return DirectoryConfig(
                    name, self.folder / path, every, settle, "move" if after == "move" else "keep", defaults
                )
            case "http":
                return self._http(name, fields, defaults)
            case "stdin":
                return StdinConfig(name, defaults)
            case _:
                return None

    def _feed(self, name: str, fields: Fields, defaults: Defaults) -> FeedConfig | None:
        fields.require("url")
        every = self.seconds(fields, "every", 300, FEED_SECONDS_MIN)
        full_text = fields.flag("full_text") or False
        allowed = self.networks(fields)
        written = fields.scalar("url")
        url = None
        if written is not None:
            url = self.secret(written, masked="?" in written.text or has_password(written.text))
        if written is None or url is None:
            return None
        fault = url_fault(url)
        if fault is None and (why := host_fault(host_of(url), allowed)):
            fault = f"found {why}, expected a public address"
        if fault is not None:
            found, _, expected = fault.removeprefix("found ").partition(", expected ")
            help_ = "`allow_networks: [10.0.0.0/8]` lets a feed be on a network of your own."
            self.note("101", written.place, found, expected, help_ if "public" in expected else "", secret=True)
        elif has_password(written.text):
            self.note(
                "901",
                written.place,
                "a password in a URL",
                "`${NAME}`, from the environment",
                "Whoever reads the file can read it.",
                secret=True,
            )
        return FeedConfig(name, url, every, full_text, allowed, defaults)

    def _http(self, name: str, fields: Fields, defaults: Defaults) -> HttpConfig:
        listen = fields.text("listen", "127.0.0.1:8480")
        host, _, port = listen.rpartition(":")
        host = host.strip("[]")
        place = fields.place("listen")
        if not host or not port.isdecimal() or int(port) > 65_535:
            self.note("104", place, quoted(listen), "an address and a port, such as 127.0.0.1:8480")
            host, port = "127.0.0.1", "0"
        tokens = self._tokens(fields)
        if not tokens and not is_loopback(host) and "token" not in fields and "token_file" not in fields:
            help_ = "Add `token_file: …` or `token: ${NAME}`, or listen on 127.0.0.1."
            self.note("102", place, f"the address {host}, which others can reach", "a token", help_)
        return HttpConfig(name, host, int(port), tokens, fields.texts("hosts"), defaults)

    def _tokens(self, fields: Fields) -> tuple[str, ...]:
        found: list[tuple[Scalar, str]] = []
        if (written := fields.scalar("token")) is not None:
            token = self.secret(written)
            if token is not None:
                found.append((written, token))
                self.warn_if_written(written, "a token", "`${NAME}` or `token_file`")
        if (written := fields.scalar("token_file")) is not None:
            found += [(written, token) for token in self.lines_of(written, "token")]
        for written, token in found:
            if self.with_secrets and (len(token) < TOKEN_CHARACTERS_MIN or not token.isprintable() or " " in token):
                expected = f"at least {TOKEN_CHARACTERS_MIN} printable characters without blanks"
                help_ = "`openssl rand -hex 32` makes one."
                self.note("103", written.place, "a token that is too short or has blanks", expected, help_, secret=True)
        return tuple(token for _, token in found)

    def _defaults(self, fields: Fields) -> Defaults:
        source, lang, section, country = (fields.text(key) or None for key in ("source", "lang", "section", "country"))
        return Defaults(source, lang, section, country, fields.flag("find_fields") is not False)


def _type(config: SourceConfig) -> str:
    match config:
        case FeedConfig():
            return "feed"
        case DirectoryConfig():
            return "directory"
        case HttpConfig():
            return "http"
        case StdinConfig():
            return "stdin"


def types_of(configs: Sequence[SourceConfig]) -> dict[str, int]:
    """How many sources there are of each type, for messages."""
    counts: dict[str, int] = {}
    for config in configs:
        counts[_type(config)] = counts.get(_type(config), 0) + 1
    return counts

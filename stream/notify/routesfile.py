"""The routes file: YAML text -> destinations, routes and tests, or diagnostics with line, column and what to do.

It is read like rule files (same YAML subset, same codes R1 and R2 for YAML, keys and values, R209 for templates); what
only concerns delivery has codes of its own:

    N101  a URL that cannot be used                 N108  a destination, route or quiet hours that are not there
    N102  a webhook without a secret                N109  a time of day, day or time zone that is none
    N103  a secret that is not there or is none     N110  quiet hours that never end
    N104  a network that is none                    N111  a service that apprise does not know, or that is not allowed
    N106  a number or duration out of range         N112  a route that is never reached
    N107  an id that is none

    N901  a secret written in the file (warning)    N902  a destination without a route (warning)

`${NAME}` in `url`, `secret` and `headers` is the environment variable NAME; nothing else is replaced anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping as Names
from dataclasses import dataclass
from pathlib import Path

from stream.model import ALERT_SEVERITIES, Severity
from stream.net.outsidefile import OutsideFile
from stream.notify.destinationfields import DestinationReader
from stream.notify.quiettimes import read_quiet_hours
from stream.notify.routes import FALLBACK, STATES, DestinationConfig, Digest, QuietHours, Route, Routes
from stream.notify.testfields import RouteTest, TestReader
from stream.rulelang import Diagnostic, SourceFile
from stream.rulelang.fields import Fields, unique
from stream.rulelang.source import Source, did_you_mean, quoted
from stream.rulelang.yamltree import Mapping, Scalar, Sequence, read_documents

SCHEMA = "routes/v1"
ROUTES_MAX = 1_000
DESTINATIONS_MAX = 100
DIGEST_SECONDS_MAX = 7 * 86_400
DIGEST_ALERTS_MAX = 500

_KEYS = ("schema", "destinations", "quiet_hours", "routes", "fallback", "tests")
_MATCHERS = ("severity", "rules", "topics", "sources", "labels", "states", "exercise")
_HOW = ("to", "digest", "quiet")
_SEVERITIES = tuple(severity.value for severity in ALERT_SEVERITIES)


@dataclass(frozen=True, slots=True)
class RoutesLoaded:
    """The routes and their tests, unless a diagnostic is an error; and all diagnostics, in the order of the file.

    `files`: those with secrets that it names.
    """

    routes: Routes | None
    tests: tuple[RouteTest, ...]
    diagnostics: tuple[Diagnostic, ...]
    files: tuple[Path, ...] = ()


def load_routes(
    file: SourceFile, *, environment: Names[str, str], folder: Path, with_secrets: bool = True
) -> RoutesLoaded:
    """Read and check a routes file; relative paths in it begin at `folder`. Reads the secret files it names.

    `with_secrets` False: variables and files with secrets need not be there (for `check` and `test` elsewhere).
    """
    source = Source(file)
    reader = _Reader(source, environment, folder)
    reader.with_secrets = with_secrets
    routes: Routes | None = None
    tests: tuple[RouteTest, ...] = ()
    documents = read_documents(source)
    for document in documents[:1]:
        if isinstance(document, Mapping):
            routes, tests = reader.read(document)
        else:
            source.add("R108", document.place, "no keys with values", "`schema`, `destinations` and `routes`")
    for document in documents[1:]:
        source.add("R108", document.place, "a second document", "one document", "Delete the line `---`.")
    if not documents and not source.diagnostics:
        source.add("R202", source.place(0, 0), "an empty file", "the key `routes`", "See routes.example.yml.")
    ordered = reader.findings()
    if any(diagnostic.severity == "error" for diagnostic in ordered):
        return RoutesLoaded(None, (), ordered, tuple(reader.files))
    return RoutesLoaded(routes, tests, ordered, tuple(reader.files))


class _Reader(OutsideFile):
    def __init__(self, source: Source, environment: Names[str, str], folder: Path) -> None:
        super().__init__(source, environment, folder, "N")
        self._destinations: dict[str, Scalar] = {}
        self._quiet: dict[str, QuietHours] = {}
        self._used: set[str] = set()

    def read(self, document: Mapping) -> tuple[Routes, tuple[RouteTest, ...]]:
        fields = Fields(document, _KEYS, "a routes file")
        fields.require("schema", "destinations", "routes", "fallback")
        fields.choice("schema", (SCHEMA,), SCHEMA)
        destinations = self._read_destinations(fields)
        self._quiet = read_quiet_hours(self, fields.mappings("quiet_hours"))
        entries = fields.mappings("routes")
        if len(entries) > ROUTES_MAX:
            self.note("106", entries[ROUTES_MAX].place, f"{len(entries):,} routes", f"at most {ROUTES_MAX:,}")
        read = [self._route(entry) for entry in entries[:ROUTES_MAX]]
        unique((name for name, _ in read if name is not None), "the id", self.source)
        self._unreachable([(entry, route) for entry, (_, route) in zip(entries, read, strict=False)])
        fallback = self._fallback(fields)
        for name, scalar in self._destinations.items():
            if name not in self._used:
                help_ = "No alert goes there; name it in `to` of a route."
                self.note(
                    "902", scalar.place, f"the destination {quoted(name)} without a route", "a route to it", help_
                )
        routes = Routes(destinations, tuple(route for _, route in read), fallback)
        names = {route.id for route in routes.all}
        tests = TestReader(self, set(self._destinations), names).read(fields.mappings("tests"))
        return routes, tests

    def _read_destinations(self, fields: Fields) -> tuple[DestinationConfig, ...]:
        entries = fields.mappings("destinations")
        if len(entries) > DESTINATIONS_MAX:
            found = f"{len(entries):,} destinations"
            self.note("106", entries[DESTINATIONS_MAX].place, found, f"at most {DESTINATIONS_MAX}")
        reader, found_configs, names = DestinationReader(self), [], []
        for entry in entries[:DESTINATIONS_MAX]:
            name, config = reader.read(entry)
            if name is not None:
                names.append(name)
                self._destinations.setdefault(name.text, name)
            if config is not None:
                found_configs.append(config)
        unique(names, "the id", self.source)
        return tuple(found_configs)

    def _route(self, entry: Mapping) -> tuple[Scalar | None, Route]:
        fields = Fields(entry, ("id", *_MATCHERS, *_HOW, "continue"), "a route")
        fields.require("id", "to")
        name = self.identifier(fields)
        if name is not None and name.text == FALLBACK:
            self.note("107", name.place, f"the id {quoted(FALLBACK)}", "another id", "It is the fallback's own.")
        route = Route(
            id="" if name is None else name.text,
            to=self._to(fields),
            severities=self._severities(fields),
            rules=self._patterns(fields, "rules"),
            topics=self._patterns(fields, "topics"),
            sources=self._patterns(fields, "sources"),
            labels=self._labels(fields),
            states=self._choices(fields, "states", STATES),
            exercise=fields.flag("exercise") or False,
            continues=fields.flag("continue") or False,
            digest=self._digest(fields),
            quiet=self._quiet_of(fields),
        )
        return name, route

    def _fallback(self, fields: Fields) -> Route | None:
        value = fields.tree("fallback")
        if isinstance(value, Scalar):
            if value.text != "none":
                help_ = (
                    "`fallback: {to: [desk]}` delivers what no route takes; `fallback: none` says that nothing does."
                )
                self.source.add("R204", value.place, quoted(value.text), "`to` with destinations, or none", help_)
            return None
        entry = fields.mapping_at("fallback")
        if entry is None:
            return None
        inner = Fields(entry, _HOW, "the fallback")
        inner.require("to")
        return Route(FALLBACK, self._to(inner), digest=self._digest(inner), quiet=self._quiet_of(inner))

    def _to(self, fields: Fields) -> tuple[str, ...]:
        found = []
        for written in fields.scalars("to"):
            self._used.add(written.text)
            if written.text in self._destinations:
                found.append(written.text)
            else:
                help_ = did_you_mean(written.text, self._destinations)
                self.note("108", written.place, f"the destination {quoted(written.text)}", "one of the file", help_)
        return tuple(dict.fromkeys(found))

    def _severities(self, fields: Fields) -> frozenset[Severity]:
        """`high` is high or above; `[low, info]` is these alone."""
        if isinstance(fields.tree("severity"), Sequence):
            return frozenset(map(Severity, self._choices(fields, "severity", _SEVERITIES)))
        least = Severity(fields.choice("severity", _SEVERITIES, "info"))
        return frozenset(severity for severity in ALERT_SEVERITIES if severity.number >= least.number)

    def _choices(self, fields: Fields, key: str, known: tuple[str, ...]) -> tuple[str, ...]:
        if key not in fields:
            return known
        found = []
        for written in fields.scalars(key):
            if written.text in known:
                found.append(written.text)
            else:
                help_ = did_you_mean(written.text, known)
                self.source.add("R204", written.place, quoted(written.text), f"one of {', '.join(known)}", help_)
        return tuple(found)

    def _patterns(self, fields: Fields, key: str) -> tuple[str, ...]:
        for written in fields.scalars(key):
            if "*" in written.text[:-1] or not written.text.strip():
                help_ = "A value that ends in a star is a beginning: `war.*`."
                self.source.add(
                    "R204", written.place, quoted(written.text), "a name, or one with a star at its end", help_
                )
        return fields.texts(key)

    def _labels(self, fields: Fields) -> tuple[tuple[str, str], ...]:
        entry = fields.mapping_at("labels")
        if entry is None:
            return ()
        inner = Fields(entry, tuple(key.text for key, _ in entry.entries), "labels")
        return tuple((key.text, inner.text(key.text)) for key, _ in entry.entries)

    def _digest(self, fields: Fields) -> Digest | None:
        entry = fields.mapping_at("digest")
        if entry is None:
            return None
        inner = Fields(entry, ("every", "max"), "a digest")
        inner.require("every")
        every = self.seconds(inner, "every", 900, 1, DIGEST_SECONDS_MAX)
        count = inner.integer("max", 50)
        if count > DIGEST_ALERTS_MAX:
            self.note("106", inner.place("max"), f"{count:,} alerts", f"at most {DIGEST_ALERTS_MAX}")
        return Digest(every, count)

    def _quiet_of(self, fields: Fields) -> QuietHours | None:
        written = fields.scalar("quiet")
        if written is None:
            return None
        found = self._quiet.get(written.text)
        if found is None:
            help_ = did_you_mean(written.text, self._quiet) or "Name them under `quiet_hours`."
            self.note("108", written.place, f"the quiet hours {quoted(written.text)}", "some of the file", help_)
        return found

    def _unreachable(self, routes: list[tuple[Mapping, Route]]) -> None:
        """A route behind one that takes everything."""
        for number, (_, route) in enumerate(routes):
            everything = Route(route.id, route.to, exercise=True, digest=route.digest, quiet=route.quiet)
            if route == everything and routes[number + 1 :]:
                entry = routes[number + 1][0]
                help_ = f"`{route.id}` takes every alert; put it last, or give it `continue: true`."
                self.note("112", entry.place, "a route that is never reached", "a route that is", help_)
                return

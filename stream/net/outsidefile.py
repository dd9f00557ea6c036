"""What files about the outside world share (sources, routes): ids, secrets, networks and durations, with diagnostics.

Both are read like rule files; their own codes begin with a letter of their own, and the same number means the same:

    103  a secret that is not there or is none       107  an id that is none
    104  a network or address that is none           901  a secret written in the file (warning)
    106  a number or duration out of range

`${NAME}` in a secret is the environment variable NAME; nothing else is replaced anywhere. The line of the file is not
shown where a secret stands in it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping as Names
from dataclasses import replace
from pathlib import Path

from stream.net.addresses import Network, parse_network
from stream.rulelang import Diagnostic
from stream.rulelang.fields import Fields
from stream.rulelang.nodes import Place
from stream.rulelang.source import Source, quoted
from stream.rulelang.yamltree import Scalar

SECRET_BYTES_MAX = 16_384

_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class OutsideFile:
    """One such file while it is read. `with_secrets` False: what it names need not be there yet."""

    def __init__(self, source: Source, environment: Names[str, str], folder: Path, letter: str) -> None:
        """Relative paths begin at `folder`; codes begin with `letter`."""
        self.source, self.folder = source, folder
        self.with_secrets = True
        self._environment, self._letter = environment, letter
        self._masked: list[Scalar] = []
        self.files: list[Path] = []
        """The files with secrets that it names."""

    def note(
        self, number: str, place: Place, found: str, expected: str, help_: str = "", *, secret: bool = False
    ) -> None:
        """A finding; `secret`: its line is not shown. Numbers from 900 on are warnings."""
        self.source.diagnostics.append(
            Diagnostic(
                self._letter + number,
                "warning" if number >= "900" else "error",
                self.source.path,
                place,
                found,
                expected,
                help_,
                "" if secret else self.source.line_text(place.line),
            )
        )

    def identifier(self, fields: Fields, key: str = "id") -> Scalar | None:
        """The id as written, also where it is none."""
        name = fields.scalar(key)
        if name is not None and not _ID.fullmatch(name.text):
            expected = "1 to 64 of a-z 0-9 . _ - that begin with a letter or digit"
            self.note("107", name.place, f"the id {quoted(name.text)}", expected)
        return name

    def findings(self) -> tuple[Diagnostic, ...]:
        """All diagnostics in the order of the file, secrets that stand in it masked in the lines shown."""
        found = sorted(self.source.diagnostics, key=lambda d: (d.place.line, d.place.column, d.code))
        return tuple(replace(d, source_line=self._without_secrets(d)) if d.source_line else d for d in found)

    def _without_secrets(self, diagnostic: Diagnostic) -> str:
        begin = self.source.index(Place(diagnostic.place.line, 1, 0))
        line = diagnostic.source_line
        for scalar in self._masked:
            first, last = max(0, scalar.start - begin), min(len(line), scalar.end - begin)
            if first < last:
                line = f"{line[:first]}{'*' * (last - first)}{line[last:]}"
        return line

    def secret(self, written: Scalar, *, masked: bool = True) -> str | None:
        """The text with its variables replaced; None if one is not set. `masked`: it is not shown to anybody."""
        if masked and not has_variable(written.text):
            self._masked.append(written)
        if not self.with_secrets:
            return _VARIABLE.sub("later", written.text.strip())
        missing = [name for name in _VARIABLE.findall(written.text) if not self._environment.get(name)]
        for name in missing:
            self.note("103", written.place, f"the variable {name}, which is not set", "its value in the environment")
        return None if missing else _VARIABLE.sub(lambda found: self._environment[found[1]], written.text.strip())

    def warn_if_written(self, written: Scalar, what: str, instead: str) -> None:
        """A warning if a secret stands in the file itself."""
        if not has_variable(written.text):
            help_ = "Whoever reads the file can read it."
            self.note("901", written.place, f"{what} written in the file", instead, help_, secret=True)

    def lines_of(self, written: Scalar, what: str) -> list[str]:
        """The secrets in the file that is named, one a line, so that they can be changed one after the other."""
        path = self.folder / written.text
        if not self.with_secrets:
            return []
        self.files.append(path)
        try:
            with path.open("rb") as stream:
                text = stream.read(SECRET_BYTES_MAX).decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            cause = error.strerror if isinstance(error, OSError) else "no UTF-8"
            found = f"{quoted(str(path))}, which cannot be read ({cause})"
            self.note("103", written.place, found, f"a file of {what}s")
            return []
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        if not lines:
            self.note("103", written.place, f"the empty file {quoted(str(path))}", f"one {what} a line")
        return lines

    def networks(self, fields: Fields, key: str = "allow_networks") -> tuple[Network, ...]:
        """Networks such as 10.0.0.0/8."""
        networks = []
        for written in fields.scalars(key):
            network = parse_network(written.text)
            if network is None:
                help_ = "The address of a network has zeros behind its mask."
                self.note("104", written.place, quoted(written.text), "a network such as 10.0.0.0/8", help_)
            else:
                networks.append(network)
        return tuple(networks)

    def seconds(self, fields: Fields, key: str, default: int, minimum: int, maximum: int | None = None) -> float:
        """A duration in seconds."""
        seconds = fields.seconds(key)
        if seconds is not None and seconds < minimum:
            self.note("106", fields.place(key), f"{seconds} s", f"at least {minimum} s")
        if seconds is not None and maximum is not None and seconds > maximum:
            self.note("106", fields.place(key), f"{seconds} s", f"at most {maximum} s")
        return float(default if seconds is None else seconds)


def has_variable(text: str) -> bool:
    """Whether part of a text comes from the environment."""
    return _VARIABLE.search(text) is not None


def host_of(url: str) -> str:
    """The host of a URL as it is written there, without brackets."""
    rest = url.partition("://")[2].partition("/")[0].partition("?")[0].rpartition("@")[2]
    return rest[1:].partition("]")[0] if rest.startswith("[") else rest.partition(":")[0]


def has_password(written: str) -> bool:
    """Whether a URL has a user or password that stands in the file itself."""
    authority = written.partition("://")[2].partition("/")[0]
    return "@" in authority and not has_variable(authority)

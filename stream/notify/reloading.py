"""A changed routes file into force while the notifier runs: read and tested aside, exchanged whole or not at all.

    RoutesWatch.look      file (and the files with secrets that it names) -> None (nothing new) | Usable | Refused

As for rules (`stream.worker.reload`): a file is taken when it has rested, was read without a change meanwhile, has no
error, passes its own tests, and all its destinations can be made. Otherwise the old routes stay, and the log says why,
once. A file that is gone is refused too.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from stream.errors import SettingsError
from stream.net.filestamp import FileStamp, stamp_of_file
from stream.notify.destinations.contract import Destination
from stream.notify.routes import Routes
from stream.notify.routesfile import RoutesLoaded
from stream.notify.routetests import run_route_tests, shown, shown_expected
from stream.telemetry.reloading import Trouble

REST_SECONDS = 0.2
"""So long nothing may change before a file is read."""


@dataclass(frozen=True, slots=True)
class Usable:
    """Routes that can come into force, with their destinations made; None: they are the ones in force."""

    routes: Routes
    destinations: tuple[Destination, ...] | None


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that cannot come into force, and all that is known of why."""

    troubles: tuple[Trouble, ...]


class RoutesWatch:
    """Looks at a routes file. `look` blocks on disk; one call at a time."""

    def __init__(
        self,
        path: Path,
        loaded: RoutesLoaded,
        read: Callable[[], RoutesLoaded],
        make: Callable[[Routes], Sequence[Destination]],
    ) -> None:
        """`loaded` is in force; `read` and `make` (all destinations of routes) raise `SettingsError`."""
        assert loaded.routes is not None
        self.path = path
        self._read, self._make = read, make
        self._force, self._files = loaded.routes, loaded.files
        # What was read before the first look may have changed meanwhile: read once more.
        self._stamp: tuple[FileStamp, ...] | None = None

    def look(self, *, asked: bool) -> Usable | Refused | None:
        """What the file is good for, or None if it is as it was or has not rested yet. `asked`: by hand."""
        before = self._now()
        if before == self._stamp and not asked:
            return None
        if self._stamp is not None and before != self._stamp:
            time.sleep(REST_SECONDS)
        try:
            loaded = self._read()
        except SettingsError as error:
            loaded = None
            trouble = Trouble(str(error))
        if self._now() != before:
            return None
        if loaded is None:
            self._stamp = before
            return Refused((trouble,))
        self._files = loaded.files
        self._stamp = self._now()
        return self._judge(loaded, asked=asked)

    def accept(self, routes: Routes) -> None:
        """These are in force now."""
        self._force = routes

    def again(self) -> None:
        """The next look reads the file, changed or not."""
        self._stamp = None

    def _judge(self, loaded: RoutesLoaded, *, asked: bool) -> Usable | Refused:
        if loaded.routes is None:
            errors = (d for d in loaded.diagnostics if d.severity == "error")
            return Refused(
                tuple(
                    Trouble(f"{d.code}: {d.message}", f"{d.file}:{d.place.line}:{d.place.column}", d.help)
                    for d in errors
                )
            )
        if not loaded.routes.destinations:
            return Refused((Trouble("found no enabled destination, expected at least one"),))
        failed = [result for result in run_route_tests(loaded.routes, loaded.tests) if not result.passed]
        if failed:
            return Refused(
                tuple(
                    Trouble(
                        f"test {r.test.name!r}: missing {', '.join(map(shown_expected, r.missing)) or 'nothing'}; "
                        f"unexpected {', '.join(map(shown, r.unexpected)) or 'nothing'}",
                        f"{self.path}:{r.test.place.line}:{r.test.place.column}",
                    )
                    for r in failed
                )
            )
        if loaded.routes == self._force and not asked:
            return Usable(loaded.routes, None)
        try:
            return Usable(loaded.routes, tuple(self._make(loaded.routes)))
        except SettingsError as error:
            return Refused((Trouble(str(error)),))

    def _now(self) -> tuple[FileStamp, ...]:
        return tuple(stamp_of_file(path) for path in (self.path, *self._files))

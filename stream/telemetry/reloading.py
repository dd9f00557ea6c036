"""Events of a reload of the rules: see `stream.telemetry.events` for what an event is."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from stream.rulelang.ruleset import RuleSet
from stream.telemetry.events import Line, RulesLoaded
from stream.telemetry.metrics import Metrics

TROUBLES_LOGGED_MAX = 20
RULES_NAMED_MAX = 10
DIGEST_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Changes:
    """The ids of the rules that differ between two rule sets."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RulesReloaded:
    """Rule files were read again and are in force. `seconds`: reading, compiling and testing, beside the work."""

    before: str
    ruleset: RuleSet
    folder: str
    changes: Changes
    seconds: float

    def measure(self, metrics: Metrics) -> None:
        """What is in force now, and how the reload came out."""
        RulesLoaded(self.ruleset, self.folder).measure(metrics)
        metrics.add("redline_rules_reloads_total", outcome="same" if self._same else "changed")

    def lines(self) -> list[Line]:
        """The digests before and after, and which rules differ."""
        fields: dict[str, object] = {"folder": self.folder, "digest": self.ruleset.digest[:DIGEST_SHOWN]}
        if self._same:
            return [Line(logging.INFO, "rules read again, their meaning is the same", fields)]
        fields["digest_before"] = self.before[:DIGEST_SHOWN]
        for name in ("added", "removed", "changed"):
            ids: tuple[str, ...] = getattr(self.changes, name)
            if ids:
                fields[name] = _named(ids)
        fields["seconds"] = round(self.seconds, 2)
        return [Line(logging.INFO, "rules reloaded", fields)]

    @property
    def _same(self) -> bool:
        return self.before == self.ruleset.digest


@dataclass(frozen=True, slots=True)
class Trouble:
    """One reason not to take rule files over. `at` is `file:line:column` or empty, `help` a sentence or empty."""

    what: str
    at: str = ""
    help: str = ""


@dataclass(frozen=True, slots=True)
class RulesRefused:
    """Rule files cannot be used; the rules with `digest` stay in force."""

    folder: str
    digest: str
    troubles: Sequence[Trouble]

    def measure(self, metrics: Metrics) -> None:
        """The files are not what judges."""
        metrics.set("redline_rules_reload_success", 0)
        metrics.add("redline_rules_reloads_total", outcome="refused")

    def lines(self) -> list[Line]:
        """That the old rules stay, then every trouble with its place."""
        fields = {"folder": self.folder, "troubles": len(self.troubles), "digest": self.digest[:DIGEST_SHOWN]}
        lines = [Line(logging.ERROR, "rules not reloaded, the old ones stay in force", fields)]
        for trouble in self.troubles[:TROUBLES_LOGGED_MAX]:
            places = {"at": trouble.at} if trouble.at else {}
            help_ = {"help": trouble.help} if trouble.help else {}
            lines.append(Line(logging.ERROR, trouble.what, places | help_))
        return lines


def _named(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - RULES_NAMED_MAX} more" if len(ids) > RULES_NAMED_MAX else ""
    return ", ".join(ids[:RULES_NAMED_MAX]) + more

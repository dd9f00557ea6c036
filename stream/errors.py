"""The exceptions that Redline raises on purpose, all of them at start-up.

    RedlineError            exit_code, one clear sentence
    ├── SettingsError       2   a setting is missing, of the wrong type or out of range
    ├── RulesError          2   the rule files cannot be used; carries the diagnostics' text
    ├── ServiceError        2   a broker or port cannot be reached, taken or started
    └── GiveUp             75   the worker lost its infrastructure and wants a restart

Bad input is never an exception: it is a `model.Reject` or a `rulelang.Diagnostic`. Anything else that is
raised is a bug and crashes.
"""

from __future__ import annotations


class RedlineError(Exception):
    """An error to show as one sentence, without a traceback."""

    exit_code = 2


class SettingsError(RedlineError):
    """A setting is missing, of the wrong type or out of range; each of the `faults` is a sentence."""

    def __init__(self, *faults: str) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


class RulesError(RedlineError):
    """The rule files cannot be used."""


class ServiceError(RedlineError):
    """A service cannot be reached or started, or its port is taken."""


class GiveUp(RedlineError):  # noqa: N818 - it is a decision, not a finding
    """The worker cannot trust its infrastructure any more; a supervisor should start it again."""

    exit_code = 75

"""What fault tests and the soak found, a JSON object a line: docs/reliability.md is made of it.

Written to the file that FAULT_RESULTS names, or nowhere.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.kafka.broker import VERSION

VARIABLE = "FAULT_RESULTS"


@dataclass(frozen=True, slots=True)
class Result:
    """One fault, provoked `times` times under a stream of `articles`.

    `repeated`: alerts that came more than once, under the id they had. `resumed_seconds`: for each time, from the fault
    (for a broker: from its return) until articles sent after it were tagged; empty where nothing stands still.
    """

    fault: str
    times: int
    articles: int
    lost: int
    repeated: int
    resumed_seconds: Sequence[float] = ()
    remark: str = ""

    def sentence(self) -> str:
        """For the terminal."""
        resumed = ", ".join(f"{seconds:.1f}" for seconds in self.resumed_seconds[:10])
        return (
            f"{self.fault} x{self.times}: {self.articles:,} articles, lost {self.lost}, repeated under the same id "
            f"{self.repeated}" + (f", resumed after {resumed} s" if resumed else "") + f" {self.remark}".rstrip()
        )


def begin(**more: Any) -> None:
    """Starts a new run in the file, if one is named: its first line says when and on what."""
    if name := os.environ.get(VARIABLE):
        Path(name).unlink(missing_ok=True)
        _write_head(Path(name), **more)


def record(result: Result) -> None:
    """Appends the result to the file, if one is named. Several processes may do so."""
    if name := os.environ.get(VARIABLE):
        with suppress(FileExistsError):
            _write_head(Path(name))
        with Path(name).open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(result)) + "\n")


def failed(why: str) -> None:
    """The run has not come to its end, and is not one to be told of."""
    if name := os.environ.get(VARIABLE):
        with Path(name).open("a", encoding="utf-8") as file:
            file.write(json.dumps({"failed": why}) + "\n")


def _write_head(file: Path, **more: Any) -> None:
    head = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "kafka": VERSION,
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("x", encoding="utf-8") as new:
        new.write(json.dumps(head | more) + "\n")

"""Draws what commands print on a terminal, from real runs: docs/images/demo.svg, top.svg and doctor.svg.

python -m tools.picture
"""

from __future__ import annotations

import io
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

from stream.broker.embedded import EmbeddedBroker, setting_overrides
from stream.cli.demoing import Demo
from stream.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "images"
COLUMNS = 110
ALERTS_SHOWN = 6
REDLINE = [sys.executable, "-m", "stream.cli"]


def main() -> None:
    """All pictures."""
    _demo()
    _top_and_doctor()


def _demo() -> None:
    """The beginning of the demo, and its summary."""
    printed = run_on_terminal([*REDLINE, "demo", "--replay-gap-max-seconds", "0.3", "--no-stay"])
    blocks = re.split(r"\n\n+", printed.strip())
    _draw("demo", "make demo", "\n\n".join([*blocks[: ALERTS_SHOWN + 1], "          …", blocks[-1]]))


def _top_and_doctor() -> None:
    """The other two beside a pipeline that works: the seeds over and over."""
    with EmbeddedBroker() as broker:
        settings = Settings(**setting_overrides(broker), metrics_port=0, web_port=0, web_metrics_port=0)
        with Demo(settings, Console(quiet=True), broker) as demo:
            demo.replay(8.0)
            worker = demo.metrics_url
            bootstrap = ["--bootstrap", broker.bootstrap]
            replay = [*REDLINE, "replay", *bootstrap, "--rate", "6", "--repeat", "0", "--no-progress"]
            quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            environment = {**os.environ, "REDLINE_REPLAY_METRICS_PORT": "0"}
            with subprocess.Popen(replay, cwd=ROOT, env=environment, **quiet) as replaying:  # type: ignore[call-overload]
                try:
                    top = run_on_terminal(
                        [*REDLINE, "top", *bootstrap, "--metrics", worker, "--once", "--interval", "20"],
                        expected=(0, 1),  # 1: something is behind at the moment
                    )
                finally:
                    replaying.terminate()
            port = worker.rpartition(":")[2]
            doctor = run_on_terminal(
                [*REDLINE, "doctor", *bootstrap, "--metrics-port", port, "--topic-replication", "3"],
                expected=(1, 2),  # it says what is wrong, for there are not so many brokers
            )
    _draw("top", "redline top", top)
    _draw("doctor", "redline doctor", doctor)


def _draw(name: str, title: str, printed: str) -> None:
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    # Where the picture was taken is nobody's business.
    console.print(Text.from_ansi(printed.replace(f"{ROOT}/", "").strip("\n")))
    svg = console.export_svg(title=title)
    # The exporter points to a font on somebody else's server: the reader's own monospace will do.
    svg = re.sub(r"@font-face\s*\{.*?\}\s*", "", svg, flags=re.DOTALL)
    FOLDER.mkdir(parents=True, exist_ok=True)
    lines = (line.rstrip() for line in svg.splitlines())
    (FOLDER / f"{name}.svg").write_text("\n".join(lines) + "\n", encoding="utf-8")


def run_on_terminal(command: list[str], *, expected: tuple[int, ...] = (0,)) -> str:
    """What the command writes to a terminal of COLUMNS columns, escape sequences included.

    Ends the program if the command ends with another code than it is expected to: its picture would be of a fault.
    """
    parent, child = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(COLUMNS), "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=child, stdout=child, stderr=child)
    os.close(child)
    printed = b""
    while True:
        try:
            data = os.read(parent, 65_536)
        except OSError:  # how Linux says that nobody holds the other end any more
            break
        if not data:
            break
        printed += data
    os.close(parent)
    if process.wait() not in expected:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}")
    return printed.decode("utf-8", "replace").replace("\r\n", "\n")


if __name__ == "__main__":
    main()

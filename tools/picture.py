"""Draws docs/images/demo.svg: what `redline demo` prints on a terminal, from a real run.

python tools/picture.py
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

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "images" / "demo.svg"
COLUMNS = 110
ALERTS_SHOWN = 6


def main() -> None:
    """Run the demo on a terminal of its own, keep its beginning and its summary, write the picture."""
    printed = run_on_terminal(
        [sys.executable, "-m", "stream.cli", "demo", "--replay-gap-max-seconds", "0.3", "--no-stay"]
    )
    blocks = re.split(r"\n\n+", printed.strip())
    shown = [*blocks[: ALERTS_SHOWN + 1], "          …", blocks[-1]]
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    for block in shown:
        console.print(Text.from_ansi(block.strip("\n")))
        console.print()
    svg = console.export_svg(title="make demo")
    # The exporter points to a font on somebody else's server: the reader's own monospace will do.
    svg = re.sub(r"@font-face\s*\{.*?\}\s*", "", svg, flags=re.DOTALL)
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text("\n".join(line.rstrip() for line in svg.splitlines()) + "\n", encoding="utf-8")


def run_on_terminal(command: list[str]) -> str:
    """What the command writes to a terminal of COLUMNS columns, escape sequences included."""
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
    if process.wait() != 0:
        sys.exit(f"the demo ended with {process.returncode}")
    return printed.decode("utf-8", "replace").replace("\r\n", "\n")


if __name__ == "__main__":
    main()

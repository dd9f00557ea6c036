"""What does `redline scan` cost beside the engine alone, on one core; and what do more processes bring?

    python -m bench.scan [--articles N] [--hot SHARE] [--jobs N]

Writes N articles of 5 KB to a file (a share of them on the subject of the shipped rules). The engine alone judges them
decoded, in this process. A scan decodes, judges, raises alerts where they are asked for, and writes JSON to a file;
what it takes for one line, start and rules, is taken off. Times are processor time, but for the last block: there it is
the clock.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from bench.articles import messages
from stream.engine import Engine, Timed
from stream.model import Reject
from stream.sources.rulefiles import load_ruleset
from stream.wire.decode import decode_article

TIME = datetime(2024, 9, 12, tzinfo=UTC)
BATCH = 64
BYTES_MAX = 900_000


@click.command(help=__doc__)
@click.option("--articles", default=20_000, show_default=True, help="Lines of the file.")
@click.option("--hot", default=0.2, show_default=True, help="Share of articles on the subject of the rules, 0 to 1.")
@click.option("--jobs", default=2, show_default=True, help="Processes of the last block, at most.")
def main(articles: int, hot: float, jobs: int) -> None:
    """Print a line a shape of the output, then one for each number of processes."""
    with tempfile.TemporaryDirectory(prefix="bench-scan-") as folder:
        many, one = Path(folder, "many.ndjson"), Path(folder, "one.ndjson")
        lines = [value for _, value in messages(articles, hot)]
        many.write_bytes(b"\n".join(lines) + b"\n")
        one.write_bytes(lines[0] + b"\n")
        engine = _engine(lines)
        print(f"{articles:,} articles, {many.stat().st_size / 1e6:.0f} MB; processor time, µs an article")
        print(f"  engine alone        {engine / articles * 1e6:6.0f} = 1.00   {articles / engine:6,.0f} articles/s")
        for shape in ("--matches", "--tagged", ""):
            took = _scan(many, shape)[0] - _scan(one, shape)[0]
            print(
                f"  scan {shape:14} {took / articles * 1e6:6.0f} = {engine / took:.2f}   {articles / took:6,.0f}",
                "articles/s",
            )
        print("by the clock, start included")
        alone = 0.0
        for count in range(1, jobs + 1):
            clock = _scan(many, "--matches", "--jobs", str(count))[1]
            alone = alone or clock
            print(f"  scan --matches --jobs {count}   {clock:6.1f} s = {alone / clock:.2f}")


def _engine(lines: Sequence[bytes]) -> float:
    """Processor seconds of judging, batch by batch; a quarter of the lines goes before, to warm up."""
    engine = Engine(load_ruleset(Path("rules")))
    timed = []
    for line in lines:
        decoded = decode_article(line, message_bytes_max=BYTES_MAX)
        assert not isinstance(decoded, Reject), decoded
        timed.append(Timed(decoded, TIME, 0))
    batches = [timed[start : start + BATCH] for start in range(0, len(timed), BATCH)]
    for batch in batches[: len(batches) // 4]:
        engine.judge(batch)
    start = time.process_time()
    for batch in batches:
        engine.judge(batch)
    return time.process_time() - start


def _scan(file: Path, *options: str) -> tuple[float, float]:
    """Processor seconds of the program with its processes, and seconds by the clock."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    with tempfile.TemporaryFile() as out:
        command = [sys.executable, "-m", "stream.cli", "scan", *filter(None, options), str(file)]
        subprocess.run(command, stdout=out, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return cpu, time.perf_counter() - start


if __name__ == "__main__":
    main()

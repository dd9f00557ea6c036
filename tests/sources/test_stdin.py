"""Standard input, in pieces of any size."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from stream.sources.configs import StdinConfig
from stream.sources.folder import read_lines
from stream.sources.item import Refused
from stream.sources.stdin import StdinSource, _Lines
from tests.sources.kit import Bench

LINES = st.lists(
    st.sampled_from([b'{"body": "x"}', b"", b"no", b"[1]", b'{"body": "\xff"}', b"  ", b"{}\r"]), max_size=8
)


@given(LINES, st.lists(st.integers(1, 9), max_size=40), st.booleans())
def test_pieces_do_not_matter(lines: list[bytes], cuts: list[int], ended: bool) -> None:
    data = b"\n".join(lines) + (b"\n" if ended else b"")
    reader, items, place = _Lines(1_000), [], 0
    for cut in [*cuts, len(data)]:
        items += reader.feed(data[place : place + cut])
        place += cut
    items += reader.finish()
    whole = [item for item in read_lines("stdin", data) if not isinstance(item, Refused)]
    assert items == whole


def test_the_end_of_the_input_is_the_end(tmp_path: Path) -> None:
    async def main() -> Bench:
        bench = Bench(tmp_path)
        reading, writing = os.pipe()
        os.write(writing, b'{"body": "One."}\n' + b"x" * 5_000 + b'\n{"body": "Two."}')
        os.close(writing)
        async with bench.running(StdinSource(StdinConfig(), line_bytes_max=1_000, descriptor=reading)) as run:
            assert await asyncio.wait_for(asyncio.shield(run.task), 30) is True
        os.close(reading)
        return bench

    bench = asyncio.run(main())
    assert bench.desk.bodies() == ["One.", "Two."]
    (letter,) = bench.desk.dead()
    assert (letter["code"], letter["original"]) == ("too_large", None)
    assert "stdin:2" in letter["reason"]


def test_a_regular_file_is_read(tmp_path: Path) -> None:
    async def main() -> Bench:
        bench = Bench(tmp_path)
        path = tmp_path / "articles.ndjson"
        path.write_bytes(b'{"body": "One."}\n' * 3)
        descriptor = os.open(path, os.O_RDONLY)
        async with bench.running(StdinSource(StdinConfig(), line_bytes_max=1_000, descriptor=descriptor)) as run:
            assert await asyncio.wait_for(asyncio.shield(run.task), 30) is True
        os.close(descriptor)
        return bench

    assert asyncio.run(main()).desk.bodies() == ["One."] * 3


def test_no_broker_is_one_sentence(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "stream.cli", "ingest", "--stdin", "--bootstrap", "127.0.0.1:1"]
    options = ["--kafka-connect-timeout-ms", "300", "--ingest-metrics-port", "0"]
    found = subprocess.run([*command, *options], input=b"", capture_output=True, timeout=60, cwd=tmp_path, check=False)
    assert found.returncode == 2
    assert b"cannot reach Kafka" in found.stderr
    assert b"Traceback" not in found.stderr

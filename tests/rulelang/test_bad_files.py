"""One fault a file: what each of them is told, word for word."""

from __future__ import annotations

from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from stream.rulelang import SourceFile, load, render

BAD = sorted((Path(__file__).parent / "bad").glob("*.yml"))


@pytest.mark.parametrize("path", BAD, ids=[path.stem for path in BAD])
def test_what_is_said_about_a_bad_file(path: Path, snapshot: SnapshotAssertion) -> None:
    loaded = load([SourceFile(path.name, path.read_text(encoding="utf-8"))])
    assert len(loaded.diagnostics) > 0
    assert "\n".join(render(diagnostic) for diagnostic in loaded.diagnostics) == snapshot

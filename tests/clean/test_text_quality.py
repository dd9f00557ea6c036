"""Residue and datelines on annotated texts: never below what the documentation promises."""

from __future__ import annotations

import re

from tools.text_quality import DATA, _articles, dateline_scores, residue_scores


def test_residue() -> None:
    pages = list(_articles(DATA / "extract_scrapinghub.jsonl.gz"))
    found = [tuple(map(float, re.findall(r"(?:precision|recall) (\d\.\d+)", line))) for line in residue_scores(pages)]
    lines, _, means = found
    assert min(lines) >= 0.9
    assert min(means) >= 0.85


def test_datelines() -> None:
    reports, cases = dateline_scores(DATA)
    share = re.search(r"\((\d\.\d+)\)", reports)
    assert share is not None
    assert float(share[1]) >= 0.98
    assert cases == "dateline_cases: 10 of 10 right, 0 false of 6 without one"

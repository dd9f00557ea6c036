"""docs/reliability.md is what its results say, and the results say that nothing was lost."""

import json

from tools.reliability import DOCS, RUNS, page


def test_the_page_is_generated_from_the_results() -> None:
    assert (DOCS / "reliability.md").read_text(encoding="utf-8") == page(DOCS / "reliability"), "run `make reliability`"


def test_nothing_was_lost_and_the_runs_are_whole() -> None:
    for file in (DOCS / "reliability").iterdir():
        assert file.name in RUNS
        head, *results = map(json.loads, file.read_text(encoding="utf-8").splitlines())
        assert head["kafka"]
        assert results
        assert sum(result["lost"] for result in results) == 0

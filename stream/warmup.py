"""Articles to judge before the first real one, so that this one does not wait.

Much of what an engine needs is made when it is first asked for: code for the conditions of a rule, words seen. The
first article on the subject of the shipped rules takes half a second for that, twenty times as long as the next one,
and holds everything else up. So the rules' own tests are judged first; what comes of them goes nowhere. Results never
depend on it. Pure: no file is read, no clock asked.
"""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from stream.engine import Engine
from stream.model import Record
from stream.rulelang.ruleset import RuleSet

TEXT_FIELDS = ("title", "body", "lang")
SAMPLES_MAX = 500
"""A second or two; with more rules than that, the first articles do the rest."""


def samples(ruleset: RuleSet) -> Iterator[Record]:
    """The article of the first test that is to fire, as a raw record, of each of the first `SAMPLES_MAX` rules."""
    for rule in ruleset.rules[:SAMPLES_MAX]:
        test = next((test for test in rule.tests if test.expect == "fire"), None)
        if test is not None:
            fields = {name: value for name, value in test.article.items() if name in TEXT_FIELDS}
            yield Record("warmup", 0, 0, 0, None, orjson.dumps({"id": "warmup", "body": "", **fields}), ())


def warmed(engine: Engine) -> Engine:
    """The engine itself, when it has judged them."""
    for record in samples(engine.ruleset):
        engine.tag([record])
    return engine

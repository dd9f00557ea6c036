"""How much memory does a worker hold, with the shipped rules and with 10,000 rules?

    python -m bench.manyrules [--rules N] [--articles N]

Starts a worker on the embedded broker, sends articles of 5 KB (one in five on the subject of the shipped rules), and
reads what it has in RAM when all are tagged. The many rules are of the kinds of `bench.throughput`, written to files;
their words are the rarer half of those in the articles that the shipped rules are tried on, so they are on the same
subject, and a seed raises tens of alerts instead of many hundreds.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import click
from ruamel.yaml import YAML

from bench.articles import publish
from bench.measure import cost, resident_mb
from bench.throughput import BOOLEAN_RULES, boolean_rule, frequent_words, read_text
from stream.broker.admin import Admin
from stream.broker.embedded import EmbeddedBroker, setting_overrides
from stream.rulelang.printer import print_node
from stream.settings import Settings
from tests.worker.kit import REAL, running, until

LABELLED = Path(__file__).parent.parent / "tests" / "data" / "rules_quality"
RULES_A_FILE = 1_000
DEADLINE_SECONDS = 600.0


@click.command(help=__doc__)
@click.option("--rules", "count", default=10_000, show_default=True, help="Rules of the second worker.")
@click.option("--articles", default=1_000, show_default=True, help="Articles that each one works.")
def main(count: int, articles: int) -> None:
    """Print a line a worker."""
    with tempfile.TemporaryDirectory(prefix="bench-rules-") as folder, EmbeddedBroker() as broker:
        _write(Path(folder), count)
        for name, rules in (("shipped rules", Path("rules")), (f"{count:,} rules", Path(folder))):
            settings = Settings(
                **setting_overrides(broker),
                rules_dir=rules,
                metrics_port=0,
                topic_prefix=f"{rules.name}.",
                consumer_group=f"{rules.name}-group",
                stall_timeout_ms=600_000,
            )
            with Admin(settings) as admin:
                admin.create()
            with running(settings, REAL) as worker:
                until(lambda: worker.page("/readyz")[0] == 200, "ready", DEADLINE_SECONDS)
                started = time.monotonic() - worker.started
                idle = resident_mb(worker.process.pid)
                publish(settings, articles, 0.2)
                alerts = cost(settings, [worker.process.pid], articles, DEADLINE_SECONDS).alerts
                busy = resident_mb(worker.process.pid)
            print(
                f"{name:16} ready after {started:5.1f} s; {idle:4.0f} MB when ready,",
                f"{busy:4.0f} MB after {articles:,} articles and {alerts:,} alerts",
                flush=True,
            )


def _write(folder: Path, count: int) -> None:
    bodies = [
        article["body"]
        for path in sorted(LABELLED.glob("invented_*.yml"))
        for article in YAML(typ="safe", pure=True).load(path)
    ]
    words = frequent_words([read_text(body).body.tokens for body in bodies])
    _, _, first, second = BOOLEAN_RULES[-1]
    for start in range(0, count, RULES_A_FILE):
        entries = [
            f"schema: rules/v1\nkind: rule\nid: made.rule_{number}\nversion: 1\ntitle: Rule {number}\n"
            f"description: Made for a benchmark.\nstatus: experimental\nseverity: low\n"
            f"match: {print_node(boolean_rule(number, words, first, second))}\n"
            for number in range(start, min(count, start + RULES_A_FILE))
        ]
        (folder / f"made_{start}.yml").write_text("---\n".join(entries), encoding="utf-8")


if __name__ == "__main__":
    main()

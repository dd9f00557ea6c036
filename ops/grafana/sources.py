"""The dashboard *Sources*: what comes in from where, what fails, and how HTTP senders are answered."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard

from ops.grafana.panels import RATE, Panel, Query, Step, choice, in_rows, new_dashboard, number, over_time, rows

UID = "redline-sources"
INGEST = 'job="redline-ingest", instance=~"$instance"'


def dashboard() -> Dashboard:
    """The dashboard, with its panels in rows."""
    board = new_dashboard(
        "Redline: sources", UID, "Feeds, folders and HTTP senders: articles, failures, silence."
    ).with_variable(choice("instance", "Ingest", 'label_values(up{job="redline-ingest"}, instance)'))
    return in_rows(board, ("Now", now()), ("Articles", articles()), ("HTTP and feeds", outside()))


def now() -> list[Panel]:
    """The numbers to look at first."""
    return [
        number(
            "Sources that work",
            "Sources whose last attempt worked.",
            "short",
            f"sum(redline_source_up{{{INGEST}}})",
            span=8,
        ),
        number(
            "Sources that fail",
            "Sources whose last attempt failed; half an hour of it raises RedlineSourceFails.",
            "short",
            f"count(redline_source_up{{{INGEST}}} == 0) or vector(0)",
            steps=[Step(0, "green"), Step(1, "yellow")],
            span=8,
        ),
        number(
            "Waiting",
            "Articles that wait for the broker; at ingest_waiting_articles_max HTTP senders are told to wait.",
            "short",
            f"sum(redline_ingest_waiting_articles{{{INGEST}}})",
            span=8,
        ),
    ]


def articles() -> list[Panel]:
    """What came, and from where."""
    return [
        over_time(
            "Articles a second by outcome",
            "accepted: on the broker; refused: no article, a dead letter or told to the sender; failed: not "
            "acknowledged, tried again; known: entries of feeds that were there before.",
            "short",
            [
                Query(
                    f"sum by (type, outcome) (rate(redline_ingest_articles_total{{{INGEST}}}[{RATE}]))",
                    "{{type}} {{outcome}}",
                )
            ],
            span=8,
        ),
        over_time(
            "Articles a second by source",
            "The ten sources that bring most.",
            "short",
            [
                Query(
                    f"topk(10, sum by (source) (rate(redline_source_articles_total{{{INGEST}}}[{RATE}])))", "{{source}}"
                )
            ],
            span=8,
        ),
        rows(
            "Silent for longest",
            "Time since a source last brought an article, the ten longest.",
            "s",
            Query(f"topk(10, time() - max by (source) (redline_source_last_article_timestamp_seconds{{{INGEST}}}))"),
            value="silent for",
            span=8,
        ),
    ]


def outside() -> list[Panel]:
    """How the outside world is answered, and answers."""
    return [
        over_time(
            "HTTP requests a second by status",
            "200: all of the request is on the broker; 422: not all of it is an article; 429: told to wait; 503: the "
            "broker did not acknowledge.",
            "short",
            [Query(f"sum by (status) (rate(redline_ingest_requests_total{{{INGEST}}}[{RATE}]))", "{{status}}")],
            span=8,
        ),
        over_time(
            "HTTP answer time",
            "From a request's head to its answer, the broker's acknowledgement included.",
            "s",
            [
                Query(
                    f"histogram_quantile({share}, "
                    f"sum by (le) (rate(redline_ingest_request_seconds_bucket{{{INGEST}}}[{RATE}])))",
                    name,
                )
                for share, name in (("0.5", "p50"), ("0.99", "p99"))
            ],
            span=8,
        ),
        over_time(
            "Feeds asked in ten minutes",
            "changed, unchanged, failed; page and page_failed are articles' pages asked for full texts.",
            "short",
            [Query(f"sum by (outcome) (increase(redline_feed_polls_total{{{INGEST}}}[10m]))", "{{outcome}}")],
            span=8,
        ),
    ]

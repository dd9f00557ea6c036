"""The dashboard *Delivery*: what reaches whom, what waits and why, and which destinations fail."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard

from ops.grafana.panels import RATE, Panel, Query, Step, choice, in_rows, new_dashboard, number, over_time

UID = "redline-delivery"
NOTIFY = 'job="redline-notify", instance=~"$instance"'


def dashboard() -> Dashboard:
    """The dashboard, with its panels in rows."""
    board = new_dashboard(
        "Redline: delivery", UID, "Alerts to webhooks, Alertmanager and people: delivered, waiting, failing."
    ).with_variable(choice("instance", "Notifier", 'label_values(up{job="redline-notify"}, instance)'))
    return in_rows(board, ("Now", now()), ("Alerts", alerts()), ("Requests", requests()))


def now() -> list[Panel]:
    """The numbers to look at first."""
    return [
        number(
            "Destinations that fail",
            "Circuit breakers that are open; five minutes of it raise RedlineDestinationFails.",
            "short",
            f"sum(redline_notify_breaker_state{{{NOTIFY}}} >= bool 2)",
            steps=[Step(0, "green"), Step(1, "red")],
            span=8,
        ),
        number(
            "Undelivered today",
            "Alerts that a destination has not taken, now on alerts.undelivered, in 24 hours.",
            "short",
            f'sum(increase(redline_notify_alerts_total{{{NOTIFY}, outcome="undelivered"}}[24h]))',
            steps=[Step(0, "green"), Step(1, "yellow")],
            span=8,
        ),
        number(
            "Waiting",
            "Alerts that were read and are not delivered yet: new, tried again, for a digest, held by quiet hours.",
            "short",
            f"sum(redline_notify_waiting_alerts{{{NOTIFY}}})",
            span=8,
        ),
    ]


def alerts() -> list[Panel]:
    """What becomes of alerts, and how late they are."""
    return [
        over_time(
            "Alerts in ten minutes by destination",
            "delivered; undelivered: put aside on alerts.undelivered; silenced: somebody wanted it so.",
            "short",
            [
                Query(
                    f"sum by (destination, outcome) (increase(redline_notify_alerts_total{{{NOTIFY}}}[10m]))",
                    "{{destination}} {{outcome}}",
                )
            ],
            span=8,
        ),
        over_time(
            "From an alert to its delivery",
            "The slowest in a hundred, by destination; digests and quiet hours are part of it.",
            "s",
            [
                Query(
                    "histogram_quantile(0.99, sum by (destination, le) "
                    f"(rate(redline_notify_delay_seconds_bucket{{{NOTIFY}}}[{RATE}])))",
                    "{{destination}}",
                )
            ],
            span=8,
        ),
        over_time(
            "Waiting by destination",
            "new: to be sent; retry: failed before; digest; held: by quiet hours.",
            "short",
            [
                Query(
                    f"sum by (destination, why) (redline_notify_waiting_alerts{{{NOTIFY}}})", "{{destination}} {{why}}"
                )
            ],
            span=8,
        ),
    ]


def requests() -> list[Panel]:
    """How destinations answer."""
    return [
        over_time(
            "Requests a second by answer",
            "taken; failed: tried again; refused: never taken as it is.",
            "short",
            [
                Query(
                    f"sum by (destination, outcome) (rate(redline_notify_requests_total{{{NOTIFY}}}[{RATE}]))",
                    "{{destination}} {{outcome}}",
                )
            ],
            span=8,
        ),
        over_time(
            "Answer time",
            "The slowest in a hundred requests, by destination.",
            "s",
            [
                Query(
                    "histogram_quantile(0.99, sum by (destination, le) "
                    f"(rate(redline_notify_request_seconds_bucket{{{NOTIFY}}}[{RATE}])))",
                    "{{destination}}",
                )
            ],
            span=8,
        ),
        over_time(
            "Behind the alert topics",
            "Records behind a destination's position: what a dead destination has waiting on Kafka.",
            "short",
            [Query(f"sum by (destination) (redline_notify_lag{{{NOTIFY}}})", "{{destination}}")],
            span=8,
        ),
        over_time(
            "Reload state",
            "1: the routes file is in force as it is; 0: it cannot be used and older routes deliver, which raises "
            "RedlineRoutesRefused after a minute. Also the changes read in ten minutes, by outcome.",
            "short",
            [
                Query(f"redline_notify_reload_success{{{NOTIFY}}}", "{{instance}}"),
                Query(
                    f"sum by (outcome) (increase(redline_notify_reloads_total{{{NOTIFY}}}[10m]))",
                    "{{outcome}} in 10 min",
                ),
            ],
            span=24,
        ),
    ]

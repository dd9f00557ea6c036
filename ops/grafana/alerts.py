"""The dashboard *Alerts*: what Redline found in the news, by severity, rule and topic."""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard as dashboard_builders
from grafana_foundation_sdk.models.dashboard import Dashboard

from ops.grafana.panels import (
    RATE,
    Annotation,
    Panel,
    Query,
    choice,
    color_severities,
    grown,
    in_rows,
    link_to,
    new_dashboard,
    number,
    over_time,
    ranking,
    rows,
    text,
)

UID = "redline-alerts"
CHOSEN = 'severity=~"$severity", rule=~"$rule"'
OF_SOURCES = 'severity=~"$severity", source=~"$source"'
PAGE = "http://localhost:8400"
"""Where the page is if nobody says otherwise: the port that docker-compose.yml publishes."""

AT_WORK = 'and on (job, instance) redline_consumer_lag{topic=~".*matches"}'
"""Of a worker without partitions, the watermark stands where it was when it had some."""

THIS = f"/d/{UID}?${{__url_time_range}}&var-datasource=${{datasource}}"


def dashboard() -> Dashboard:
    """The dashboard, with its panels in rows."""
    board = (
        new_dashboard("Redline: alerts", UID, "Alerts by severity, rule and topic; exercises (replays) are included.")
        .with_variable(choice("severity", "Severity", "label_values(redline_alerts_total, severity)"))
        .with_variable(choice("rule", "Rule", 'label_values(redline_alerts_total{severity=~"$severity"}, rule)'))
        .with_variable(choice("source", "Source", "label_values(redline_alerts_by_source_total, source)"))
        .with_variable(choice("topic", "Topic", "label_values(redline_topics_total, topic)"))
        .with_variable(text("page", "Page", "Where `redline web` is, for links from panels to the alerts.", PAGE))
        .annotation(
            Annotation(
                "Correlations that fired",
                f'sum by (rule, severity) (increase(redline_episodes_total{{state="fired", {CHOSEN}}}[1m])) > 0',
                title="{{rule}} fired",
                tags="severity",
                step="60s",
                color="orange",
            )
        )
        .link(link_to("The page", "${page}").tooltip("The alerts themselves, with their evidence, as they arrive."))
    )
    return in_rows(
        board,
        ("Alerts", alerts()),
        ("Over time", over_all()),
        ("Rules", rules()),
        ("Sources", sources()),
        ("Topics", topics()),
    )


def to_page(label: str) -> dashboard_builders.DashboardLink:
    """From a series to the page, which shows only the alerts with the series' own value of this label."""
    which = f"{label} or a higher one" if label == "severity" else label
    return link_to(
        f"Alerts of this {which} on the page", f"${{page}}/?{label}=${{__field.labels.{label}:percentencode}}"
    )


def alerts() -> list[Panel]:
    """How many, how grave."""
    return [
        number(
            "Alerts",
            "Alerts in the chosen time, of the chosen severities and rules.",
            "short",
            f"sum(increase(redline_alerts_total{{{CHOSEN}}}[$__range]))",
            span=6,
        ),
        number(
            "High and critical",
            "Of these, the ones of severity high or critical.",
            "short",
            f'sum(increase(redline_alerts_total{{{CHOSEN}, severity=~"high|critical"}}[$__range])) or vector(0)',
            span=6,
        ),
        number(
            "Rules that fired",
            "Rules with at least one alert in the chosen time.",
            "short",
            f"count(sum by (rule) (increase(redline_alerts_total{{{CHOSEN}}}[$__range])) > 0) or vector(0)",
            span=6,
        ),
        number(
            "Alerts an article",
            "Alerts for each article read, in the chosen time.",
            "short",
            f"sum(increase(redline_alerts_total{{{CHOSEN}}}[$__range])) / "
            'clamp_min(sum(increase(redline_articles_total{stage="received"}[$__range])), 1)',
            span=6,
            decimals=2,
        ),
        color_severities(
            over_time(
                "By severity",
                "Alerts written and acknowledged by the broker, by severity.",
                "short",
                [
                    Query(
                        f"sum by (severity) (increase(redline_alerts_total{{{CHOSEN}}}[$__rate_interval]))",
                        "{{severity}}",
                    )
                ],
                span=24,
                bars=True,
            ).data_links([to_page("severity")])
        ),
    ]


def over_all() -> list[Panel]:
    """What shows only over time: throttles, correlations and their clock."""
    return [
        over_time(
            "Correlations",
            "Alerts of correlations by rule: an episode fires, is updated while it goes on, and is resolved. Each "
            "firing is also a line over all panels.",
            "short",
            [
                Query(
                    f"sum by (rule, state) (increase(redline_episodes_total{{{CHOSEN}}}[$__rate_interval])) > 0",
                    "{{rule}} {{state}}",
                )
            ],
            span=24,
            bars=True,
        ).data_links([to_page("rule")]),
        over_time(
            "Held back",
            "Alerts written to alerts.suppressed, by rule and by what held them back; the ten rules with most.",
            "short",
            [
                Query(
                    'topk(10, sum by (rule, by) (increase(redline_alerts_suppressed_total{rule=~"$rule"}'
                    "[$__rate_interval])))",
                    "{{rule}} ({{by}})",
                )
            ],
            span=8,
            bars=True,
        ),
        over_time(
            "Watermark behind",
            "How far the event time up to which live articles are complete is behind the clock. Correlations wait for "
            "it, and for their grace. Of workers that have partitions of matches.",
            "s",
            [Query(f"clamp_min(time() - min(redline_watermark_seconds > 0 {AT_WORK}), 0)", "behind")],
            span=8,
        ),
        over_time(
            "Late, known and forgotten",
            "Matches that came after their correlation had counted (articles.late), that came again and changed "
            "nothing, and what fell out of the state because a limit was reached. The last should be zero.",
            "short",
            [
                Query("sum(increase(redline_late_total[$__rate_interval]))", "late"),
                Query("sum(increase(redline_matches_known_total[$__rate_interval]))", "known"),
                Query("sum(increase(redline_state_forgotten_total[$__rate_interval]))", "forgotten"),
            ],
            span=8,
        ),
    ]


def sources() -> list[Panel]:
    """Whose articles raise alerts."""
    counter, chosen = f"redline_alerts_by_source_total{{{OF_SOURCES}}}", "$__range"
    most = f"topk(10, sum by (source) ({grown(counter, chosen, ' @ end()')}))"
    return [
        over_time(
            "By source",
            "Alerts on single articles by the article's source, the ten with most. Sources beyond the first 100 that a "
            "worker meets (metrics_sources_max) are counted together as other.",
            "short",
            [Query(f"sum by (source) ({grown(counter, RATE)}) and {most}", "{{source}}")],
            bars=True,
        ).data_links([to_page("source")]),
        ranking(
            "Top sources",
            "The ten sources with most alerts in the chosen time, all rules together.",
            "short",
            Query(f"sort_desc(topk(10, sum by (source) ({grown(counter, chosen)})))", "{{source}}"),
        ).data_links([to_page("source")]),
    ]


def rules() -> list[Panel]:
    """Which rules."""
    return [
        over_time(
            "By rule",
            "Alerts by rule: the ten rules with most of them in the chosen time.",
            "short",
            [Query(_of_the_ten("rule", f"redline_alerts_total{{{CHOSEN}}}"), "{{rule}}")],
            bars=True,
        ).data_links([link_to("Only this rule", f"{THIS}&var-rule=${{__field.labels.rule}}"), to_page("rule")]),
        ranking(
            "Top rules",
            "The ten rules with most alerts in the chosen time. A rule far ahead of the others may be too wide.",
            "short",
            Query(
                f"sort_desc(topk(10, sum by (rule) (increase(redline_alerts_total{{{CHOSEN}}}[$__range]))))", "{{rule}}"
            ),
        ).data_links([link_to("Only this rule", f"{THIS}&var-rule=${{__field.labels.rule}}"), to_page("rule")]),
        rows(
            "Last alerts",
            "When each rule last fired in the chosen time, to the minute. For the alerts themselves: "
            "`redline alerts tail`.",
            "dateTimeAsIso",
            Query(f"sort_desc(max_over_time(redline:alerts:fired_at{{{CHOSEN}}}[$__range]) * 1000)"),
            value="last fired",
        ),
        rows(
            "Alerts by rule",
            "Every rule in force with its severity and its alerts in the chosen time: zero means that it stayed quiet.",
            "short",
            Query(f"sort_desc(sum by (rule, severity) (round(increase(redline_alerts_total{{{CHOSEN}}}[$__range]))))"),
            value="alerts",
        ),
    ]


def topics() -> list[Panel]:
    """What the articles are about."""
    return [
        over_time(
            "By topic",
            "Articles by topic, the ten most frequent ones; an article has as many topics as it earns.",
            "short",
            [Query(_of_the_ten("topic", 'redline_topics_total{topic=~"$topic"}'), "{{topic}}")],
            bars=True,
        ).data_links([to_page("topic")]),
        ranking(
            "Top topics",
            "The ten most frequent topics in the chosen time.",
            "short",
            Query(
                'sort_desc(topk(10, sum by (topic) (increase(redline_topics_total{topic=~"$topic"}[$__range]))))',
                "{{topic}}",
            ),
        ).data_links([to_page("topic")]),
    ]


def _of_the_ten(label: str, counter: str) -> str:
    """The increase by this label, at each moment, for the ten values with the greatest increase in the whole time."""
    # `@ end()`: the same ten at every moment, or series would come and go.
    return (
        f"sum by ({label}) (increase({counter}[$__rate_interval])) "
        f"and topk(10, sum by ({label}) (increase({counter}[$__range] @ end())))"
    )

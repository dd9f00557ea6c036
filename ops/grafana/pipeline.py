"""The dashboard *Pipeline*: is the machine well, how much passes, how fast, what waits, what was refused."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard

from ops.grafana.panels import RATE, Panel, Query, Step, choice, in_rows, new_dashboard, number, over_time, rows

UID = "redline-pipeline"
WORKER = 'job="redline-worker", instance=~"$instance"'
REPLAYER = 'job="redline-replayer"'


def dashboard() -> Dashboard:
    """The dashboard, with its panels in rows."""
    board = new_dashboard(
        "Redline: pipeline", UID, "Throughput, latency, backlog and health of workers and replayers."
    ).with_variable(choice("instance", "Worker", 'label_values(up{job="redline-worker"}, instance)'))
    return in_rows(
        board,
        ("Now", now()),
        ("Throughput", throughput()),
        ("Latency", latency()),
        ("Backlog and refusals", backlog()),
        ("Workers and rules", workers()),
        ("Replayer", replayer()),
        ("Page", page()),
    )


def now() -> list[Panel]:
    """The numbers to look at first."""
    return [
        number(
            "Workers up",
            "Workers whose /metrics Prometheus could read at the last scrape.",
            "short",
            'sum(up{job="redline-worker"}) or vector(0)',
            steps=[Step(0, "red"), Step(1, "green")],
        ),
        number(
            "Articles a second",
            "Articles read from the raw topic, all workers.",
            "short",
            f'sum(rate(redline_articles_total{{stage="received", {WORKER}}}[{RATE}]))',
            decimals=1,
        ),
        number(
            "Alerts in 10 minutes",
            "Alerts written and acknowledged by the broker, all severities.",
            "short",
            f"sum(increase(redline_alerts_total{{{WORKER}}}[10m]))",
        ),
        number(
            "99th percentile",
            "From the raw record's Kafka timestamp to the acknowledged alert, over five minutes; above 1 s is slow, "
            "above 5 s for ten minutes raises RedlineSlow.",
            "s",
            "redline:end_to_end_seconds:p99_5m",
            steps=[Step(1, "yellow"), Step(5, "red")],
            decimals=3,
        ),
        number(
            "Records waiting",
            "Records of the workers' topics not finished yet. Above 100 and growing for ten minutes raises "
            "RedlineLagGrowing.",
            "short",
            "sum(redline:consumer_lag:sum)",
            steps=[Step(100, "yellow"), Step(10_000, "red")],
        ),
        number(
            "Refused",
            "Share of the records of the last ten minutes that became dead letters; above 1 % raises "
            "RedlineDeadLetters.",
            "percentunit",
            "redline:dead_letters:ratio10m",
            steps=[Step(0.001, "yellow"), Step(0.01, "red")],
            decimals=2,
        ),
    ]


def throughput() -> list[Panel]:
    """How much passes."""
    return [
        over_time(
            "Articles a second by stage",
            "received: read from the raw topic; tagged: judged and written; refused: became dead letters.",
            "short",
            [Query(f"sum by (stage) (rate(redline_articles_total{{{WORKER}}}[{RATE}]))", "{{stage}}")],
        ),
        over_time(
            "Bytes a second",
            "Bytes of the raw records handed to the engine, by worker.",
            "Bps",
            [Query(f"sum by (instance) (rate(redline_article_bytes_total{{{WORKER}}}[{RATE}]))", "{{instance}}")],
        ),
    ]


def latency() -> list[Panel]:
    """How fast it passes."""

    def quantiles(metric: str, by: str = "") -> list[Query]:
        labels = f"le, {by}" if by else "le"
        legend = f" {{{{{by}}}}}" if by else ""
        return [
            Query(
                f"histogram_quantile({share}, sum by ({labels}) (rate({metric}_bucket{{{WORKER}}}[{RATE}])))",
                f"p{name}{legend}",
            )
            for share, name in (("0.5", "50"), ("0.99", "99"))
        ]

    return [
        over_time(
            "End to end",
            "From the raw record's Kafka timestamp to the broker's acknowledgement of its alert.",
            "s",
            quantiles("redline_end_to_end_seconds"),
            steps=[Step(1, "yellow"), Step(5, "red")],
        ),
        over_time(
            "Published to alert",
            "From the article's publication to the acknowledged alert; live articles only, so a replay adds nothing.",
            "s",
            [
                Query(
                    f"histogram_quantile({share}, sum by (le) "
                    f"(increase(redline_published_to_alert_seconds_bucket{{{WORKER}}}[$__range])))",
                    name,
                )
                for share, name in (("0.5", "p50"), ("0.9", "p90"))
            ],
        ),
        over_time(
            "Engine call",
            "Time of one engine call. It blocks the worker, which cannot speak to Kafka meanwhile.",
            "s",
            quantiles("redline_engine_batch_seconds", by="stage"),
            steps=[Step(1, "red")],
        ),
        over_time(
            "Records in a batch",
            "Records that one engine call gets: few when it is quiet, up to batch_records_max under load.",
            "short",
            [
                Query(
                    f"sum by (stage) (rate(redline_batch_articles_sum{{{WORKER}}}[{RATE}])) / "
                    f"(sum by (stage) (rate(redline_batch_articles_count{{{WORKER}}}[{RATE}])) > 0)",
                    "mean {{stage}}",
                ),
                *quantiles("redline_batch_articles", by="stage")[1:],
            ],
        ),
    ]


def backlog() -> list[Panel]:
    """What waits and what was refused."""
    return [
        over_time(
            "Lag by topic",
            "Records of the workers' partitions not finished yet.",
            "short",
            [Query("redline:consumer_lag:sum", "{{topic}}")],
            span=8,
            steps=[Step(10_000, "red")],
        ),
        over_time(
            "Lag by partition",
            "The ten partitions with most waiting. One that stands out is a hot key or a stuck worker.",
            "short",
            [
                Query(
                    f"topk(10, max by (topic, partition) (redline_consumer_lag{{{WORKER}}}))",
                    "{{topic}} {{partition}}",
                )
            ],
            span=8,
        ),
        over_time(
            "Dead letters by code",
            "Refused records in ten minutes, by the stage that refused and its code; the records are in articles.dead.",
            "short",
            [Query("redline:dead_letters:increase10m or on () vector(0)", "{{stage}} {{code}}")],
            span=8,
            steps=[Step(1, "yellow")],
        ),
    ]


def workers() -> list[Panel]:
    """The processes and what they judge by."""
    return [*_processes(), *_rules_in_force()]


def page() -> list[Panel]:
    """Who reads the page, and whom it turns away."""
    return [
        over_time(
            "Readers",
            "People and programs that read the page's alerts live, by page; at web_readers_max more are turned away.",
            "short",
            [Query('redline_web_readers{job="redline-web"}', "{{instance}}")],
            steps=[Step(500, "yellow")],
        ),
        over_time(
            "Turned away, missed, refused",
            "In ten minutes: readers too many or too slow, events that slow readers missed (they are told and load "
            "again), and wrong tokens.",
            "short",
            [
                Query(f"sum(increase(redline_web_{name}_total[10m])) or vector(0)", legend)
                for name, legend in (
                    ("readers_refused", "readers turned away"),
                    ("events_dropped", "events missed"),
                    ("logins_refused", "wrong tokens"),
                )
            ],
        ),
    ]


def replayer() -> list[Panel]:
    """The replayer, while one runs."""
    return [
        over_time(
            "Replayed articles a second",
            "sent: handed to the Kafka client; acknowledged: on every replica; failed: refused or not acknowledged.",
            "short",
            [
                Query(f"sum(rate(redline_replay_{name}_total{{{REPLAYER}}}[{RATE}]))", name)
                for name in ("sent", "acknowledged", "failed")
            ],
            span=8,
        ),
        over_time(
            "Replayed bytes a second",
            "Bytes of the acknowledged articles.",
            "Bps",
            [Query(f"sum(rate(redline_replay_bytes_total{{{REPLAYER}}}[{RATE}]))", "acknowledged")],
            span=8,
        ),
        over_time(
            "Progress",
            "Share of the current replay that is done.",
            "percentunit",
            [Query(f"redline_replay_progress_ratio{{{REPLAYER}}}", "{{instance}}")],
            span=8,
            ceiling=1,
        ),
        over_time(
            "Behind",
            "How far sending is behind the recorded pace: the broker or the machine is too slow for it.",
            "s",
            [Query(f"redline_replay_behind_seconds{{{REPLAYER}}}", "{{instance}}")],
            span=12,
            steps=[Step(1, "yellow")],
        ),
        number(
            "Articles to replay",
            "Articles that the current replay will send.",
            "short",
            f"sum(redline_replay_articles{{{REPLAYER}}})",
            span=12,
        ),
    ]


def _processes() -> list[Panel]:
    return [
        over_time(
            "Restarts",
            "Starts of a worker process in 15 minutes; more than two of one worker raise RedlineWorkerRestarting.",
            "short",
            [Query(f"changes(process_start_time_seconds{{{WORKER}}}[15m])", "{{instance}}")],
            span=6,
            steps=[Step(3, "red")],
        ),
        over_time(
            "Processor",
            "Processor time by worker; a worker is mostly one thread, so near 100 % it is full: add another.",
            "percentunit",
            [Query(f"rate(process_cpu_seconds_total{{{WORKER}}}[{RATE}])", "{{instance}}")],
            span=6,
            steps=[Step(0.9, "yellow")],
        ),
        over_time(
            "Memory",
            "Resident memory by worker; compose's limit is WORKER_MEMORY.",
            "bytes",
            [Query(f"process_resident_memory_bytes{{{WORKER}}}", "{{instance}}")],
            span=6,
        ),
        over_time(
            "Open files",
            "File descriptors by worker: connections, mostly. A steady climb is a leak.",
            "short",
            [Query(f"process_open_fds{{{WORKER}}}", "{{instance}}")],
            span=6,
        ),
    ]


def _rules_in_force() -> list[Panel]:
    return [
        over_time(
            "Rules loaded",
            "Topic rules, alert rules and lists in force, the most that any worker has.",
            "short",
            [Query(f"max by (kind) (redline_rules_loaded{{{WORKER}}})", "{{kind}}")],
            span=6,
        ),
        over_time(
            "Reload state",
            "1: a worker judges by the rule files as they are; 0: they cannot be used and it keeps older rules, which "
            "raises RedlineReloadFailed after a minute. Also the changes read in ten minutes, by outcome.",
            "short",
            [
                Query(f"redline_rules_reload_success{{{WORKER}}}", "{{instance}}"),
                Query(
                    f"sum by (outcome) (increase(redline_rules_reloads_total{{{WORKER}}}[10m]))",
                    "{{outcome}} in 10 min",
                ),
            ],
            span=6,
        ),
        over_time(
            "Kafka answers",
            "1: Kafka answers this service; 0: it does not, the service waits, and after a minute RedlineBrokerAway is "
            "raised. All services, not the chosen worker alone.",
            "short",
            [Query("min by (job, instance) (redline_broker_up)", "{{job}} {{instance}}")],
            span=6,
        ),
        rows(
            "Rule sets in force",
            "Workers by the digest of their rule set; more than one row for five minutes raises RedlineRulesDiffer.",
            "short",
            Query(f"count by (digest) (redline_rules_info{{{WORKER}}} == 1)"),
            value="workers",
            span=6,
        ),
    ]

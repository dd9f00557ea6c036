"""`redline worker`: reads articles from Kafka, tags topics, raises alerts."""

from __future__ import annotations

import gc
import signal
from typing import Any

import click

from stream.cli.common import json_logs, load_settings, log_settings, setting_flags
from stream.cli.stopping import leave_at_once


@click.command()
@json_logs
@setting_flags(
    "rules_dir",
    "bootstrap",
    "topic_prefix",
    "topic_partitions",
    "topic_replication",
    "consumer_group",
    "session_timeout_ms",
    "heartbeat_interval_ms",
    "kafka_connect_timeout_ms",
    "kafka_request_timeout_ms",
    "kafka_security",
    "kafka_ca_file",
    "kafka_certificate_file",
    "kafka_key_file",
    "kafka_sasl_mechanism",
    "kafka_username",
    "kafka_password_file",
    "rules_poll_interval_ms",
    "pipeline",
    "engine_processes",
    "message_bytes_max",
    "alert_bytes_max",
    "dead_letter_original_bytes_max",
    "evidence_per_match_max",
    "batch_records_max",
    "match_batch_records_max",
    "batch_bytes_max",
    "batches_in_work_max",
    "alerts_first_ms_max",
    "buffer_records_max",
    "fetch_wait_ms_max",
    "commit_interval_ms",
    "shutdown_timeout_ms",
    "stall_timeout_ms",
    "data_dir",
    "metrics_host",
    "metrics_port",
    "log_level",
    "log_format",
)
@click.option(
    "--accept-offset-reset",
    is_flag=True,
    help="Once, after the broker has lost records that were read: read from the beginning what it has now.",
)
def worker(accept_offset_reset: bool, as_json: bool, **flags: Any) -> None:
    """Read articles from Kafka, tag their topics and raise alerts, until SIGTERM or Ctrl-C.

    A change of the rule files takes effect while it runs, and so does SIGHUP; unusable files leave the old rules.

    Several workers of one consumer group share the partitions. Exit codes: 0 stopped, 2 could not start,
    75 lost its infrastructure and wants a restart, 130 Ctrl-C.
    """
    # Until the event loop takes the signals over, there is nothing to finish.
    leave_at_once()
    if hasattr(signal, "SIGHUP"):
        # Not the end of the process, which is the default: the rules are read once more when the loop runs.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    # What is loaded from here on stays: the collector would walk it again and again (a tenth of the start).
    gc.disable()
    settings = load_settings(log_settings(flags, as_json=as_json))
    from stream.sources.rulefiles import read_rule_files, usable_rules
    from stream.telemetry.logs import configure_logging
    from stream.worker.host import require_descriptors
    from stream.worker.inchild import ChildCall
    from stream.worker.memory import one_heap
    from stream.worker.trial import READING, tried

    configure_logging(settings.log_level, settings.log_format)
    one_heap()
    require_descriptors()
    files = read_rule_files(settings.rules_dir)
    # Meanwhile this process loads what it needs itself.
    trial = ChildCall(READING, tried, files, with_tests=False)
    from stream.engine import Engine
    from stream.worker.run import run_worker

    ruleset = usable_rules(trial.result().loaded, settings.rules_dir)
    engine = Engine(ruleset, settings.engine_config())
    raise click.exceptions.Exit(run_worker(settings, engine, files, accept_offset_reset=accept_offset_reset))

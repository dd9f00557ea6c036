"""The settings that every command has which talks to Kafka."""

from __future__ import annotations

CONNECTION_SETTINGS = (
    "bootstrap",
    "topic_prefix",
    "kafka_connect_timeout_ms",
    "kafka_request_timeout_ms",
    "kafka_security",
    "kafka_ca_file",
    "kafka_certificate_file",
    "kafka_key_file",
    "kafka_sasl_mechanism",
    "kafka_username",
    "kafka_password_file",
)

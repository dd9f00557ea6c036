"""Kafka from the outside: topics, publishing, following, and the embedded broker. The only importer of kafka-python."""

"""What a worker hands in to itself is what an Apache Kafka has in its log."""

import pytest

from stream.settings import Settings
from tests.worker.loopbackkit import handed_in_as_fetched

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]


def test_what_is_handed_in_is_what_a_fetch_would_bring(kafka_settings: Settings) -> None:
    handed_in_as_fetched(kafka_settings)

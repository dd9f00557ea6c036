import pytest
from prometheus_client.parser import text_string_to_metric_families

from stream.telemetry.metrics import OTHER, TABLE, Metrics


def scrape(metrics: Metrics) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    found: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
    for family in text_string_to_metric_families(metrics.exposition().decode()):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return found


def test_the_table_names_each_metric_once_in_base_units() -> None:
    names = [row.name for row in TABLE]
    assert len(set(names)) == len(names)
    for row in TABLE:
        assert row.name.startswith("redline_")
        assert row.name.endswith("_total") == (row.kind == "counter")
        assert row.name.endswith("_seconds") == (row.unit == "seconds")
        assert bool(row.buckets) == (row.kind == "histogram")
        assert list(row.buckets) == sorted(set(row.buckets))


def test_values_are_scraped_as_written() -> None:
    metrics = Metrics()
    metrics.add("redline_alerts_total", rule="a", severity="high", state="fired")
    metrics.add("redline_alerts_total", 2, rule="a", severity="high", state="fired")
    metrics.set("redline_consumer_lag", 7, topic="t", partition="0")
    metrics.observe("redline_end_to_end_seconds", 0.02)
    found = scrape(metrics)
    assert found["redline_alerts_total"] == {(("rule", "a"), ("severity", "high"), ("state", "fired")): 3}
    assert found["redline_consumer_lag"] == {(("partition", "0"), ("topic", "t")): 7}
    assert found["redline_end_to_end_seconds_bucket"][(("le", "0.025"),)] == 1
    assert found["redline_end_to_end_seconds_bucket"][(("le", "0.01"),)] == 0
    assert found["redline_article_bytes_total"] == {(): 0}
    assert not [name for name in found if name.endswith("_created")]


def test_series_are_bounded_and_nothing_is_lost() -> None:
    metrics = Metrics(series_max=10)
    for number in range(1_000):
        metrics.add("redline_topics_total", topic=f"topic-{number}")
    found = scrape(metrics)["redline_topics_total"]
    assert len(found) == 11
    assert found[(("topic", OTHER),)] == 990
    assert sum(found.values()) == 1_000


def test_known_series_stay_themselves_when_the_bound_is_reached() -> None:
    metrics = Metrics(series_max=1)
    for topic in ("first", "second", "first"):
        metrics.add("redline_topics_total", topic=topic)
    assert metrics.value("redline_topics_total", topic="first") == 2
    assert metrics.value("redline_topics_total", topic=OTHER) == 1


def test_clear_forgets_old_series() -> None:
    metrics = Metrics()
    metrics.set("redline_consumer_lag", 7, topic="t", partition="0")
    metrics.clear("redline_consumer_lag")
    metrics.set("redline_consumer_lag", 1, topic="t", partition="1")
    assert scrape(metrics)["redline_consumer_lag"] == {(("partition", "1"), ("topic", "t")): 1}


@pytest.mark.parametrize("labels", [{}, {"stage": "read"}, {"topic": "a", "rule": "b"}])
def test_unknown_names_and_labels_are_bugs(labels: dict[str, str]) -> None:
    with pytest.raises(KeyError):
        Metrics().add("redline_topics_total", **labels)
    with pytest.raises(KeyError):
        Metrics().add("redline_no_such_total", **labels)


def test_values_from_outside_are_bounded_and_the_first_ones_stay() -> None:
    metrics = Metrics(values_max=2)
    for source in ("a", "b", "c", "a", "d"):
        metrics.add("redline_alerts_by_source_total", source=source, severity="high")
    metrics.add("redline_alerts_by_source_total", source="b", severity="low")
    assert metrics.value("redline_alerts_by_source_total", source="a", severity="high") == 2
    assert metrics.value("redline_alerts_by_source_total", source="other", severity="high") == 2
    assert metrics.value("redline_alerts_by_source_total", source="b", severity="low") == 1
    assert metrics.value("redline_alerts_by_source_total", source="c", severity="high") == 0


def test_a_gauge_is_there_once_it_was_set_and_not_before() -> None:
    metrics = Metrics()
    assert "redline_broker_up" not in scrape(metrics)
    assert metrics.value("redline_broker_up") == 0
    metrics.set("redline_broker_up", 0)
    metrics.set("redline_broker_up", 0)
    assert scrape(metrics)["redline_broker_up"] == {(): 0}
    assert "redline_web_readers" not in scrape(metrics), "another service's"

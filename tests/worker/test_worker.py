import pytest

from stream.settings import Settings
from tests.worker.kit import following, make_topics, publish, running, until

pytestmark = pytest.mark.embedded


def test_records_travel_and_are_counted(broker_settings: Settings) -> None:
    make_topics(broker_settings)
    publish(
        broker_settings, "articles.raw", [(f"{n}".encode(), f"{n} {'alert' * (n % 2)}".encode()) for n in range(200)]
    )
    with running(broker_settings) as worker, following(broker_settings, "articles.tagged", "alerts.high") as follower:
        worker.ready()
        print(worker.ready_seconds)
        tagged = follower.wait("articles.tagged", 200)
        alerts = follower.wait("alerts.high", 100)
        assert sorted(tagged, key=lambda v: int(v.split()[0])) == [
            f"{n} {'alert' * (n % 2)}".encode() for n in range(200)
        ]
        assert len(set(alerts)) == 100
        until(lambda: worker.metric('redline_articles_total{stage="tagged"}') == 200, "200 counted")
        until(lambda: worker.metric("redline_end_to_end_seconds_count") == 100, "100 latencies")
        until(lambda: "redline_consumer_lag" in worker.page("/metrics")[1], "lag")
        print([l for l in worker.page("/metrics")[1].splitlines() if "lag" in l])
        assert worker.page("/livez") == (200, "ok\n")
        assert worker.stop() == 0
        print(worker.log)

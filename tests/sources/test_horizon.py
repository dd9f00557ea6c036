"""What a replay promises about time, in any order of items."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from stream.model.article import format_time
from stream.sources.horizon import DATE, Horizon
from stream.sources.item import Malformed, Offered, Origin

NOW = datetime(2026, 1, 1, tzinfo=UTC)
MORNING = datetime(2024, 5, 1, 12, tzinfo=UTC)


def _item(minute: int | None) -> Offered:
    fields = {} if minute is None else {"published": format_time(MORNING + timedelta(minutes=minute))}
    return Offered(Origin("x"), {"body": "b", **fields})


def test_the_picture_in_the_docstring() -> None:
    horizon = Horizon([_item(0), _item(10), _item(None), _item(5), _item(20)])
    minutes = [(horizon.still_to_come(i, NOW) - MORNING) // timedelta(minutes=1) for i in range(5)]
    assert minutes == [0, 5, 5, 5, 20]


def test_undated_articles_happen_when_they_are_sent() -> None:
    horizon = Horizon([_item(None), _item(None)])
    assert horizon.still_to_come(0, NOW) == NOW
    horizon.passed(0, NOW)
    assert horizon.newest(NOW + timedelta(hours=1)) == NOW


def test_an_article_from_the_future_moves_nothing() -> None:
    late = Offered(Origin("x"), {"body": "b", "published": "2100-01-01T00:00:00Z"})
    assert Horizon([late, _item(None)]).still_to_come(0, NOW) == NOW
    assert Horizon([late]).still_to_come(0, NOW) == NOW
    horizon = Horizon([_item(10), late, _item(20), late])
    assert [horizon.still_to_come(n, NOW) for n in range(4)] == [
        MORNING + timedelta(minutes=m) for m in (10, 20, 20, 20)
    ]
    for index in range(4):
        horizon.passed(index, NOW)
    assert horizon.newest(NOW) == MORNING + timedelta(minutes=20)


def test_fetched_comes_before_published_and_what_is_no_article_has_no_time() -> None:
    both = Offered(Origin("x"), {"fetched": "2024-05-02T00:00:00Z", "published": "2024-05-01T00:00:00Z"})
    horizon = Horizon([Malformed(Origin("y"), b"{"), both])
    assert horizon.still_to_come(0, NOW) == datetime(2024, 5, 2, tzinfo=UTC)
    assert horizon.still_to_come(2, NOW) == NOW


@given(st.lists(st.none() | st.integers(0, 50), max_size=12))
def test_no_article_comes_before_what_was_promised(minutes: list[int | None]) -> None:
    items = [_item(minute) for minute in minutes]
    horizon = Horizon(items)
    promised = datetime.min.replace(tzinfo=UTC)
    for index, minute in enumerate(minutes):
        now = NOW + timedelta(seconds=index)
        promise = horizon.still_to_come(index, now)
        assert promise >= promised, "a promise is never taken back"
        promised = promise
        moment = now if minute is None else MORNING + timedelta(minutes=minute)
        assert moment >= promise
        horizon.passed(index, now)
        assert horizon.newest(now) >= moment


def test_by_date_an_article_that_was_fetched_later_is_as_old_as_it_was_published() -> None:
    fetched = format_time(MORNING + timedelta(hours=9))
    items = [Offered(Origin("x"), {**_item(minute).fields, "fetched": fetched}) for minute in (5, 1)]
    assert Horizon(items).still_to_come(0, NOW) == MORNING + timedelta(hours=9)
    assert Horizon(items, DATE).still_to_come(0, NOW) == MORNING + timedelta(minutes=1)

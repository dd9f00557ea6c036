"""Sending again what was put aside: which, in which order, and what becomes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import orjson
import pytest

from stream.model import Record
from stream.notify.breaker import RetryLimits
from stream.notify.destinations.contract import Delivered, Failed, Message, Outcome, Refused
from stream.notify.resending import TRIES_MAX, Selection, Sent, pending, send_all
from stream.wire.undelivered import Undelivered, decode_undelivered, encode_undelivered
from tests.notify.kit import notice

LIMITS = RetryLimits(base_seconds=0.0)


def aside(number: int, *, at_ms: int = 0, destination: str = "desk", route: str = "r", code: str = "refused") -> Record:
    made = notice(number)
    found = Undelivered(destination, route, code, "answered 400", 1, made.id, made.group, "t", 0, number, 5, made.event)
    return record(encode_undelivered(found, topic="u").value, at_ms or number)


def record(value: bytes | None, at_ms: int) -> Record:
    return Record("u", 0, at_ms, at_ms, b"k", value, ())


def numbers(records: Sequence[Record], selection: Selection | None = None) -> list[int]:
    return [one.found.offset for one in pending(records, selection or Selection()).waiting]


def test_what_is_written_is_read_again_byte_for_byte() -> None:
    found = decode_undelivered(aside(1).value)
    assert isinstance(found, Undelivered)
    assert (found.alert, found.event, found.group) == (notice(1).id, notice(1).event, notice(1).group)


def test_each_once_a_destination_in_the_order_of_time() -> None:
    records = [aside(3), aside(1), aside(2), aside(1, at_ms=9), aside(1, at_ms=8, destination="other")]
    assert numbers(records) == [1, 2, 3, 1]


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(routes=frozenset({"b"})), [2]),
        (Selection(destinations=frozenset({"other"})), [3]),
        (Selection(codes=frozenset({"expired"})), [4]),
        (Selection(alerts=frozenset({notice(1).id})), [1]),
        (Selection(since_ms=3), [3, 4]),
        (Selection(until_ms=2), [1, 2]),
    ],
)
def test_only_what_is_asked_for(selection: Selection, expected: list[int]) -> None:
    records = [aside(1), aside(2, route="b"), aside(3, destination="other"), aside(4, code="expired")]
    assert numbers(records, selection) == expected


def test_what_was_taken_is_left_out_unless_it_is_wanted_again() -> None:
    (one, _) = pending([aside(1), aside(2)], Selection()).waiting
    note = encode_undelivered(Sent(one, "taken", "answered 200").note(), topic="u")
    assert note.key == notice(1).group.encode()
    records = [aside(1), aside(2), record(note.value, 7)]
    found = pending(records, Selection())
    assert ([w.found.offset for w in found.waiting], found.resent) == ([2], 1)
    assert numbers(records, Selection(again=True)) == [1, 2]
    assert numbers([*records, aside(1, at_ms=9)]) == [2, 1], "put aside anew since"


def test_what_holds_no_alert_is_counted() -> None:
    strange = orjson.loads(aside(1).value or b"") | {"alert": "text"}
    found = pending([record(None, 1), record(b"{", 2), record(orjson.dumps(strange), 3)], Selection())
    assert (found.waiting, found.unreadable) == ((), 3)


class Scripted:
    """A destination that answers as it is told, then well."""

    kind, place, together_max, in_flight_max = "webhook", "here", 1, None

    def __init__(self, name: str, *answers: Outcome) -> None:
        self.id, self._answers, self.got = name, list(answers), list[str]()

    async def deliver(self, message: Message, now: float) -> Outcome:
        self.got.append(message.id)
        return self._answers.pop(0) if self._answers else Delivered("answered 200")

    async def close(self) -> None: ...


def send(records: Sequence[Record], *destinations: Scripted) -> list[tuple[int, str]]:
    sent: list[tuple[int, str]] = []

    async def tell(one: Sent) -> None:
        sent.append((one.one.found.offset, one.outcome))

    asyncio.run(send_all(pending(records, Selection()).waiting, destinations, LIMITS, tell, lambda: 0.0))
    return sent


def test_each_goes_to_its_destination_under_its_id() -> None:
    desk, other = Scripted("desk"), Scripted("other")
    assert sorted(send([aside(1), aside(2, destination="other")], desk, other)) == [(1, "taken"), (2, "taken")]
    assert (desk.got, other.got) == ([notice(1).id], [notice(2).id])


def test_one_that_fails_is_tried_again_and_one_that_is_refused_is_not() -> None:
    desk = Scripted("desk", Failed("away"), Delivered("answered 200"), Refused("answered 400"))
    assert send([aside(1), aside(2), aside(3)], desk) == [(1, "taken"), (2, "refused"), (3, "taken")]
    assert desk.got == [notice(n).id for n in (1, 1, 2, 3)]


def test_a_dead_destination_is_left_alone_and_holds_up_no_other() -> None:
    dead, well = Scripted("desk", *[Failed("away")] * 99), Scripted("other")
    records = [aside(n) for n in range(1, 7)] + [aside(7, destination="other")]
    sent = send(records, dead, well)
    assert [one for one in sent if one[0] < 7] == [(n, "failed") for n in (1, 2, 3)] + [(n, "left") for n in (4, 5, 6)]
    assert (7, "taken") in sent
    assert len(dead.got) == 3 * TRIES_MAX


def test_one_that_is_gone_gets_nothing_more() -> None:
    gone = Scripted("desk", Refused("answered 410", gone=True))
    assert send([aside(1), aside(2)], gone) == [(1, "refused"), (2, "left")]

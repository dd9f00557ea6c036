"""What the page makes of records and decisions, in whatever order and with whatever times they come."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest
from aiohttp.test_utils import make_mocked_request
from pydantic import SecretStr, ValidationError

from stream.model import Record
from stream.model.decision import Acknowledgement, Silence, Verdict
from stream.settings import Settings
from stream.telemetry.events import Telemetry
from stream.telemetry.metrics import Metrics
from stream.web.cards import card_of
from stream.web.decisions import _decided
from stream.web.feed import Alerted, Decided, in_order, items_of
from stream.web.guard import Guard
from stream.web.page import Page, json_answer
from stream.web.rulebook import answer
from stream.web.rules import _book
from stream.web.store import Store
from stream.wire.decisions import encode_decision
from tests.web.kit import RULES
from tests.web.test_pure import NOW, alert


def acknowledged(by: str, *, withdrawn: bool = False) -> Acknowledgement:
    return Acknowledgement(by=by, at=NOW, alert="0123abcd", rule="r", withdrawn=withdrawn)


def record(topic: str, value: bytes, timestamp_ms: int) -> Record:
    return Record(topic, 0, 0, timestamp_ms, b"k", value)


def test_of_two_decisions_the_one_that_the_broker_took_last_counts_whatever_the_clocks_said() -> None:
    made = [acknowledged("Ada"), acknowledged("Bob", withdrawn=True)]
    values = [encode_decision(decision, topic="decisions").value for decision in made]
    records = [record("decisions", values[0], 2_000), record("decisions", values[1], 1_000)]
    records += [record("alerts.high", alert("late"), 900), record("alerts.high", alert("early"), 100)]
    ordered = in_order(items_of(records, ""))
    assert [item.decision for item in ordered if isinstance(item, Decided)] == made
    assert [item.card["id"] for item in ordered if isinstance(item, Alerted)] == ["early", "late"]


def test_times_that_cannot_be_arrivals_are_not_shown_as_such() -> None:
    now = time.time_ns() // 1_000_000
    records = [record("alerts.high", alert(str(at)), at) for at in (-1, 5, now * 1_000_000)]
    found = [item.arrived_ms for item in items_of(records, "") if isinstance(item, Alerted)]
    assert found[:2] == [0, 5]
    assert now <= found[2] <= time.time_ns() // 1_000_000


class OthersAreQuicker:
    """A decider whose decision is on the topic at once; another one follows before the acknowledgement is here."""

    def __init__(self, page: Page, *after: Acknowledgement) -> None:
        self._page, self._after = page, after

    async def decide(self, decision: Acknowledgement | Verdict | Silence) -> None:
        if self._after:
            self._page.take([Decided(decision), *(Decided(one) for one in self._after)], True)

    def close(self) -> None:
        """Nothing is open."""


def test_a_decision_that_is_confirmed_late_does_not_undo_a_newer_one() -> None:
    async def kept(*after: Acknowledgement) -> Any:
        page = Page(Settings(), Telemetry(Metrics()))
        page.decider.close()
        page.decider = OthersAreQuicker(page, *after)  # type: ignore[assignment]
        try:
            await _decided(page, acknowledged("Ada"))
            return page.store.acknowledged["0123abcd"].by
        finally:
            page.close()

    assert asyncio.run(kept()) == "Ada"
    assert asyncio.run(kept(acknowledged("Bob", withdrawn=True))) == "Bob"


def test_an_alert_that_is_still_kept_does_not_come_again_however_many_ids_came_since() -> None:
    store = Store(alerts_max=1_000_000, articles_bytes_max=1_000)
    card = card_of(alert("first"))
    assert card is not None
    assert store.add_alert(card, b"x", 1) is not None
    for number in range(200_001):
        store._seen.first(str(number))
    assert store.add_alert(card, b"x", 2) is None


def test_the_folder_of_the_rules_is_left_out_of_names_and_of_nothing_else(tmp_path: Any, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "war-rules.yml").write_text(RULES, encoding="utf-8")
    assert {rule["file"] for rule in answer("rules")["rules"]} == {"war-rules.yml"}
    (folder / "war-rules.yml").write_text(RULES.replace("rules/v1", "rule/v1", 1), encoding="utf-8")
    for given in ("rules", str(folder)):
        trouble = answer(given)["trouble"]
        assert "rules/v1" in trouble
        assert trouble.startswith(("war-rules.yml:", "error"))
        assert str(tmp_path) not in trouble


def test_half_a_character_in_a_rule_is_no_error() -> None:
    body = json_answer({"title": "a \ud83d b"}).body
    assert isinstance(body, bytes)
    assert json.loads(body) == {"title": "a ? b"}


def test_an_origin_that_is_no_address_is_another_page() -> None:
    headers = {"Origin": "http://[", "Host": "localhost"}
    assert not Guard(Settings()).knows_origin(make_mocked_request("POST", "/", headers=headers))


def test_two_tokens_are_two_and_blanks_around_one_are_not_of_it() -> None:
    token = "a-token-of-somebody"
    assert Settings(web_token=SecretStr(f" {token}\n")).token("web_token") == token
    with pytest.raises(ValidationError, match="are the same"):
        Settings(web_token=SecretStr(token), web_read_token=SecretStr(token))


def test_who_asks_for_the_rules_while_they_are_read_waits_for_the_same_answer() -> None:
    class OneAtATime:
        asked = 0

        async def call(self, folder: str) -> dict[str, Any]:
            self.asked += 1
            await asyncio.sleep(0)
            return {"trouble": None, "digest": None, "lists": 0, "rules": []}

        def close(self) -> None:
            """Nothing is open."""

    async def run() -> None:
        page = Page(Settings(), Telemetry(Metrics()))
        page.rules.close()
        page.rules = counted = OneAtATime()  # type: ignore[assignment]
        try:
            await asyncio.gather(*(_book(page) for _ in range(20)))
            assert counted.asked == 1
        finally:
            page.close()

    asyncio.run(run())

"""What is remembered of a feed."""

from __future__ import annotations

import orjson

from stream.sources.feeds.entry import Entry
from stream.sources.feeds.memory import ENTRIES_REMEMBERED_MAX, REVISIONS_MAX, Memory

URL = "https://user:secret@example.org/?key=secret"


def entry(key: str, body: str = "text") -> Entry:
    return Entry(key, {"body": body}, None, False)


def test_new_known_and_changed() -> None:
    memory = Memory.of(URL, None)
    assert memory.revision(entry("a")) == 1
    memory.note(entry("a"), 1)
    assert memory.revision(entry("a")) is None
    assert memory.revision(entry("a", " text\n")) is None, "blanks are no change"
    assert memory.revision(entry("a", "other")) == 2
    memory.note(entry("a", "other"), 2)
    assert memory.revision(entry("a", "other")) is None


def test_a_counter_in_the_text_ends_somewhere() -> None:
    memory = Memory.of(URL, None)
    for number in range(100):
        revision = memory.revision(entry("a", str(number)))
        if revision is None:
            break
        memory.note(entry("a", str(number)), revision)
    assert number == REVISIONS_MAX


def test_over_a_restart() -> None:
    memory = Memory.of(URL, None)
    memory.note(entry("a"), 3)
    memory.worked_on(b"body", '"tag"', "Thu, 01 Jan 2026 00:00:00 GMT")
    token = orjson.loads(orjson.dumps(memory.token()))
    assert b"secret" not in orjson.dumps(token)
    again = Memory.of(URL, token)
    assert again == memory
    assert again.headers() == {"If-None-Match": '"tag"', "If-Modified-Since": "Thu, 01 Jan 2026 00:00:00 GMT"}
    assert again.is_same(b"body")
    assert Memory.of("https://example.org/other", token).entries == {}
    assert Memory.of(URL, {"url": 5}).entries == {}
    assert Memory.of(URL, {**token, "entries": {"a": 5}}).entries == {}


def test_old_entries_are_forgotten_but_not_those_that_are_there() -> None:
    memory = Memory.of(URL, None)
    current = [entry("first")]
    memory.note(current[0], 1)
    for number in range(ENTRIES_REMEMBERED_MAX + 10):
        memory.note(entry(str(number)), 1)
    memory.forget(current)
    assert len(memory.entries) == ENTRIES_REMEMBERED_MAX
    assert memory.revision(current[0]) is None
    assert memory.revision(entry("0")) == 1

import gc
import io
import json
import logging
import sys
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.telemetry.logs import FIELD_BYTES_MAX, FIELDS_ATTRIBUTE, Throttle, configure_logging, safe


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def logged(style: str, message: str, **fields: object) -> str:
    out = io.StringIO()
    configure_logging("info", "json" if style == "json" else "text", to=out)
    logging.getLogger("redline").info("%s", message, extra={FIELDS_ATTRIBUTE: fields})
    return out.getvalue()


def test_text_is_one_line_for_people() -> None:
    line = logged("text", "rules loaded", rules=3, folder="my rules")
    assert line.split(" ", 1)[1] == 'info     rules loaded  rules=3 folder="my rules"\n'


def test_json_is_one_object_a_line() -> None:
    found = json.loads(logged("json", "rules loaded", rules=3, folder="my rules"))
    assert found.pop("time").endswith("Z")
    assert found == {
        "level": "info",
        "logger": "redline",
        "message": "rules loaded",
        "rules": 3,
        "folder": "my rules",
    }


@pytest.mark.parametrize("style", ["text", "json"])
def test_content_cannot_forge_a_line_or_drive_a_terminal(style: str) -> None:
    line = logged(style, "a\nb", title="x\r\n2026 critical forged\x1b[31m\u202e\u2028\x9b\x00")
    assert line.count("\n") == 1
    assert line.endswith("\n")
    assert not set(line[:-1]) & set("\r\x1b\u202e\u2028\x9b\x00")
    assert "\\u001b" in line


@given(st.text(alphabet=st.characters(), max_size=3_000))
def test_any_text_is_made_safe_and_short(text: str) -> None:
    shown = safe(text)
    assert len(shown.encode()) <= FIELD_BYTES_MAX
    assert shown.isprintable() or not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in shown)


def test_plain_text_stays_as_it_is() -> None:
    assert safe("Київ — “Kyiv” №1 🙂") == "Київ — “Kyiv” №1 🙂"
    assert safe("a\\u001b") == "a\\\\u001b"


def test_errors_are_one_line_with_their_place() -> None:
    out = io.StringIO()
    configure_logging("info", "json", to=out)
    try:
        raise ValueError("two\nlines")
    except ValueError:
        logging.getLogger("redline").exception("failed")
    found = json.loads(out.getvalue())
    assert found["error"] == "ValueError: two\\u000alines"
    assert "test_logs.py" in found["at"]


def test_libraries_are_calm_unless_something_is_wrong() -> None:
    out = io.StringIO()
    configure_logging("info", "text", to=out)
    logging.getLogger("aiokafka.cluster").warning("chatter")
    logging.getLogger("faust.app").info("chatter")
    logging.getLogger("faust.app").warning("trouble")
    assert out.getvalue().count("\n") == 1
    assert "trouble" in out.getvalue()


def test_throttle_lets_a_burst_through_and_counts_the_rest() -> None:
    throttle = Throttle(burst=2, period_seconds=60)
    assert [throttle.admit("a", now) for now in (0, 1, 2, 3)] == [0, 0, None, None]
    assert throttle.admit("b", 3) == 0
    assert throttle.admit("a", 61) == 2
    assert throttle.admit("a", 62) == 0


def test_what_python_would_print_as_a_traceback_is_one_line() -> None:
    out = io.StringIO()
    before = threading.excepthook, sys.unraisablehook
    try:
        configure_logging("info", "text", to=out)

        def fail() -> None:
            raise ValueError("gone\nforged line")

        thread = threading.Thread(target=fail)
        thread.start()
        thread.join()

        class Thrown:
            def __del__(self) -> None:
                raise ValueError("closed")

        Thrown()
        gc.collect()
    finally:
        threading.excepthook, sys.unraisablehook = before
    lines = out.getvalue().splitlines()
    assert len(lines) == 2
    assert "a thread ended with an error" in lines[0]
    assert "ValueError: gone" in lines[0]
    assert "ValueError: closed" in lines[1]
    assert "Traceback" not in out.getvalue()


def test_what_a_library_repeats_is_held_back_by_pattern_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1_000.0]
    monkeypatch.setattr("stream.telemetry.logs.time.monotonic", lambda: now[0])
    out = io.StringIO()
    configure_logging("info", "text", to=out)
    for number in range(500):
        logging.getLogger("aiokafka.conn").error("Unable to connect to %s", f"broker-{number}")
        logging.getLogger("mode.timers").warning("Timer %s woke up late", number)
        logging.getLogger("redline").warning("ours %s", number)
    logging.getLogger("aiokafka.conn").error("something else")
    lines = out.getvalue().splitlines()
    assert sum("Unable to connect" in line for line in lines) == 1
    assert sum("woke up late" in line for line in lines) == 10
    assert sum("ours" in line for line in lines) == 500
    assert "something else" in lines[-1]
    now[0] += 61
    logging.getLogger("aiokafka.conn").error("Unable to connect to %s", "again")
    assert out.getvalue().splitlines()[-1].endswith("Unable to connect to again  held_back=499")


def test_values_of_any_type_cannot_forge_a_line() -> None:
    line = logged("json", "x", places=["a\u2028b", "c\x1b[1m"], nested={"k\x9b": "\u202e"}, count=3, sure=True)
    assert not set(line[:-1]) & set("\u2028\x1b\x9b\u202e")
    found = json.loads(line)
    assert (found["count"], found["sure"]) == (3, True)
    assert isinstance(found["places"], str)

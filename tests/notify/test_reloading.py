"""A changed routes file: looked at aside, exchanged whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stream.notify.reloading import Refused, Usable
from stream.settings import Settings
from tests.notify.kit import notice, output
from tests.notify.running import (
    ThreadedReceiver,
    create_topics,
    notify_settings,
    notifying,
    publish,
    wait_for,
    watch_of,
)

END = "routes: []\nfallback: {to: [desk]}\n"


def text(*, name: str = "desk", end: str = END, more: str = "") -> str:
    url = "https://desk.example.com/"
    destination = f"  - {{id: {name}, type: webhook, url: '{url}', {more or 'unsigned: true'}}}\n"
    return f"schema: routes/v1\ndestinations:\n{destination}{end}"


def write(path: Path, content: str) -> None:
    aside = path.with_suffix(".new")
    aside.write_text(content, encoding="utf-8")
    aside.replace(path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "routes.yml"
    write(made, text())
    return made


def test_what_is_in_force_is_no_news(path: Path) -> None:
    watch = watch_of(path, Settings())
    assert watch.look(asked=False) in (None, Usable(watch_of(path, Settings())._force, None))
    assert watch.look(asked=False) is None


def test_a_change_is_usable_with_its_destinations(path: Path) -> None:
    watch = watch_of(path, Settings())
    watch.look(asked=False)
    write(path, text(name="other", end=END.replace("desk", "other")))
    found = watch.look(asked=False)
    assert isinstance(found, Usable)
    assert found.destinations is not None
    assert [destination.id for destination in found.destinations] == ["other"]
    watch.accept(found.routes)
    write(path, text(name="other", end=END.replace("desk", "other")) + "# a remark\n")
    assert watch.look(asked=False) == Usable(found.routes, None)
    asked = watch.look(asked=True)
    assert isinstance(asked, Usable)
    assert asked.destinations is not None, "whoever asks by hand wants it done"


FAILS = END + "tests: [{name: t, alert: {severity: high, rule: r, at: '2026-03-02T03:00:00Z'}, expect: []}]\n"


@pytest.mark.parametrize(
    ("content", "what", "at"),
    [
        ("schema: [", "R1", "routes.yml:"),
        (text(end="routes: []\nfallback: {to: [dsk]}\n"), "N108", "routes.yml:5:"),
        (text(end=FAILS), "test 't'", "routes.yml:6:"),
        (text(more="unsigned: true, enabled: false"), "found no enabled destination", ""),
        (text(more="secret_file: gone"), "N103", "routes.yml:3:"),
        ("", "R202", "routes.yml:1:"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_place(path: Path, content: str, what: str, at: str) -> None:
    watch = watch_of(path, Settings())
    watch.look(asked=False)
    write(path, content)
    found = watch.look(asked=False)
    assert isinstance(found, Refused)
    assert what in found.troubles[0].what
    assert at in found.troubles[0].at
    assert watch.look(asked=False) is None, "said once"
    write(path, text())
    assert isinstance(watch.look(asked=False), Usable)


def test_a_file_that_is_gone_is_refused(path: Path) -> None:
    watch = watch_of(path, Settings())
    watch.look(asked=False)
    path.unlink()
    found = watch.look(asked=False)
    assert isinstance(found, Refused)
    assert "there is no routes file" in found.troubles[0].what


def test_a_new_secret_is_a_change(path: Path) -> None:
    secret = path.with_name("secret")
    secret.write_text("whsec_" + "QUFB" * 10)
    write(path, text(more="secret_file: secret"))
    watch = watch_of(path, Settings())
    watch.look(asked=False)
    secret.write_text("whsec_" + "QUJB" * 10)
    os.utime(secret, ns=(1, 1))
    found = watch.look(asked=False)
    assert isinstance(found, Usable)
    assert found.destinations is not None


@pytest.mark.embedded
def test_a_running_notifier_takes_a_changed_file_whole_or_not_at_all(broker_settings: Settings, tmp_path: Path) -> None:
    settings = notify_settings(broker_settings, notify_poll_interval_ms=50)
    create_topics(settings)
    prefix, path = settings.topic_prefix, tmp_path / "routes.yml"
    head, outcome = "schema: routes/v1\ndestinations:\n", "redline_notify_reloads_total"
    with ThreadedReceiver() as desk, ThreadedReceiver() as other:
        write(path, head + desk.entry("desk") + END)
        with notifying(path, settings) as running:
            publish(settings, [output(1, prefix=prefix)])
            wait_for(lambda: len(desk.ids()) == 1, "the first alert arrives")
            # Half of a change: the old routes go on.
            write(path, head + other.entry("other") + END)
            wait_for(lambda: running.metrics.value(outcome, outcome="refused") == 1, "it is refused")
            assert running.metrics.value("redline_notify_reload_success") == 0
            publish(settings, [output(2, prefix=prefix)])
            wait_for(lambda: len(desk.ids()) == 2, "the old routes deliver")
            # All of it: what comes from now on goes to both.
            write(path, head + desk.entry("desk") + other.entry("other") + END.replace("[desk]", "[desk, other]"))
            wait_for(lambda: running.metrics.value(outcome, outcome="changed") == 1, "it is in force")
            wait_for(lambda: running.notifier.ready() is None, "both destinations are served")
            publish(settings, [output(3, prefix=prefix)])
            wait_for(lambda: len(desk.ids()) == 3 and len(other.ids()) == 1, "both get the next")
            # One goes, by hand this time.
            write(path, head + other.entry("other") + END.replace("desk", "other"))
            running.notifier.ask()
            wait_for(lambda: running.metrics.value(outcome, outcome="changed") >= 2, "it is in force")
            wait_for(lambda: running.notifier.ready() is None, "the other is served")
            publish(settings, [output(4, prefix=prefix)])
            wait_for(lambda: len(other.ids()) == 2, "the other goes on")
            assert running.metrics.value("redline_notify_reload_success") == 1
        assert desk.ids() == [notice(n).id for n in (1, 2, 3)], "nothing twice, nothing after it was taken out"
        assert other.ids() == [notice(n).id for n in (3, 4)], "a new destination begins with what comes from then on"

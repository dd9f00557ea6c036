"""The worker's own host: few file descriptors, none left, a full disk."""

import resource
import socket
import subprocess
import tempfile
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import faust
import pytest

from stream.errors import SettingsError
from stream.settings import Settings
from stream.worker.host import FAUST_FOLDERS, working_folder
from tests.e2e import scenarios
from tests.worker.disk import fill, small_disk
from tests.worker.kit import REAL, following, publish, running, until

LIMITED = ("-m", "tests.worker.limited")
DISK_BYTES = 400_000


@pytest.fixture
def settings(broker_settings: Settings, tmp_path: Path) -> Settings:
    return scenarios.with_rules(broker_settings, tmp_path)


@pytest.mark.embedded
def test_with_128_descriptors_it_works_while_sixty_ask_for_its_metrics(settings: Settings) -> None:
    with (
        running(settings, (*LIMITED, "128", "worker")) as worker,
        ExitStack() as asking,
        following(settings, "alerts.high") as follower,
    ):
        worker.ready()
        until(lambda: "url=" in worker.log, "serving")
        address = urlsplit(worker.log.partition("url=")[2].split()[0])
        for _ in range(60):
            asking.enter_context(socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=5))
        publish(settings, "articles.raw", scenarios.articles(0, 50))
        follower.wait("alerts.high", 50)
        assert worker.process.poll() is None, worker.log
        assert "Traceback" not in worker.log
        assert worker.stop() == 0


@pytest.mark.embedded
def test_without_a_descriptor_left_it_ends_with_75_and_says_so(settings: Settings) -> None:
    with running(settings, REAL) as worker:
        worker.ready()
        resource.prlimit(worker.process.pid, resource.RLIMIT_NOFILE, (3, 3))
        assert worker.wait_exit() == 75
        said = worker.log.splitlines()[-1]
        assert "no file or connection can be opened: all 3 are in use; raise `ulimit -n`" in said


def test_too_few_descriptors_are_refused_at_start(tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text(scenarios.RULE, encoding="utf-8")
    nowhere = Settings(bootstrap="127.0.0.1:1", metrics_port=0, rules_dir=tmp_path)
    with running(nowhere, (*LIMITED, "40", "worker")) as worker:
        assert worker.wait_exit() == 2
        assert "found a limit of 40 open files and connections" in worker.log.splitlines()[-1]
        assert "expected at least 96: set `ulimit -n 1024`" in worker.log.splitlines()[-1]


@pytest.mark.embedded
@pytest.mark.parametrize("below", ["", "below/it"])
def test_a_folder_that_is_a_file_is_refused_at_start(settings: Settings, tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("")
    there = tmp_path / "file" / below
    said = _refused(settings.model_copy(update={"data_dir": there}))
    assert f"REDLINE_DATA_DIR (--data-dir): cannot use {there} ({tmp_path / 'file'} is no folder)" in said


@pytest.mark.embedded
def test_a_folder_that_may_not_be_written_is_refused_at_start(settings: Settings, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", DISK_BYTES) as disk:
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        said = _refused(settings.model_copy(update={"data_dir": disk / "data"}))
    assert f"REDLINE_DATA_DIR (--data-dir): cannot use {disk / 'data'} (Read-only file system), expected" in said


def test_no_temporary_folder_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nothing"))
    with (
        pytest.raises(SettingsError, match=r"temporary folder .*; name a folder to write to with REDLINE_DATA_DIR"),
        working_folder(None),
    ):
        pass


def test_a_folder_is_made_and_stays(tmp_path: Path) -> None:
    with working_folder(tmp_path / "not" / "yet") as (folder, is_temporary):
        assert (folder, is_temporary) == (tmp_path / "not" / "yet", False)
    assert (folder / FAUST_FOLDERS).is_dir()
    with working_folder(None) as (folder, is_temporary):
        assert (folder.is_dir(), is_temporary) == (True, True)
    assert not folder.exists()


def test_what_is_made_is_what_faust_makes(tmp_path: Path) -> None:
    assert faust.App("any", datadir=tmp_path).conf.tabledir == tmp_path / FAUST_FOLDERS


def _refused(settings: Settings) -> str:
    """The last line of a worker that does not start with these settings."""
    with running(settings, REAL) as worker:
        assert worker.wait_exit() == 2, worker.log
        assert "url=" not in worker.log
        return worker.log.splitlines()[-1]


@pytest.mark.embedded
def test_with_a_full_disk_the_log_ends_and_the_work_goes_on(settings: Settings, tmp_path: Path) -> None:
    """Its folder, its temporary files and its log are on a disk that becomes full."""
    with small_disk(tmp_path / "disk", DISK_BYTES) as disk:
        there = settings.model_copy(update={"data_dir": disk / "data"})
        with (
            running(there, REAL, log_folder=disk, TMPDIR=str(disk)) as worker,
            following(settings, "alerts.high") as follower,
        ):
            worker.ready()
            fill(disk / "filler")
            publish(settings, "articles.raw", scenarios.articles(0, 50))
            follower.wait("alerts.high", 50)
            assert worker.page("/readyz")[0] == 200
            assert worker.stop() == 0

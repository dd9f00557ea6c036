"""Where the samples come from: metrics endpoints or Prometheus, and the broker, each asked by a thread of its own.

Whatever is away is a sentence in the sample, never an exception; the screen goes on.
"""

from __future__ import annotations

import http.client
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Sequence

import orjson

from stream.broker.groups import GroupState, GroupWatch
from stream.cli.asking import read_until
from stream.cli.topping.sample import Group, Member, Process, Sample, kind_of, parse_exposition, processes_of
from stream.errors import RedlineError
from stream.settings import Settings
from stream.wire.topics import MATCHES, RAW, full_name

ANSWER_SECONDS_MAX = 3.0
ANSWER_BYTES_MAX = 20_000_000
BROKER_CONNECT_MS_MAX = 2_000
BROKER_SECONDS = 4.0
BROKER_SILENT_SECONDS = 15.0
"""So long after its last answer, what the broker said is not shown any more: it may be frozen."""

SERIES_QUERY = '{__name__=~"redline_.+|process_.+|up",job=~"redline-.+"}'

_ANY = ("0.0.0.0", "::", "")
_DIRECTLY = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_AS_SET_UP = urllib.request.build_opener()
"""The way to a Prometheus may go through a proxy; the processes of a machine are not behind one."""


class Endpoints:
    """The /metrics of processes on known addresses: those named, else the ports of the settings."""

    def __init__(self, settings: Settings, named: Sequence[str]) -> None:
        self._named = [("", url.rstrip("/").removesuffix("/metrics")) for url in named]
        host = "127.0.0.1" if settings.metrics_host in _ANY else settings.metrics_host
        ports = (
            ("worker", settings.metrics_port),
            ("ingest", settings.ingest_metrics_port),
            ("notify", settings.notify_metrics_port),
            ("replay", settings.replay_metrics_port),
            ("web", settings.web_metrics_port),
        )
        self._all = self._named or [(kind, f"http://{host}:{port}") for kind, port in ports if port]

    def __call__(self) -> tuple[tuple[Process, ...], str | None]:
        """What each of them told. A service of the settings that does not run is left out, but for the worker."""
        found = [self._ask(kind, url) for kind, url in self._all]
        return tuple(p for p in found if p.there or p.kind == "worker" or self._named), None

    def _ask(self, kind: str, url: str) -> Process:
        at = url.removeprefix("http://")
        try:
            series = parse_exposition(_get(f"{url}/metrics").decode("utf-8", "replace"))
        except OSError as error:
            return Process(kind or "worker", at, f"no answer ({_why(error)})")
        if not any(name.startswith("redline_") for name in series):
            return Process(kind or "worker", at, "what answers there is not Redline")
        return Process(kind or kind_of(series), at, self._unready(url), series)

    def _unready(self, url: str) -> str | None:
        try:
            _get(f"{url}/readyz")
        except urllib.error.HTTPError as error:
            return _said(error) or f"status {error.code}"
        except OSError as error:
            return f"no answer ({_why(error)})"
        return None


class Prometheus:
    """The same series as Prometheus has them, of all processes of the jobs `redline-…`."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    def __call__(self) -> tuple[tuple[Process, ...], str | None]:
        """The processes; or none, and why."""
        query = urllib.parse.urlencode({"query": SERIES_QUERY})
        try:
            answer = orjson.loads(_get(f"{self._url}/api/v1/query?{query}", opener=_AS_SET_UP))
            return tuple(processes_of(answer["data"]["result"])), None
        except OSError as error:
            return (), f"no answer from Prometheus at {self._url} ({_why(error)})"
        except (AttributeError, IndexError, KeyError, TypeError, ValueError):
            return (), f"what answers at {self._url} is no Prometheus"


class Gatherer:
    """Takes samples until it is closed; a context manager. `newest` may be asked by any thread."""

    def __init__(
        self,
        settings: Settings,
        source: Callable[[], tuple[tuple[Process, ...], str | None]],
        *,
        interval_seconds: float,
        took: Callable[[Sample], None],
        alone: bool = True,
    ) -> None:
        """`took` gets each sample, on a thread of ours; without `alone`, samples are taken only by `now`."""
        quick = min(settings.kafka_connect_timeout_ms, BROKER_CONNECT_MS_MAX)
        self._settings = settings.model_copy(update={"kafka_connect_timeout_ms": quick})
        self._source, self._interval, self._took = source, interval_seconds, took
        self._stopping = threading.Event()
        self._asked = threading.Event()
        self._group: Group | None = None
        self._trouble: str | None = None
        self._told_at = 0.0
        self._bug: Exception | None = None
        self._threads = [
            threading.Thread(target=self._guarded, args=(target,), name=name, daemon=True)
            for name, target in (("top-samples", self._sample), ("top-broker", self._watch))
            if alone or target == self._watch
        ]

    def __enter__(self) -> Gatherer:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join(1.0)

    def check(self) -> None:
        """Raises what ended one of our threads: old numbers are not shown as if they were those of now."""
        if self._bug is not None:
            raise self._bug

    def wait_for_broker(self, seconds_max: float) -> None:
        """Returns when the broker was asked once, or after so many seconds."""
        self._asked.wait(seconds_max)

    def now(self) -> Sample:
        """A sample, taken on the caller's thread."""
        processes, trouble = self._source()
        group, broker_trouble, now = self._group, self._trouble, time.monotonic()
        if group is not None and now - self._told_at > BROKER_SILENT_SECONDS:
            group, broker_trouble = None, f"it has not answered for {now - self._told_at:.0f} s"
        return Sample(now, processes, group, broker_trouble, trouble)

    def _guarded(self, target: Callable[[], None]) -> None:
        try:
            target()
        except Exception as error:  # noqa: BLE001 - raised again by `check`
            self._bug = error
            self._asked.set()

    def _sample(self) -> None:
        while not self._stopping.is_set():
            began = time.monotonic()
            self._took(self.now())
            self._stopping.wait(max(0.1, self._interval - (time.monotonic() - began)))

    def _watch(self) -> None:
        watch: GroupWatch | None = None
        topics = [full_name(self._settings.topic_prefix, topic) for topic in (RAW, MATCHES)]
        while not self._stopping.is_set():
            try:
                if watch is None:
                    watch = GroupWatch(self._settings, self._settings.consumer_group, topics)
                group = group_of(watch.state(), self._settings.topic_prefix)
                self._told_at, self._group, self._trouble = time.monotonic(), group, None
            except RedlineError as error:
                self._group, self._trouble = None, str(error)
                if watch is not None:
                    watch.close()
                watch = None
            self._asked.set()
            self._stopping.wait(BROKER_SECONDS if watch is not None else 1.0)
        if watch is not None:
            watch.close()


def group_of(state: GroupState, prefix: str) -> Group:
    """The group with its lag by topic and by member."""
    lag: dict[str, int] = {}
    for (topic, _), records in state.lag.items():
        lag[topic.removeprefix(prefix)] = lag.get(topic.removeprefix(prefix), 0) + records
    members = tuple(
        Member(m.id or m.client, m.host, len(m.partitions), sum(state.lag.get(p, 0) for p in m.partitions))
        for m in state.members
    )
    return Group(state.state, members, lag)


def _get(url: str, *, opener: urllib.request.OpenerDirector = _DIRECTLY) -> bytes:
    """The answer's body. Raises `OSError`, whatever is wrong with the address or the answer."""
    deadline = time.monotonic() + ANSWER_SECONDS_MAX
    try:
        with opener.open(url, timeout=ANSWER_SECONDS_MAX) as answer:
            return read_until(answer, deadline, bytes_max=ANSWER_BYTES_MAX)
    except (http.client.HTTPException, ValueError) as error:
        raise OSError("what came is no HTTP" if isinstance(error, http.client.HTTPException) else str(error)) from error


def _said(answer: urllib.error.HTTPError) -> str:
    try:
        return answer.read(500).decode("utf-8", "replace").strip()
    except (OSError, http.client.HTTPException):
        return ""


def _why(error: OSError) -> str:
    reason = getattr(error, "reason", None)
    return str(getattr(reason, "strerror", None) or reason or error.strerror or error).lower()

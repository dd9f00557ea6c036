"""A real Apache Kafka of one node, from Maven Central, in a temporary folder and on free ports."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from base64 import urlsafe_b64encode
from pathlib import Path
from types import TracebackType

from stream.broker.probe import trouble
from tests.ports import free_ports

VERSION = "4.1.0"
HERE = Path(__file__).parent
JARS = HERE.parent.parent / ".cache" / f"kafka-{VERSION}"
START_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 30.0

PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={folder}/logs
num.network.threads=2
num.io.threads=2
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
auto.create.topics.enable=false
"""


class KafkaBroker:
    """Formats the storage and starts the broker; ready when the constructor returns. A context manager."""

    def __init__(self, *, folder: Path | None = None) -> None:
        """`folder`: where everything is kept, instead of a temporary folder; it is emptied in the end."""
        fetch_jars()
        self.folder = folder or Path(tempfile.mkdtemp(prefix="kafka-"))
        self.port, self.controller_port = free_ports(2)
        self._format(cluster_id())
        self.start()

    def _format(self, cluster: str) -> None:
        self._properties = self.folder / "server.properties"
        properties = PROPERTIES.format(port=self.port, controller=self.controller_port, folder=self.folder)
        self._properties.write_text(properties + self.more_properties(), encoding="utf-8")
        done = subprocess.run(
            _java("kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(self._properties), *self.more_format()),
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise RuntimeError(f"the storage was not formatted: {done.stdout[-2_000:]}{done.stderr[-2_000:]}")

    def more_properties(self) -> str:
        """Lines behind the properties above, of which they win; the folder is there already."""
        return ""

    def more_format(self) -> list[str]:
        """Arguments for formatting the storage."""
        return []

    @property
    def bootstrap(self) -> str:
        """host:port for clients."""
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Starts the broker on its storage and waits until it answers."""
        self.launch()
        self.wait_until_it_answers()

    def launch(self) -> None:
        """Starts the broker on its storage."""
        self._log = (self.folder / "broker.log").open("ab")
        self.process = subprocess.Popen(
            _java("kafka.Kafka", str(self._properties)), stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log
        )

    def wait_until_it_answers(self) -> None:
        """Raises `RuntimeError` with the end of its log if it does not."""
        deadline = time.monotonic() + START_SECONDS_MAX
        while trouble("127.0.0.1", self.port) is not None:
            if self.process.poll() is not None or time.monotonic() > deadline:
                said = (self.folder / "broker.log").read_text(errors="replace")[-2_000:]
                self.stop()
                raise RuntimeError(f"Kafka did not start:\n{said}")
            time.sleep(0.1)

    def kill(self) -> None:
        """Ends the broker at once; its storage stays."""
        self.process.kill()
        self.process.wait()
        self._log.close()

    def freeze(self) -> None:
        """Stops the broker in its tracks; its connections stay."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Lets it go on."""
        self.process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """Ends the broker and removes its storage."""
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> KafkaBroker:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()


def cluster_id() -> str:
    """A new one, as Kafka wants it."""
    return urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "x")


def fetch_jars() -> None:
    """Copies the jars of `pom.xml` into `.cache/`, once."""
    if (JARS / ".complete").exists():
        return
    maven, java = shutil.which("mvn"), shutil.which("java")
    if maven is None or java is None:
        raise RuntimeError("tests on a real Kafka need `java` (17 or newer) and `mvn` on the PATH")
    goal = ["dependency:copy-dependencies", f"-DoutputDirectory={JARS}", "-DincludeScope=runtime"]
    subprocess.run([maven, "-q", "-B", "-f", str(HERE / "pom.xml"), *goal], check=True)
    (JARS / ".complete").touch()


def _java(main: str, *arguments: str) -> list[str]:
    options = ["-Xmx384m", "-Xms128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
    return ["java", *options, "-cp", f"{JARS}/*", main, *arguments]

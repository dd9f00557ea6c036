"""A real Apache Kafka of three nodes: every topic of three replicas survives the death of any one."""

from __future__ import annotations

import tempfile
from pathlib import Path
from types import TracebackType

from tests.kafka.broker import KafkaBroker, cluster_id, fetch_jars
from tests.ports import free_ports

NODES = 3


class _Node(KafkaBroker):
    def __init__(self, number: int, port: int, controller_port: int, voters: str, cluster: str) -> None:
        fetch_jars()
        self.folder = Path(tempfile.mkdtemp(prefix=f"kafka-{number}-"))
        self.port, self.controller_port = port, controller_port
        self._more = (
            f"node.id={number}\ncontroller.quorum.voters={voters}\nmin.insync.replicas=2\n"
            "offsets.topic.replication.factor=3\nbroker.session.timeout.ms=4000\nbroker.heartbeat.interval.ms=1000\n"
        )
        self._format(cluster)

    def more_properties(self) -> str:
        return self._more


class KafkaCluster:
    """Three nodes, ready when the constructor returns. A context manager."""

    def __init__(self) -> None:
        ports = free_ports(2 * NODES)
        brokers, controllers = ports[:NODES], ports[NODES:]
        voters = ",".join(f"{number}@127.0.0.1:{port}" for number, port in enumerate(controllers, 1))
        cluster = cluster_id()
        self.nodes = [
            _Node(number, broker, controller, voters, cluster)
            for number, (broker, controller) in enumerate(zip(brokers, controllers, strict=True), 1)
        ]
        for node in self.nodes:
            node.launch()
        for node in self.nodes:
            node.wait_until_it_answers()

    @property
    def bootstrap(self) -> str:
        """All nodes, for clients."""
        return ",".join(node.bootstrap for node in self.nodes)

    def stop(self) -> None:
        """Ends all nodes and removes their storage."""
        for node in self.nodes:
            node.stop()

    def __enter__(self) -> KafkaCluster:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

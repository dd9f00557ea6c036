"""A `BrokerWatch` that tells a service's log and metrics."""

from __future__ import annotations

from stream.broker.watching import BrokerWatch
from stream.settings import Settings
from stream.telemetry.events import Telemetry
from stream.telemetry.reaching import BrokerAway, BrokerBack, BrokerFound, BrokerSought


class ServiceWatch(BrokerWatch):
    """Made when a service starts, opened (a context manager) once it has found its topics."""

    def __init__(self, settings: Settings, telemetry: Telemetry, meanwhile: str) -> None:
        """`meanwhile`: a sentence, without the full stop, about what the service does while Kafka is away."""
        super().__init__(settings, self._tell)
        self._bootstrap, self._telemetry, self._meanwhile = settings.bootstrap, telemetry, meanwhile
        telemetry.emit(BrokerSought())

    def __enter__(self) -> ServiceWatch:
        self._telemetry.emit(BrokerFound())
        super().__enter__()
        return self

    def _tell(self, *, answers: bool, silence_seconds: float) -> None:
        self._telemetry.emit(
            BrokerBack(self._bootstrap, silence_seconds)
            if answers
            else BrokerAway(self._bootstrap, silence_seconds, self._meanwhile)
        )

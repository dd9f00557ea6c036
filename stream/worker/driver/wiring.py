"""What every piece of the driver is given by the transport that Faust made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from faust.transport.drivers.aiokafka import Transport

from stream.worker.driver.chunk import Fail
from stream.worker.driver.holes import Holes
from stream.worker.driver.lease import Lease
from stream.worker.driver.limits import Limits

Notice = Callable[[str], None]
"""Is told in one sentence of what the driver has mended."""


class WiredTransport(Transport):
    """A transport with the driver's own things; `use_chunks` fills them in before anything uses them."""

    limits: Limits
    lease: Lease
    fail: Fail
    notice: Notice

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.holes = Holes()
        self.chunked_topics: set[str] = set()
        self.urgent_topics: set[str] = set()
        self.topic_records_max: dict[str, int] = {}
        """Topics whose chunks have a bound of their own."""

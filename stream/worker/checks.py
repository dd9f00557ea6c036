"""Before the worker joins its group: does the broker answer and let us in, and are the topics there?"""

from __future__ import annotations

import asyncio
import threading

from stream.broker.admin import require_topics
from stream.settings import Settings
from stream.wire.topics import TOPICS


async def check_broker(settings: Settings) -> None:
    """Waits up to `kafka_connect_timeout_ms` for the broker. Raises `ServiceError` in one sentence.

    Can be cancelled at any moment.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def tell(error: BaseException | None) -> None:
        if not done.done():
            done.set_result(None) if error is None else done.set_exception(error)

    def check() -> None:
        found: BaseException | None = None
        try:
            require_topics(settings, TOPICS, "worker")
        except Exception as error:  # noqa: BLE001 - raised where it is waited for
            found = error
        if not loop.is_closed():
            loop.call_soon_threadsafe(tell, found)

    # Not the loop's own threads: the end of the process would wait for them.
    threading.Thread(target=check, name="check-broker", daemon=True).start()
    await done

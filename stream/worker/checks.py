"""Before the worker joins its group: does the broker answer, and are the topics there?"""

from __future__ import annotations

import asyncio
import logging

from aiokafka.admin import AIOKafkaAdminClient  # type: ignore[import-untyped]
from aiokafka.errors import AuthenticationFailedError, KafkaError  # type: ignore[import-untyped]
from faust.transport.drivers.aiokafka import credentials_to_aiokafka_auth

from stream.errors import ServiceError
from stream.settings import Settings
from stream.wire.topics import TOPICS, full_name
from stream.worker.security import credentials

RETRY_SECONDS = 0.25


async def check_broker(settings: Settings) -> None:
    """Waits up to `kafka_connect_timeout_ms` for the broker. Raises `ServiceError` in one sentence."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # the attempts are ours to report
    trouble: list[str] = []
    try:
        async with asyncio.timeout(settings.kafka_connect_timeout_ms / 1_000):
            names = await _topic_names(settings, trouble)
    except TimeoutError:
        last = f" ({trouble[-1]})" if trouble else ""
        raise ServiceError(
            f"no Kafka broker answered at {settings.bootstrap} within {settings.kafka_connect_timeout_ms} ms{last}; "
            "start it, or name another one with --bootstrap or REDLINE_BOOTSTRAP"
        ) from None
    missing = [name for topic in TOPICS if (name := full_name(settings.topic_prefix, topic)) not in names]
    if missing:
        raise ServiceError(
            f"the broker at {settings.bootstrap} has no topic {', '.join(missing)}; "
            "make the topics with `redline topics create`"
        )


async def _topic_names(settings: Settings, trouble: list[str]) -> set[str]:
    options = credentials_to_aiokafka_auth(credentials(settings))
    while True:
        admin = AIOKafkaAdminClient(
            bootstrap_servers=settings.bootstrap.split(","),
            request_timeout_ms=settings.kafka_connect_timeout_ms,
            **options,
        )
        try:
            await admin.start()
            return set(await admin.list_topics())
        except AuthenticationFailedError as error:
            raise ServiceError(
                f"the broker at {settings.bootstrap} refused the login of {settings.kafka_username!r} "
                f"({settings.kafka_sasl_mechanism}): {error}"
            ) from error
        except (KafkaError, OSError) as error:
            trouble[:] = [str(error).splitlines()[0] if str(error) else type(error).__name__]
            await asyncio.sleep(RETRY_SECONDS)
        finally:
            await admin.close()

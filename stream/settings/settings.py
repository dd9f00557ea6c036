"""All settings in one class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stream.settings.ingest import IngestSettings
from stream.settings.kafka import KafkaSettings
from stream.settings.memory import MemorySettings
from stream.settings.notify import NotifySettings
from stream.settings.page import PageSettings
from stream.settings.replay import ReplaySettings
from stream.settings.rules import RuleSettings
from stream.settings.services import ServiceSettings
from stream.settings.worker import WorkerSettings

if TYPE_CHECKING:
    from stream.engine import EngineConfig


# The last group's fields come first (method resolution order), in the reference as in the checks.
class Settings(
    ReplaySettings,
    PageSettings,
    ServiceSettings,
    NotifySettings,
    IngestSettings,
    WorkerSettings,
    MemorySettings,
    RuleSettings,
    KafkaSettings,
):
    """All settings of all commands; each command uses the ones its reference page lists."""

    def engine_config(self) -> EngineConfig:
        """The part of the settings that the engine gets, as a value."""
        # Imported here: most commands need settings and no engine, and start in half the time without it.
        from stream.engine import EngineConfig
        from stream.matching import Limits

        return EngineConfig(
            topic_prefix=self.topic_prefix,
            pipeline=self.pipeline,
            message_bytes_max=self.message_bytes_max,
            alert_bytes_max=self.alert_bytes_max,
            dead_letter_original_bytes_max=self.dead_letter_original_bytes_max,
            limits=Limits(evidence_per_match_max=self.evidence_per_match_max),
            detect_limits=self.detect_limits(),
        )

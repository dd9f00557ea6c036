"""What people decide about alerts: acknowledgements, verdicts, silences. Values of the compacted topic `decisions`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer, StringConstraints, model_validator

from stream.model.article import format_time
from stream.model.severity import Severity

NOTE_CODE_POINTS_MAX = 2_000
NAME_CODE_POINTS_MAX = 100

Time = Annotated[AwareDatetime, PlainSerializer(format_time, return_type=str, when_used="json")]
ID = r"^[0-9a-fA-F-]{8,64}$"
"""What ids of alerts and silences look like."""

Id = Annotated[str, StringConstraints(pattern=ID)]
Person = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=NAME_CODE_POINTS_MAX)]
Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=NOTE_CODE_POINTS_MAX)]
Asked = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4_000)]


class _Decision(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    by: Person
    at: Time


class Acknowledgement(_Decision):
    """Somebody has seen an alert and takes care of it; `withdrawn` takes that back."""

    kind: Literal["acknowledgement"] = "acknowledgement"
    alert: Id
    rule: str | None = None
    note: Note = ""
    withdrawn: bool = False

    @property
    def key(self) -> str:
        """One a alert."""
        return f"{self.kind}:{self.alert}"


class Verdict(_Decision):
    """Whether an alert was right. `rule` and `rule_version` are those of the alert; `withdrawn` takes it back."""

    kind: Literal["verdict"] = "verdict"
    alert: Id
    rule: str | None = None
    rule_version: int | None = None
    verdict: Literal["true_positive", "false_positive"]
    note: Note = ""
    withdrawn: bool = False

    @property
    def key(self) -> str:
        """One a alert."""
        return f"{self.kind}:{self.alert}"


class Silence(_Decision):
    """Alerts that nobody wants to see until `ends`: those to which every criterion given applies, at least one."""

    kind: Literal["silence"] = "silence"
    id: Id
    ends: Time
    reason: Note = ""
    rule: Asked | None = None
    topic: Asked | None = None
    source: Asked | None = None
    severity: Severity | None = Field(None, description="This severity exactly.")

    @model_validator(mode="after")
    def _asks_for_something(self) -> Silence:
        if not (self.rule or self.topic or self.source or self.severity):
            raise ValueError("found no criterion, expected at least one of rule, topic, source, severity")
        return self

    @property
    def key(self) -> str:
        """One a silence; a new end is a new record under the same key."""
        return f"{self.kind}:{self.id}"

    def applies(
        self, now: datetime, *, rule: str, topics: tuple[str, ...], source: str | None, severity: Severity
    ) -> bool:
        """True if an alert with these properties is to be silent at `now`."""
        return (
            now < self.ends
            and self.rule in (None, rule)
            and (self.topic is None or self.topic in topics)
            and (self.source is None or self.source.casefold() == (source or "").casefold())
            and self.severity in (None, severity)
        )


Decision = Annotated[Acknowledgement | Verdict | Silence, Field(discriminator="kind")]

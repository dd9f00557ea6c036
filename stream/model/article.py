"""The article: the one model of what producers write to `articles.raw` (plain JSON)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, StrictBool, StrictInt, StrictStr

FUTURE_MAX = timedelta(minutes=5)
"""How far ahead of the clock a date may be; beyond, nobody knows what it means."""

BODY_CODE_POINTS_MAX = 200_000
TEXT_FIELD_CODE_POINTS_MAX = 4_000


def format_time(moment: datetime) -> str:
    """RFC 3339 in UTC with `Z`; fractions of a second only where there are any."""
    text = moment.astimezone(UTC).isoformat()
    return text.removesuffix("+00:00") + "Z"


def _only_datetimes(value: Any) -> Any:
    # `wire.decode` has parsed the strings already; anything else would be pydantic guessing (numbers as epochs).
    if isinstance(value, str):
        return datetime.fromisoformat(value)
    return value


Time = Annotated[
    datetime,
    BeforeValidator(_only_datetimes),
    PlainSerializer(format_time, return_type=str, when_used="json"),
]
ShortText = Annotated[StrictStr, Field(max_length=TEXT_FIELD_CODE_POINTS_MAX)]


class Article(BaseModel):
    """One article as received. Only `body` is required; unknown keys are kept in `extra` and passed on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[StrictStr, Field(min_length=1, max_length=256)]
    title: ShortText | None = None
    body: Annotated[StrictStr, Field(min_length=1, max_length=BODY_CODE_POINTS_MAX)]
    url: ShortText | None = None
    published: Time | None = None
    fetched: Time | None = None
    source: ShortText | None = None
    author: ShortText | None = None
    lang: Annotated[StrictStr, Field(max_length=64)] | None = None
    section: ShortText | None = None
    country: ShortText | None = None
    content_type: Literal["text/plain", "text/html"] | None = None
    revision: Annotated[StrictInt, Field(ge=1)] = 1
    exercise: StrictBool = False
    run: Annotated[StrictStr, Field(max_length=128)] | None = None
    extra: dict[str, Any] = Field(default_factory=dict)

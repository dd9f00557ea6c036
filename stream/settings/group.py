"""What the groups of settings share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

ENV_PREFIX = "REDLINE_"
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def _exists(path: Path) -> Path:
    try:
        found = path.is_file()
    except OSError as error:  # a folder above it that may not be looked into, a name that is too long
        raise ValueError(f"{str(path)[:80]} cannot be looked at: {(error.strerror or str(error)).lower()}") from error
    if not found:
        raise ValueError(f"there is no file {path}")
    return path


Port = Annotated[int, Field(ge=0, le=65_535)]
ExistingFile = Annotated[Path, AfterValidator(_exists)]


class Group(BaseSettings):
    """Settings of one subject, which may be used alone; `Settings` has them all."""

    # Deferred: a group is rarely checked alone, and every command loads this.
    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX,
        env_file=None,
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        defer_build=True,
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags first; environment and `.env` are merged by `load`, which also finds misspelt names."""
        return (init_settings,)

"""The page: where it listens, who may log in, and how much it keeps."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from stream.errors import SettingsError
from stream.settings.group import LOOPBACK, ExistingFile, Group, Port

WebToken = Literal["web_token", "web_read_token"]
TOKENS: tuple[WebToken, ...] = ("web_token", "web_read_token")
TOKEN_CHARACTERS_MIN = 16


class PageSettings(Group):
    """`redline web`."""

    web_host: str = Field("127.0.0.1", description="Address of the page; off loopback it needs a token.")
    web_port: Port = Field(8_400, description="Port of the page; 0: any free one.")
    web_public_url: str | None = Field(
        None,
        pattern=r"^https?://[^/?#@\s]+/?$",
        description="Where people open the page, if not on loopback: https://redline.example; other names are refused.",
    )
    web_token: SecretStr | None = Field(
        None, description="Login of the page: read and decide. At least 16 characters; or web_token_file."
    )
    web_token_file: ExistingFile | None = Field(None, description="File that holds web_token.")
    web_read_token: SecretStr | None = Field(
        None, description="Login that may only read (no acknowledging, silencing, verdicts); or web_read_token_file."
    )
    web_read_token_file: ExistingFile | None = Field(None, description="File that holds web_read_token.")
    web_readers_max: int = Field(500, ge=1, le=10_000, description="Live readers of the page at a time; more get 503.")
    web_connections_max: int = Field(
        256, ge=1, le=10_000, description="Most connections to the page beside those of live readers."
    )
    web_head_timeout_ms: int = Field(
        10_000, ge=100, le=600_000, description="How long a browser may take to send the head of a request."
    )
    web_reader_queue_events_max: int = Field(
        256, ge=1, le=100_000, description="Events waiting for one slow reader; older ones are dropped with a `gap`."
    )
    web_reader_blocked_ms_max: int = Field(
        30_000, ge=100, le=600_000, description="A reader that takes nothing for so long is disconnected."
    )
    web_alerts_max: int = Field(5_000, ge=10, le=1_000_000, description="Alerts that the page keeps, newest first.")
    web_articles_bytes_max: int = Field(
        64_000_000, ge=100_000, le=10_000_000_000, description="Tagged articles that the page keeps, in bytes."
    )
    web_backlog_records_max: int = Field(
        20_000,
        ge=0,
        le=10_000_000,
        description="Records of alerts, and of articles, that the page reads back at start.",
    )
    playground_ms_max: int = Field(
        3_000,
        ge=100,
        le=60_000,
        description="Processor time of the page's playground for one rule and article.",
    )

    @model_validator(mode="after")
    def _may_listen(self) -> Self:
        for name in TOKENS:
            token = self.token(name)
            if token is not None and len(token) < TOKEN_CHARACTERS_MIN:
                raise ValueError(f"{name} has {len(token)} characters, expected at least {TOKEN_CHARACTERS_MIN}")
        if self.token("web_token") is not None and self.token("web_token") == self.token("web_read_token"):
            raise ValueError(
                "web_token and web_read_token are the same, so that nobody could decide; expected two tokens"
            )
        if self.web_host not in LOOPBACK and self.token("web_token") is None:
            raise ValueError(
                f"web_host {self.web_host} is not loopback, so the page needs a login: set web_token or web_token_file"
            )
        return self

    def token(self, name: WebToken) -> str | None:
        """A token, from its setting or its file; never logged or printed."""
        given: SecretStr | None = getattr(self, name)
        if given is not None and given.get_secret_value().strip():
            return given.get_secret_value().strip()  # as what is sent is, and what stands in a file
        file: Path | None = getattr(self, f"{name}_file")
        if file is None:
            return None
        try:
            return file.read_text(encoding="utf-8-sig").strip()
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is not UTF-8"
            raise SettingsError(f"{name}_file: cannot read {file}: {why}") from None

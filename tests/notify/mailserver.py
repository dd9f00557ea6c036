"""A mail server on loopback that keeps what it is sent (RFC 5321, as much of it as a sender needs)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from types import TracebackType


@dataclass(frozen=True)
class Mail:
    """What came in one transaction."""

    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage


@dataclass
class MailServer:
    """Use it as an asynchronous context manager. `refusing`: each recipient gets a 550."""

    refusing: bool = False
    mails: list[Mail] = field(default_factory=list)
    port: int = 0

    async def __aenter__(self) -> MailServer:
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: object, at: TracebackType | None) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sender, recipients = "", []
        writer.write(b"220 stand-in\r\n")
        while line := (await reader.readline()).decode().strip():
            match line.partition(":")[0].upper().split():
                case ["EHLO" | "HELO", *_]:
                    answer = "250 stand-in"
                case ["MAIL", "FROM"]:
                    sender, recipients, answer = _address(line), [], "250 OK"
                case ["RCPT", "TO"] if self.refusing:
                    answer = "550 no such mailbox"
                case ["RCPT", "TO"]:
                    recipients.append(_address(line))
                    answer = "250 OK"
                case ["DATA"]:
                    writer.write(b"354 go on\r\n")
                    data = (await reader.readuntil(b"\r\n.\r\n"))[:-3].replace(b"\r\n..", b"\r\n.")
                    message = message_from_bytes(data, policy=policy.default)
                    assert isinstance(message, EmailMessage)
                    self.mails.append(Mail(sender, tuple(recipients), message))
                    answer = "250 OK"
                case ["RSET" | "NOOP"]:
                    answer = "250 OK"
                case ["QUIT"]:
                    writer.write(b"221 bye\r\n")
                    break
                case _:
                    answer = "502 unknown"
            writer.write(f"{answer}\r\n".encode())
        writer.close()


def _address(line: str) -> str:
    return line[line.index("<") + 1 : line.index(">")]

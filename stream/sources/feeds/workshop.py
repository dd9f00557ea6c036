"""Parsing in another process, with a deadline: whatever a document does to its parser, nothing here waits for it.

The process is started with the first job, ended when it is idle or has done JOBS_MAX, killed when a job takes longer
than `seconds_max`; one job at a time. It ends with this process, because its input does.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from dataclasses import dataclass
from typing import Any

import orjson

from stream.model import Reject
from stream.programs import of_module
from stream.sources.feeds.child import LENGTHS, frame
from stream.sources.feeds.entry import Entry

JOBS_MAX = 2_000
IDLE_SECONDS = 60.0
START_SECONDS_MAX = 60.0
ANSWER_BYTES_MAX = 100_000_000
END_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Unread:
    """Nothing is known of a document: its parser died, was ended because it took too long, or could not start."""

    reason: str
    began: bool
    """The parser had the document, so it may be the document's fault."""


class Workshop:
    """The parsing process of all feeds."""

    def __init__(self, *, seconds_max: float) -> None:
        self._seconds_max = seconds_max
        self._turn = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None
        self._jobs = 0
        self._idle: asyncio.TimerHandle | None = None

    async def feed(self, data: bytes, *, content_type: str, url: str) -> list[Entry] | Reject | Unread:
        """The entries of a feed; a Reject if it is none, or its parser fails on it; Unread if there is no answer."""
        answer = await self._ask({"kind": "feed", "content_type": content_type, "url": url}, data)
        match answer:
            case {"entries": list(entries)}:
                return [Entry(**entry) for entry in entries]
            case {"reject": dict(reject)}:
                return Reject(**reject)
            case {"died": _, "began": bool(began)}:
                return Unread(f"the parser of feeds {_failure(answer)}", began)
            case _:
                return Reject("read", "parser_failed", f"the parser of feeds {_failure(answer)}")

    async def page(self, data: bytes, *, url: str) -> str | Reject | None:
        """The text of a page; None if it has none, a Reject if its parser could not cope with it."""
        answer = await self._ask({"kind": "page", "url": url}, data)
        match answer:
            case {"text": str() | None as text}:
                return text
            case _:
                return Reject("read", "parser_failed", f"the parser of pages {_failure(answer)}")

    async def close(self) -> None:
        """Ends the process."""
        async with self._turn:
            await self._end()

    async def _ask(self, head: dict[str, Any], body: bytes) -> dict[str, Any]:
        async with self._turn:
            if self._idle is not None:
                self._idle.cancel()
            try:
                answer = await self._answer(frame(head, body))
            except BaseException:
                # Cancelled in the middle: what is in the pipe belongs to nobody.
                await self._end()
                raise
            self._jobs += 1
            if "died" in answer or self._jobs >= JOBS_MAX:
                await self._end()
            else:
                self._idle = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._retire)
            return answer

    async def _answer(self, job: bytes) -> dict[str, Any]:
        began, seconds_max = False, START_SECONDS_MAX
        try:
            async with asyncio.timeout(START_SECONDS_MAX):
                process = await self._running()
            began, seconds_max = True, self._seconds_max
            async with asyncio.timeout(seconds_max):
                assert process.stdin is not None
                process.stdin.write(job)
                await process.stdin.drain()
                return await _read(process)
        except TimeoutError:
            return {"died": f"took longer than {seconds_max:g} s" + ("" if began else " to start"), "began": began}
        except (asyncio.IncompleteReadError, OSError):
            return {"died": "died" if began else "could not start", "began": began}

    async def _running(self) -> asyncio.subprocess.Process:
        """The process, ready for a job."""
        if self._process is None or self._process.returncode is not None:
            self._jobs = 0
            self._process = await asyncio.create_subprocess_exec(
                *of_module("stream.sources.feeds.child"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                # A Ctrl-C at the terminal is for the parent, which ends it.
                start_new_session=True,
            )
            await _read(self._process)
        return self._process

    def _retire(self) -> None:
        if not self._turn.locked() and self._process is not None and self._process.returncode is None:
            # It ends by itself when it has no more to read.
            assert self._process.stdin is not None
            self._process.stdin.close()
            self._process = None

    async def _end(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)
        # Its pipes are read to their end, so that nothing of it is left behind.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(END_SECONDS):
                await process.communicate()


async def _read(process: asyncio.subprocess.Process) -> dict[str, Any]:
    assert process.stdout is not None
    head, _ = LENGTHS.unpack(await process.stdout.readexactly(LENGTHS.size))
    if head > ANSWER_BYTES_MAX:
        return {"died": f"gave {head} bytes, expected at most {ANSWER_BYTES_MAX}", "began": True}
    answer: dict[str, Any] = orjson.loads(await process.stdout.readexactly(head))
    return answer


def _failure(answer: dict[str, Any]) -> str:
    if "died" in answer:
        return f"{answer['died']} and was ended" if answer["began"] else f"{answer['died']}"
    return f"failed: {answer.get('failed', 'without a reason')}"

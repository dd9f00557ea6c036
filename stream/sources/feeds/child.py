"""The process that parses what others wrote: jobs on stdin, answers on stdout, until stdin ends.

A frame is eight bytes with the length of its head and of its body, then the head (JSON), then the body. A job has
`kind` feed or page. The process has a limit on its memory; its parent ends it when a job takes too long.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import struct
import sys
import warnings
from typing import Any, BinaryIO

import orjson

LENGTHS = struct.Struct(">II")
MEMORY_BYTES_MAX = 1 << 30


def frame(head: dict[str, Any], body: bytes = b"") -> bytes:
    """A frame to write."""
    encoded = orjson.dumps(head)
    return LENGTHS.pack(len(encoded), len(body)) + encoded + body


def main() -> None:
    """Answers jobs until there are no more."""
    _limit_memory()
    # What libraries print would be taken for an answer, or fill the parent's log with what a feed says.
    jobs, answers = sys.stdin.buffer, os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    sys.stdout = sys.stderr
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    # Read before the first job, so that no job's time goes on it.
    importlib.import_module("stream.sources.feeds.entries")
    answers.write(frame({"ready": True}))
    answers.flush()
    while (job := _read(jobs)) is not None:
        head, body = job
        try:
            answer = _done(head, body)
        except (MemoryError, RecursionError) as error:
            answer = {"failed": type(error).__name__}
        except Exception as error:  # noqa: BLE001 - whatever a parser raises on a foreign document is its finding
            answer = {"failed": f"{type(error).__name__}: {error}"[:200]}
        answers.write(frame(answer))
        answers.flush()


def _done(head: dict[str, Any], body: bytes) -> dict[str, Any]:
    if head["kind"] == "page":
        from stream.sources.feeds.pages import text_of_page

        return {"text": text_of_page(body, url=head["url"])}
    from stream.sources.feeds.entries import as_json, read_feed

    return as_json(read_feed(body, content_type=head["content_type"], url=head["url"]))


def _read(stream: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    lengths = stream.read(LENGTHS.size)
    if len(lengths) < LENGTHS.size:
        return None
    head, body = LENGTHS.unpack(lengths)
    return orjson.loads(stream.read(head)), stream.read(body)


def _limit_memory() -> None:
    # Not every system has it, or lets it be set.
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
        main()

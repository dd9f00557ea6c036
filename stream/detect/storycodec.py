"""Snapshots of stories as bytes, about 220 a story.

    version (1 byte) ─ number of the next exemplar (8) ─ counts of stories and articles (4 each)
    each story, longest untouched first:   id (16) ─ latest event time, ms (8) ─ count of exemplars (2)
        each exemplar:                     number (8) ─ length (2) ─ fingerprint
    each article, oldest first:            hash of its id (8) ─ index of its story (4)

Big-endian throughout.
"""

from __future__ import annotations

import struct
import uuid
from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

VERSION = 1

_HEAD = struct.Struct(">BQII")
_STORY = struct.Struct(">16sqH")
_EXEMPLAR = struct.Struct(">QH")
_ARTICLE = struct.Struct(">QI")


class StoryRecord(NamedTuple):
    """One story: UUID, latest event time (Unix, ms), its exemplars: number, ascending, and fingerprint."""

    id: str
    last_ms: int
    exemplars: Sequence[tuple[int, bytes]]


class Snapshot(NamedTuple):
    """All that is remembered; `articles` are (hash of the id, index of the story)."""

    next_number: int
    stories: Sequence[StoryRecord]
    articles: Sequence[tuple[int, int]]


def encode(snapshot: Snapshot) -> bytes:
    """The bytes of a snapshot; equal snapshots give equal bytes."""
    return b"".join(pieces(snapshot))


def pieces(snapshot: Snapshot) -> list[bytes]:
    """The same, cut between its parts: a story that was not touched is the same piece again."""
    found = [_HEAD.pack(VERSION, snapshot.next_number, len(snapshot.stories), len(snapshot.articles))]
    for identifier, last_ms, exemplars in snapshot.stories:
        story = [_STORY.pack(bytes.fromhex(identifier.replace("-", "")), last_ms, len(exemplars))]
        for number, text in exemplars:
            story += (_EXEMPLAR.pack(number, len(text)), text)
        found.append(b"".join(story))
    found.append(struct.pack(">" + "QI" * len(snapshot.articles), *chain.from_iterable(snapshot.articles)))
    return found


def decode(data: bytes) -> Snapshot:
    """The snapshot in `data`. Raises ValueError for one of another version, and for bytes that are none."""
    if data[:1] != bytes([VERSION]):
        raise ValueError(f"found stories of format {data[0] if data else 'none'}, expected {VERSION}")
    try:
        _, next_number, story_count, article_count = _HEAD.unpack_from(data)
        stories, position = _stories(data, story_count)
    except struct.error as error:
        raise ValueError(f"found damaged stories ({error}), expected a snapshot of them") from error
    if len(data) != position + article_count * _ARTICLE.size:
        raise ValueError(f"found {len(data)} bytes of stories, expected {position + article_count * _ARTICLE.size}")
    articles = list(_ARTICLE.iter_unpack(data[position:]))
    if any(index >= story_count for _, index in articles):
        raise ValueError(f"found an article of a story beyond {story_count}, expected a snapshot of stories")
    return Snapshot(next_number, stories, articles)


def _stories(data: bytes, count: int) -> tuple[list[StoryRecord], int]:
    """The stories, and where the articles begin."""
    position = _HEAD.size
    stories = []
    for _ in range(count):
        raw_id, last_ms, exemplar_count = _STORY.unpack_from(data, position)
        position += _STORY.size
        exemplars = []
        for _ in range(exemplar_count):
            number, length = _EXEMPLAR.unpack_from(data, position)
            position += _EXEMPLAR.size
            exemplars.append((number, data[position : position + length]))
            position += length
        stories.append(StoryRecord(str(uuid.UUID(bytes=raw_id)), last_ms, exemplars))
    return stories, position

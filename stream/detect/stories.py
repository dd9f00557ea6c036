"""Stories: near-duplicates of one report, clustered as they come, in the order of the log.

    article ─ known? ─yes─> its story, nothing changes
              │no
              └ compare with the exemplars of recent stories ─ one is like it ─> that story
                                                             └ none is ──────> a new story

The first article of a story and those that differ noticeably from the others are its exemplars. An article joins the
story of the exemplar most like it, if that is at least JOIN, and if every other exemplar is at least KEPT_TOGETHER
like it: small edits may add up, but no story ends up with two texts that have little to do with each other. This
holds for its other members too, as Jaccard distance is a metric: what is almost the same as an exemplar is almost as
far from all else as that one is.

Time only forgets: a story to which nothing came for `retention_ms` is over. An article dated far off can neither
join nor end the stories of now, since each article ends two stories at most. All this is a function of the calls.
"""

from __future__ import annotations

import uuid
from binascii import a2b_base64, b2a_base64
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from operator import itemgetter
from typing import NamedTuple

import orjson

from stream.detect.exemplars import Exemplars, Story
from stream.detect.fingerprint import SAME, Fingerprint, unpack
from stream.detect.snapshot import item
from stream.detect.storycodec import Snapshot, StoryRecord, decode, encode, pieces
from stream.wire.identity import NAMESPACE

JOIN = round(0.70 * SAME)
ALMOST_SAME = round(0.90 * SAME)
KEPT_TOGETHER = round(0.42 * SAME)
KEPT_TOGETHER_WHEN_FULL = round(0.62 * SAME)
"""A story that has no room for another exemplar takes only what is like all of those it has."""

OVER_PER_ARTICLE_MAX = 2
"""One article, whatever its date, ends at most so many stories."""

ARTICLE_BYTES = 8
"""Articles are remembered by a hash of their ids."""


@dataclass(frozen=True, slots=True)
class StoryLimits:
    """How much the stories of one key remember. The snapshot takes about 190 bytes an exemplar, at most 321.

    `stories_max`               stories; beyond, the one to which nothing came for longest is forgotten
    `exemplars_max`             texts that new ones are compared with; beyond, the same
    `exemplars_per_story_max`   such texts of one story
    `articles_max`              article ids with their story; beyond, the oldest is forgotten
    `retention_ms`              event time between two articles of one story, in milliseconds
    """

    stories_max: int = 500
    exemplars_max: int = 800
    exemplars_per_story_max: int = 8
    articles_max: int = 1_000
    retention_ms: int = 72 * 3_600_000


class Assigned(NamedTuple):
    """The story (UUID) of an article; `is_new` if it began with it, `is_repeat` if the article had one already.

    `stories_over` ended because nothing came for longer than the retention; `stories_evicted` and `articles_evicted`
    fell out because a limit was reached.
    """

    story: str
    is_new: bool
    is_repeat: bool = False
    stories_over: int = 0
    stories_evicted: int = 0
    articles_evicted: int = 0


class Stories:
    """The recent stories of one key. Mutable, owned by the caller."""

    __slots__ = ("_articles", "_exemplars", "_stories")

    def __init__(self) -> None:
        # By id; the one to which nothing came for longest is the first.
        self._stories: dict[str, Story] = {}
        # The story of each remembered article, oldest first.
        self._articles: dict[int, Story] = {}
        self._exemplars = Exemplars()

    def __len__(self) -> int:
        return len(self._stories)

    def assign(self, article: str, run: str | None, text: bytes, time_ms: int, limits: StoryLimits) -> Assigned:
        """The story of `article`, by its id; `text` is its fingerprint, `time_ms` its event time (Unix, ms).

        An article without a usable fingerprint is a story of its own. An id that is remembered keeps its story,
        whatever its text and time, and changes nothing.
        """
        name = _short(article)
        known = self._articles.get(name)
        if known is not None:
            return Assigned(known.id, is_new=False, is_repeat=True)
        over = self._end_old(time_ms, limits)
        unpacked = unpack(text)
        story = None if unpacked is None else self._joined(unpacked, text, time_ms, limits)
        is_new = False
        if story is None:
            identifier = story_id(article, run)
            # It may be there: an article that was forgotten before its story came again with another text.
            story = self._stories.get(identifier)
            is_new = story is None
        if story is None:
            story = Story(identifier, time_ms)
            if unpacked is not None:
                story.exemplars.append(self._exemplars.add(unpacked, text, story))
        else:
            del self._stories[story.id]
            story.last_ms = max(story.last_ms, time_ms)
        self._stories[story.id] = story
        story.articles.append(name)
        self._articles[name] = story
        evicted, forgotten = self._shrink(limits)
        return Assigned(story.id, is_new, False, over, evicted, forgotten)

    def encode(self) -> bytes:
        """A snapshot, about 220 bytes a story; equal states give equal bytes."""
        return encode(self._snapshot())

    def packed(self) -> list[bytes]:
        """The same as JSON strings, one a story, for the snapshot of a key."""
        return [item(b'"%b"' % b2a_base64(piece, newline=False)) for piece in pieces(self._snapshot())]

    @classmethod
    def unpacked(cls, strings: Sequence[str]) -> Stories | None:
        """What `packed` gave, decoded from JSON; None for none."""
        return cls.decode(b"".join(map(a2b_base64, strings))) if strings else None

    def _snapshot(self) -> Snapshot:
        indices = {identifier: index for index, identifier in enumerate(self._stories)}
        records = [
            StoryRecord(story.id, story.last_ms, [(each.number, each.data) for each in story.exemplars])
            for story in self._stories.values()
        ]
        articles = [(name, indices[story.id]) for name, story in self._articles.items()]
        return Snapshot(self._exemplars.next_number, records, articles)

    @classmethod
    def decode(cls, data: bytes) -> Stories:
        """The state of a snapshot. Raises ValueError for one of another version, and for bytes that are none."""
        snapshot = decode(data)
        restored = cls()
        in_order = [Story(record.id, record.last_ms) for record in snapshot.stories]
        restored._stories = {story.id: story for story in in_order}
        exemplars = [
            (number, data, story)
            for record, story in zip(snapshot.stories, in_order, strict=True)
            for number, data in record.exemplars
        ]
        # The index has them in the order in which they came.
        for number, data, story in sorted(exemplars, key=itemgetter(0)):
            if (text := unpack(data)) is None:
                raise ValueError("found a damaged fingerprint, expected a snapshot of stories")
            story.exemplars.append(restored._exemplars.add(text, data, story, number))
        restored._exemplars.next_number = snapshot.next_number
        for name, index in snapshot.articles:
            in_order[index].articles.append(name)
            restored._articles[name] = in_order[index]
        return restored

    def _joined(self, text: Fingerprint, data: bytes, time_ms: int, limits: StoryLimits) -> Story | None:
        """The story of the exemplar most like the text (the newest of several), if the text belongs there."""
        found = [(value, exemplar.number, exemplar.story) for value, exemplar in self._exemplars.like(text, JOIN)]
        found.sort(key=itemgetter(0, 1), reverse=True)
        refused: set[str] = set()
        for value, _, story in found:
            if story.id in refused or abs(time_ms - story.last_ms) > limits.retention_ms:
                continue
            is_full = len(story.exemplars) >= limits.exemplars_per_story_max
            floor = KEPT_TOGETHER_WHEN_FULL if is_full else KEPT_TOGETHER
            if all(exemplar.likeness(text) >= floor for exemplar in story.exemplars):
                if value < ALMOST_SAME and not is_full:
                    story.exemplars.append(self._exemplars.add(text, data, story))
                return story
            refused.add(story.id)
        return None

    def _end_old(self, time_ms: int, limits: StoryLimits) -> int:
        over = 0
        while over < OVER_PER_ARTICLE_MAX and self._stories:
            oldest = next(iter(self._stories.values()))
            if oldest.last_ms >= time_ms - limits.retention_ms:
                break
            self._drop(oldest)
            over += 1
        return over

    def _shrink(self, limits: StoryLimits) -> tuple[int, int]:
        evicted = forgotten = 0
        # One story stays, however small the limits are.
        while len(self._stories) > 1 and (
            len(self._stories) > limits.stories_max or len(self._exemplars) > limits.exemplars_max
        ):
            self._drop(next(iter(self._stories.values())))
            evicted += 1
        while len(self._articles) > limits.articles_max:
            name = next(iter(self._articles))
            self._articles.pop(name).articles.remove(name)
            forgotten += 1
        return evicted, forgotten

    def _drop(self, story: Story) -> None:
        del self._stories[story.id]
        for name in story.articles:
            del self._articles[name]
        for exemplar in story.exemplars:
            self._exemplars.remove(exemplar)


def story_id(article: str, run: str | None) -> str:
    """The id of the story that begins with an article: UUIDv5, the same in every key of a run."""
    return str(uuid.uuid5(NAMESPACE, orjson.dumps(["story", article, run]).decode()))


def _short(article: str) -> int:
    return int.from_bytes(blake2b(article.encode(), digest_size=ARTICLE_BYTES).digest(), "big")

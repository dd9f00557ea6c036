"""Stories: near-duplicates of one report, clustered as they come, in the order of the log.

    article ─ known? ─yes─> its story, nothing changes
              │no
              └ compare with the exemplars of recent stories ─ one is like it ─> that story
                                                              └ none is ─────────> a new story

The first article of a story and those that differ from it noticeably are its exemplars. An article joins the story
of the exemplar most like it, if that is at least JOIN, and if it is at least KEPT_TOGETHER like every other exemplar:
so small edits may add up, but no story ends up with two texts that have little to do with each other. Jaccard
distance is a metric: what is within 1 - ALMOST_SAME of an exemplar is nearly as far from all else as that one.

Time only forgets: a story to which nothing came for `retention_ms` is over. An article dated far off can neither
join nor end the stories of now (each article makes room for one more at most). All this is a function of the calls.
"""

from __future__ import annotations

import uuid
from collections import OrderedDict
from dataclasses import dataclass, field
from hashlib import blake2b

import orjson

from stream.detect.fingerprint import SAME, Fingerprint, likeness, unpack
from stream.wire.identity import NAMESPACE

JOIN = round(0.70 * SAME)
ALMOST_SAME = round(0.90 * SAME)
KEPT_TOGETHER = round(0.42 * SAME)
KEPT_TOGETHER_WHEN_FULL = round(0.62 * SAME)
"""A story that has no room for another exemplar takes only what is like all of those it has."""

FORGOTTEN_PER_ARTICLE_MAX = 2
"""One article, whatever its date, ends at most so many stories."""


@dataclass(frozen=True, slots=True)
class StoryLimits:
    """How much the stories of one key remember.

    `stories_max`               stories; beyond, the one to which nothing came for longest is forgotten
    `articles_max`              article ids with their story; beyond, the oldest is forgotten
    `exemplars_per_story_max`   texts of one story that new ones are compared with
    `retention_ms`              event time between two articles of one story, in milliseconds
    """

    stories_max: int = 1_000
    articles_max: int = 4_000
    exemplars_per_story_max: int = 8
    retention_ms: int = 72 * 3_600_000


@dataclass(frozen=True, slots=True)
class Assigned:
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


@dataclass(slots=True)
class _Story:
    id: str
    last_ms: int
    exemplars: list[tuple[Fingerprint, bytes]] = field(default_factory=list)
    articles: list[bytes] = field(default_factory=list)


class Stories:
    """The recent stories of one key. Mutable, owned by the caller; `encode` and `decode` take and restore snapshots."""

    def __init__(self) -> None:
        self._stories: OrderedDict[str, _Story] = OrderedDict()
        self._articles: OrderedDict[bytes, _Story] = OrderedDict()

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
        over = self._forget_old(time_ms, limits)
        unpacked = unpack(text)
        story = None if unpacked is None else self._find(unpacked, text, time_ms, limits)
        if story is None:
            # An article that was forgotten before its story was may come again with another text.
            story = self._stories.get(story_id(article, run))
        is_new = story is None
        if story is None:
            story = _Story(story_id(article, run), time_ms, [] if unpacked is None else [(unpacked, text)])
            self._stories[story.id] = story
        else:
            story.last_ms = max(story.last_ms, time_ms)
            self._stories.move_to_end(story.id)
        story.articles.append(name)
        self._articles[name] = story
        evicted, forgotten = self._shrink(limits)
        return Assigned(story.id, is_new, False, over, evicted, forgotten)

    def encode(self) -> bytes:
        """All of it; equal states give equal bytes."""
        numbers = {story.id: number for number, story in enumerate(self._stories.values())}
        stories = [[s.id, s.last_ms, [data.hex() for _, data in s.exemplars]] for s in self._stories.values()]
        return orjson.dumps([1, stories, [[name.hex(), numbers[s.id]] for name, s in self._articles.items()]])

    @classmethod
    def decode(cls, data: bytes) -> Stories:
        """What `encode` gave. Raises ValueError for anything else."""
        restored = cls()
        version, stories, articles = orjson.loads(data)
        if version != 1:
            raise ValueError(f"found stories of format {version}, expected 1")
        for identifier, last_ms, exemplars in stories:
            pairs = [(u, raw) for raw in map(bytes.fromhex, exemplars) if (u := unpack(raw)) is not None]
            restored._stories[identifier] = _Story(identifier, last_ms, pairs)
        numbered = list(restored._stories.values())
        for text, number in articles:
            name = bytes.fromhex(text)
            numbered[number].articles.append(name)
            restored._articles[name] = numbered[number]
        return restored

    def _find(self, unpacked: Fingerprint, text: bytes, time_ms: int, limits: StoryLimits) -> _Story | None:
        """The story of the exemplar most like the text (the story touched last, if there are several)."""
        ranked = []
        for order, story in enumerate(self._stories.values()):
            if abs(time_ms - story.last_ms) <= limits.retention_ms and story.exemplars:
                likest = max(likeness(exemplar, unpacked) for exemplar, _ in story.exemplars)
                if likest >= JOIN:
                    ranked.append((likest, order, story))
        for likest, _, story in sorted(ranked, key=lambda entry: entry[:2], reverse=True):
            is_full = len(story.exemplars) >= limits.exemplars_per_story_max
            floor = KEPT_TOGETHER_WHEN_FULL if is_full else KEPT_TOGETHER
            if all(likeness(exemplar, unpacked) >= floor for exemplar, _ in story.exemplars):
                if likest < ALMOST_SAME and not is_full:
                    story.exemplars.append((unpacked, text))
                return story
        return None

    def _forget_old(self, time_ms: int, limits: StoryLimits) -> int:
        over = 0
        while over < FORGOTTEN_PER_ARTICLE_MAX and self._stories:
            oldest = next(iter(self._stories.values()))
            if oldest.last_ms >= time_ms - limits.retention_ms:
                break
            self._drop(oldest.id)
            over += 1
        return over

    def _shrink(self, limits: StoryLimits) -> tuple[int, int]:
        evicted = forgotten = 0
        while len(self._stories) > limits.stories_max:
            self._drop(next(iter(self._stories)))
            evicted += 1
        while len(self._articles) > limits.articles_max:
            name, story = self._articles.popitem(last=False)
            story.articles.remove(name)
            forgotten += 1
        return evicted, forgotten

    def _drop(self, identifier: str) -> None:
        story = self._stories.pop(identifier, None)
        for name in story.articles if story is not None else ():
            del self._articles[name]


def story_id(article: str, run: str | None) -> str:
    """The id of the story that begins with an article: UUIDv5, the same in every key of a run."""
    return str(uuid.uuid5(NAMESPACE, orjson.dumps(["story", article, run]).decode()))


def _short(article: str) -> bytes:
    return blake2b(article.encode(), digest_size=8).digest()

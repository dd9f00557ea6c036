"""Stories: what is one, what is not, and that the state is a function of the log."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from stream.detect import Stories, StoryLimits, fingerprint

LIMITS = StoryLimits()
HOUR_MS = 3_600_000


def text(seed: int, words: int = 300) -> list[str]:
    chance = random.Random(seed)
    return [f"w{chance.randrange(5_000)}" for _ in range(words)]


def edited(words: list[str], share: float, seed: int = 1) -> list[str]:
    chance = random.Random(seed)
    return [f"e{chance.randrange(5_000)}" if chance.random() < share else word for word in words]


def test_copies_are_one_story_and_other_texts_are_not() -> None:
    stories = Stories()
    first = stories.assign("a", None, fingerprint(text(1)), 0, LIMITS)
    copy = stories.assign("b", None, fingerprint(edited(text(1), 0.03)), 1, LIMITS)
    other = stories.assign("c", None, fingerprint(text(2)), 2, LIMITS)
    assert (first.is_new, copy.is_new, other.is_new) == (True, False, True)
    assert first.story == copy.story != other.story


def test_a_repeated_article_keeps_its_story_and_changes_nothing() -> None:
    stories = Stories()
    first = stories.assign("a", None, fingerprint(text(1)), 0, LIMITS)
    before = stories.encode()
    again = stories.assign("a", None, fingerprint(text(9)), 10**15, LIMITS)
    assert (again.story, again.is_repeat, again.is_new) == (first.story, True, False)
    assert stories.encode() == before


def test_a_story_id_comes_from_its_first_article_and_the_run() -> None:
    ids = {Stories().assign("a", run, fingerprint(text(n)), 0, LIMITS).story for run in (None, "r") for n in (1, 2)}
    assert len(ids) == 2


def test_an_article_without_a_fingerprint_is_a_story_of_its_own() -> None:
    stories = Stories()
    assert all(stories.assign(f"a{n}", None, b"", n, LIMITS).is_new for n in range(3))


def test_a_story_is_over_when_nothing_came_for_the_retention() -> None:
    stories = Stories()
    limits = StoryLimits(retention_ms=HOUR_MS)
    stories.assign("a", None, fingerprint(text(1)), 0, limits)
    assert not stories.assign("b", None, fingerprint(text(1)), HOUR_MS, limits).is_new
    late = stories.assign("c", None, fingerprint(text(1)), 2 * HOUR_MS + 1, limits)
    assert (late.is_new, late.stories_over) == (True, 1)


def test_articles_dated_far_off_neither_end_nor_join_the_stories_of_now() -> None:
    stories = Stories()
    now = 50 * 365 * 24 * HOUR_MS
    for n in range(10):
        stories.assign(f"a{n}", None, fingerprint(text(n)), now + n, LIMITS)
    for n, far in enumerate((0, 2 * now)):
        assert stories.assign(f"far{n}", None, fingerprint(text(9)), far, LIMITS).is_new
    assert not stories.assign("b", None, fingerprint(text(9)), now + 20, LIMITS).is_new


def test_limits_hold_and_what_falls_out_is_counted() -> None:
    stories = Stories()
    limits = StoryLimits(stories_max=5, articles_max=7)
    results = [stories.assign(f"a{n}", None, fingerprint(text(n // 2)), n, limits) for n in range(20)]
    assert len(stories) == 5
    assert sum(r.stories_evicted for r in results) == 5
    assert sum(r.articles_evicted for r in results) > 0


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(0, 5), st.integers(0, 30)), max_size=40),
    st.sets(st.integers(0, 40)),
    st.integers(1, 6),
)
def test_snapshots_anywhere_change_nothing(log: list[tuple[int, int, int]], cuts: set[int], most: int) -> None:
    limits = StoryLimits(most, most + 3, exemplars_per_story_max=2, articles_max=8, retention_ms=20)
    plain, restored = Stories(), Stories()
    for n, (article, base, share) in enumerate(log):
        print_ = fingerprint(edited(text(base, 60), share / 100, seed=article))
        if n in cuts:
            restored = Stories.decode(restored.encode())
        expected = plain.assign(f"a{article}", "r", print_, n, limits)
        assert restored.assign(f"a{article}", "r", print_, n, limits) == expected
        assert plain.assign(f"a{article}", "r", print_, n, limits).story == expected.story
        assert restored.encode() == plain.encode()

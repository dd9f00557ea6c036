"""Stories: what is one, what is not, and that the state is a function of the log."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.copies import jaccard, shingles
from stream.detect import Assigned, Stories, StoryLimits, exemplars, fingerprint

LIMITS = StoryLimits()
HOUR_MS = 3_600_000


def text(seed: int, words: int = 300) -> list[str]:
    chance = Random(seed)
    return [f"w{chance.randrange(5_000)}" for _ in range(words)]


def edited(words: list[str], share: float, seed: int = 1) -> list[str]:
    chance = Random(seed)
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


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(0, 5), st.integers(0, 30), st.integers(0, 60)), max_size=40),
    st.sets(st.integers(0, 40)),
    st.integers(1, 6),
    st.sampled_from([0, 3, 1_000]),
)
def test_snapshots_anywhere_and_repeats_change_nothing(
    log: list[tuple[int, int, int, int]], cuts: set[int], most: int, scanned: int
) -> None:
    limits = StoryLimits(most, most + 3, exemplars_per_story_max=2, articles_max=8, retention_ms=20)
    plain, restored = Stories(), Stories()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(exemplars, "SCANNED_MAX", scanned)
        for n, (article, base, share, time_ms) in enumerate(log):
            text_print = fingerprint(edited(text(base, 60), share / 100, seed=article))
            if n in cuts:
                restored = Stories.decode(restored.encode())
            expected = plain.assign(f"a{article}", "r", text_print, time_ms, limits)
            assert restored.assign(f"a{article}", "r", text_print, time_ms, limits) == expected
            after = plain.encode()
            assert plain.assign(f"a{article}", "r", b"", time_ms + n, limits) == Assigned(expected.story, False, True)
            assert restored.encode() == plain.encode() == after


def busy_log(count: int) -> list[tuple[str, bytes, int]]:
    """Articles, some of them copies of recent ones, in event time that goes back and forth."""
    chance = Random(8)
    recent: list[list[str]] = []
    log = []
    for n in range(count):
        if recent and chance.random() < 0.5:
            words = edited(chance.choice(recent[-80:]), chance.uniform(0, 0.08), seed=n)
        else:
            words = text(n, chance.choice((30, 150, 300)))
            recent.append(words)
        log.append((f"a{n}", fingerprint(words), n + chance.randrange(-50, 50)))
    return log


def test_a_long_log_is_the_same_with_snapshots_and_with_an_index(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = StoryLimits(stories_max=100, exemplars_max=150, articles_max=120, retention_ms=400)
    chance = Random(9)
    log = busy_log(1_000)
    plain, restored = Stories(), Stories()
    results = []
    for article, text_print, time_ms in log:
        if chance.random() < 0.02:
            restored = Stories.decode(restored.encode())
        results.append(plain.assign(article, None, text_print, time_ms, limits))
        assert restored.assign(article, None, text_print, time_ms, limits) == results[-1]
    assert plain.encode() == restored.encode()
    assert 300 < sum(r.is_new for r in results) < 800
    assert all(sum(getattr(r, name) for r in results) for name in ("stories_evicted", "articles_evicted"))
    monkeypatch.setattr(exemplars, "SCANNED_MAX", 1_000_000)
    scanned = Stories()
    assert [scanned.assign(*one, limits) for one in ((a, None, f, t) for a, f, t in log)] == results


@given(st.one_of(st.binary(max_size=80), st.binary(max_size=300).map(lambda data: b"\x01" + data)))
def test_bytes_that_are_no_snapshot_are_refused_with_a_reason(data: bytes) -> None:
    refusal = ""
    try:
        assert Stories.decode(data).encode() == data
    except ValueError as error:
        refusal = str(error)
    assert refusal == "" or "stories" in refusal


def test_a_snapshot_of_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match="found stories of format 2, expected 1"):
        Stories.decode(b"\x02" + Stories().encode()[1:])


def test_a_full_state_stays_within_its_bytes() -> None:
    limits = StoryLimits(stories_max=50, exemplars_max=60, articles_max=100)
    stories = Stories()
    for n in range(150):
        stories.assign(f"a{n}", None, fingerprint(text(n, 1_200 if n % 2 else 100)), n, limits)
    assert len(stories.encode()) <= 60 * 321 + 50 * 26 + 100 * 12 + 17


@pytest.mark.parametrize("step", [0.005, 0.015, 0.03, 0.04])
def test_a_story_does_not_drift(step: float) -> None:
    """Each text is the one before with a few words changed; what ends up together still shares its wording."""
    words, stories = text(4, 250), Stories()
    members: dict[str, list[frozenset[tuple[str, ...]]]] = {}
    for n in range(120):
        words = edited(words, step, seed=n)
        story = stories.assign(f"a{n}", None, fingerprint(words), n, LIMITS).story
        members.setdefault(story, []).append(shingles(words))
    assert 2 <= len(members) <= 60
    for shared in members.values():
        assert min(jaccard(one, other) for one in shared for other in shared) >= 0.3

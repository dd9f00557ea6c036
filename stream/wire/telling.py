"""Which sentences of an alert's evidence to show where there is room for a few.

An expression such as `@harm NEAR/12 @energy_sites AND @ukraine` has evidence of two kinds: what it is about
(`attacked an oil depot`), and words that say where it belongs (`Kyiv`), which stand in many sentences and often in the
first one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence


def telling_sentences(matched: Mapping[str, Iterable[str]], count: int) -> list[str]:
    """The keys of `matched` (sentence → texts that matched in it, in reading order) to show: at most `count`, in order.

    Those with a piece of more than one word (a phrase, words near each other) are preferred, and of them those with
    most pieces; single words are shown only where there is nothing else.
    """
    pieces = {sentence: tuple(texts) for sentence, texts in matched.items()}
    telling = [sentence for sentence, texts in pieces.items() if any(len(text.split()) > 1 for text in texts)]
    if not telling:
        return list(pieces)[:count]
    if len(telling) > count:
        most = sorted(telling, key=lambda sentence: -len(pieces[sentence]))[:count]
        telling = [sentence for sentence in telling if sentence in most]
    return telling


def telling_piece(pieces: Sequence[tuple[str, str]]) -> int:
    """Which of some pieces of evidence (text, sentence), in reading order, to show where there is room for one.

    The first of more than one word in the most telling sentence, else its first. Raises `IndexError` if there is none.
    """
    matched: dict[str, list[str]] = {}
    for text, sentence in pieces:
        matched.setdefault(sentence, []).append(text)
    (shown,) = telling_sentences(matched, 1) or [pieces[0][1]]
    here = [number for number, (_, sentence) in enumerate(pieces) if sentence == shown]
    return next((number for number in here if len(pieces[number][0].split()) > 1), here[0])

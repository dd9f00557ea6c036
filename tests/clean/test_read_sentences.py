"""Golden tests of rule 7: sentences and paragraphs of plain text."""

from __future__ import annotations

import pytest

from stream.clean import Reading, read


def sentences(reading: Reading) -> list[str]:
    spans = dict.fromkeys(reading.sentence_span(position) for position in range(len(reading.tokens)))
    return [reading.source[start:end] for start, end in spans]


def paragraphs(reading: Reading) -> list[str]:
    found: dict[int, list[str]] = {}
    for token, paragraph in zip(reading.tokens, reading.paragraphs, strict=True):
        found.setdefault(paragraph, []).append(token)
    return [" ".join(tokens) for tokens in found.values()]


@pytest.mark.parametrize(
    "parts",
    [
        ["They talk.", "A truce held."],
        ["Stop!", "Who goes?", "Nobody…", "Go on."],
        ['He said "stop."', "Then he left."],
        ["(It held.)", "Then he left."],
        ["It held.", '"We hope."', "“So do we.”"],
        ["It ended in 2022.", "3 left."],
        ["It held.", "कल आएगा।", "आज नहीं।"],
        ["هل تصمد؟", "نعم."],
        ["停战。", "他们谈。"],
        ["停战！", "他们谈？", "是。"],
        ['"Stop!" he said.'],
        ["He paid 3.5 million."],
        ["It held. so they say."],
        ["Mr. Smith met Gen. Lee, Lt. Col. Roe and Sen. Poe on Jan. 5."],
        ["GEN. LEE MET MR. SMITH."],
        ["He is in the U.S. The army left."],
        ["At 5 p.m. Moscow time."],
        ["J. K. Rowling and J.K. Rowling met Maj.-Gen. Lee."],
        ["See No. 7 and pp. 3 there."],
        ["He said no.", "The army left."],
        ["The cat sat.", "The army left."],
        ["THE CAT SAT.", "THE ARMY LEFT."],
        ["Take vitamin-C.", "It helps."],
        ["One, two: three; four \u2014 five \u2013 Six."],
        ["He left (Reuters). (AP) agrees."],
        ["Wait...", "What?!", "Yes."],
        ["He sat with ex-Gov. Roe, then-Sen. Poe and Lt.-Gen. Lee."],
        ["The pro-U.S. Army met at 5-a.m. Moscow time."],
        ["Gens. Lee and Roe, Spc. Poe et al. (2022) met dr. Doe on jan. 5."],
        ["„Nein.“", "‹Ja.›", "»So.«", "›Gut.‹", "‚Und?‘", "Dann ging er."],
        ["He left.", "‛No.‛", "Then."],
        ["They met Sec. Roe and the SEC.", "The army left."],
    ],
)
def test_sentences(parts: list[str]) -> None:
    separator = "" if "他们谈" in "".join(parts) else " "
    assert sentences(read(separator.join(parts), content_type="text/plain")) == parts


def test_sentence_numbers_have_no_gaps() -> None:
    reading = read("One.\n\n***\n\nTwo. !!! Three.")
    assert reading.sentences == [0, 1, 2]
    assert reading.paragraphs == [0, 1, 1]


def test_a_line_break_ends_a_paragraph() -> None:
    reading = read("The truce\nholds well\r\n\r\nTalks go on\u2028There")
    assert paragraphs(reading) == ["the truce", "holds well", "talks go on", "there"]
    assert sentences(reading) == ["The truce", "holds well", "Talks go on", "There"]


WRAPPED = """\
The ministry said on Monday that the talks would go on until
all sides had put their names under a document that says who
leaves which place, when they leave it, and who is to watch
that they do. Nobody was willing to say when that might be.
  A second meeting is planned for the week after the holiday,
when the ministers are back from the capital and the weather

allows flights again. The mediators have asked for patience
and for a pause in the long-
range strikes."""


def test_hard_wrapped_text_has_its_paragraphs_at_blank_and_indented_lines() -> None:
    reading = read(WRAPPED)
    starts = [paragraph.split()[:2] for paragraph in paragraphs(reading)]
    assert starts == [["the", "ministry"], ["a", "second"], ["allows", "flights"]]
    assert sentences(reading)[0].startswith("The ministry said on Monday that the talks would go on until\nall sides")
    assert reading.tokens[-3:] == ["long", "range", "strikes"]
    assert len(set(reading.paragraphs[-3:])) == 1


def test_a_margin_is_no_indent() -> None:
    with_margin = "\n".join(f"    {line}".rstrip() for line in WRAPPED.splitlines())
    assert paragraphs(read(with_margin))[:2] == paragraphs(read(WRAPPED))[:2]


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ("x" * 60, 1),
        ("x" * 50, 1),
        ("x" * 90, 1),
        ("x" * 49, 6),
        ("x" * 91, 6),
        ("x" * 60 + ".", 6),
        ("x" * 60 + '."', 6),
    ],
)
def test_what_hard_wrapped_is(line: str, count: int) -> None:
    assert len(set(read("\n".join([line] * 6)).paragraphs)) == count


def test_four_lines_are_not_hard_wrapped() -> None:
    assert len(set(read("\n".join(["x" * 60] * 4)).paragraphs)) == 4


def test_four_fifths_of_the_lines_must_be_short() -> None:
    assert len(set(read("\n".join(["x" * 60] * 8 + ["x" * 91] * 2)).paragraphs)) == 1
    assert len(set(read("\n".join(["x" * 60] * 7 + ["x" * 91] * 3)).paragraphs)) == 10


def test_fewer_than_half_of_the_lines_may_end_a_sentence() -> None:
    line = "x" * 60
    assert len(set(read("\n".join([line, line + "."] * 3)).paragraphs)) == 6
    assert len(set(read("\n".join([line, line + ".", line, line + ".", line])).paragraphs)) == 1


def test_words_divided_at_line_ends_make_no_line_longer() -> None:
    lines = ["x" * 60, "x" * 59 + "-", "x" * 59 + "-", "x" * 59 + "-", "x" * 60]
    reading = read("\n".join(lines))
    assert len(set(reading.paragraphs)) == 1
    assert len(reading.tokens) == 5


def test_lines_are_measured_as_received() -> None:
    """Neither what vanishes nor what is written out in more letters changes how long a line is."""
    assert len(set(read("\n".join(["…" * 30 + "x" * 60] * 6)).paragraphs)) == 1
    assert len(set(read("\n".join(["x" * 49 + "…"] * 5 + ["x"] * 4)).paragraphs)) == 9
    assert len(set(read("\n".join(["x" * 45 + "\u00ad" * 4 + "x"] * 6)).paragraphs)) == 1
    assert len(set(read("\n".join(["x" * 50 + "   "] * 6)).paragraphs)) == 1
    assert len(set(read("\n".join(["x" * 40 + " " * 20] * 6)).paragraphs)) == 6


@pytest.mark.parametrize("separator", ["\n", "\r\n", "\r", "\u2028"])
def test_any_line_break_wraps(separator: str) -> None:
    assert len(set(read(separator.join(["x" * 60] * 6)).paragraphs)) == 1


def test_the_title_is_one_paragraph() -> None:
    reading = read("A truce\n\nholds", kind="title")
    assert reading.paragraphs == [0, 0, 0]
    assert sentences(reading) == ["A truce\n\nholds"]
    assert read("<p>A</p><p>b</p>", kind="title").paragraphs == [0, 0]


def test_joined_lines_are_one_paragraph() -> None:
    reading = read("They urge de-\nescalation.")
    assert (reading.tokens, reading.paragraphs) == (["they", "urge", "deescalation"], [0, 0, 0])

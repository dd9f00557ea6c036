"""Golden tests of reading HTML."""

from __future__ import annotations

import pytest

from stream.clean import read


def words(text: str) -> list[str]:
    return list(read(text, content_type="text/html").tokens)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("<p class='x y' title=\"a > b\">Red <a href=http://x/?a=1>lines</a></p>", ["red", "lines"]),
        ("es<b>cal</b>ation es<wbr>calation", ["escalation", "escalation"]),
        ("a<br>b<br/>c<td>d</td>e", ["a", "b", "c", "d", "e"]),
        ("de-<br>\nescalation de-\nescalation", ["deescalation", "deescalation"]),
        ("de-<br />\r\n\t escalation de-<br>  escalation", ["deescalation", "deescalation"]),
        ("de<b>-</b>escalation <i>de</i>-escalation de-<!-- x -->escalation", ["deescalation"] * 3),
        ("<em>Putin</em>'s H<sub>2</sub>O red&zwj;line U&#46;S&#46;-made", ["putin", "h2o", "redline", "us", "made"]),
        ("de-<p>escalation", ["de", "escalation"]),
        ("a<script>if (x < 1) y()</script>b<STYLE>p{}</Style >c<!-- no > no --> d", ["a", "b", "c", "d"]),
        ("a<script>never closed <p>", ["a"]),
        ("a<!-- never closed <p>b", ["a"]),
        ("<!DOCTYPE html><?xml version='1.0'?><![CDATA[text]]>", ["text"]),
        ("AT&amp;T Putin&rsquo;s &#82;ed l&#xed;nes", ["at", "t", "putin", "red", "lines"]),
        ("esca&shy;lation de&#8209;escalation &nbsp;x", ["escalation", "deescalation", "x"]),
        ("&#146; don&#146;t", ["don't"]),
        ("&lt;p&gt; &copy2024 &unknown; &#xFFFFFFF; &#0; &", ["p", "2024", "unknown"]),
        ("1 < 2 and 3 > 2 <- x", ["1", "2", "and", "3", "2", "x"]),
        ("a <b", ["a", "b"]),
        ('<p title="open>text</p><p>more</p>', ["text", "more"]),
        ("<custom-tag>in</custom-tag>side", ["inside"]),
    ],
)
def test_text_of_html(text: str, tokens: list[str]) -> None:
    assert words(text) == tokens


def test_offsets_lead_to_the_source() -> None:
    text = "<p>The&nbsp;Kremlin&rsquo;s <i>red</i> l&iacute;<b>nes</b></p>"
    reading = read(text)
    pieces = [text[start:end] for start, end in zip(reading.starts, reading.ends, strict=True)]
    assert pieces == ["The", "Kremlin", "red", "l&iacute;<b>nes"]


def test_block_elements_are_paragraphs_and_line_breaks_are_not() -> None:
    text = "<div>One\n\ntwo<br>three <b>four</b><ul><li>five<li>six</ul></div><h2>seven</h2>eight"
    assert read(text).paragraphs == [0, 0, 0, 0, 1, 2, 3, 4]


def test_a_sentence_ends_with_its_paragraph() -> None:
    text = "<p>No stop here</p>\n<p>A <b>truce</b> held. Talks</p>"
    reading = read(text)
    spans = dict.fromkeys(reading.sentence_span(position) for position in range(len(reading.tokens)))
    assert [text[start:end] for start, end in spans] == ["No stop here", "A <b>truce</b> held.", "Talks"]


@pytest.mark.parametrize("text", ["<p>x", "x<br/>", "a</DIV>b", '<a href="x">y</a>'])
def test_a_body_with_tags_is_html(text: str) -> None:
    assert "p" not in read(text).tokens
    assert "br" not in read(text).tokens
    assert read(text).tokens == read(text, content_type="text/html").tokens


@pytest.mark.parametrize(
    "text", ["1 < 2 > 1", "AT&amp;T", "<Reuters> says", "p> x", "a <b", "<john@example.com>", "<3"]
)
def test_other_angle_brackets_are_text(text: str) -> None:
    assert read(text).tokens == read(text, content_type="text/plain").tokens


def test_the_content_type_decides_when_given() -> None:
    assert read("<p>x</p>", content_type="text/plain").tokens == ["p", "x", "p"]
    assert read("AT&amp;T", content_type="text/html").tokens == ["at", "t"]

"""Feeds of all kinds to entries, and what no feed comes to."""

from __future__ import annotations

import tarfile
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.model import Reject
from stream.sources.feeds.entries import as_json, read_feed
from stream.sources.feeds.entry import Entry
from stream.wire.decode import Decoded, article_from

ARCHIVE = Path(__file__).resolve().parents[4] / "shared" / "data" / "feedparser_tests.tar.gz"
URL = "https://example.org/news/feed.xml"
RSS = """<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel><title>The Wire</title><language>en-gb</language>
<item>
  <title>Talks &amp;amp; &lt;b&gt;tanks&lt;/b&gt;</title>
  <link>/news/1?utm_source=x</link><guid isPermaLink="false">tag:1</guid>
  <pubDate>Fri, 02 Jan 2026 03:04:05 +0200</pubDate>
  <dc:creator>Ann Example</dc:creator><category>War</category><category>Talks</category>
  <description>A summary.</description>
  <content:encoded><![CDATA[<p>The whole <script>alert(1)</script>text of it.</p>]]></content:encoded>
</item>
<item><description>Only a text.</description><pubDate>yesterday</pubDate></item>
<item><link>https://example.org/3</link><source url="https://paper.example/">The Paper</source></item>
<item></item>
</channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de"><title>T</title>
<entry><id>urn:1</id><title type="html">Ein &lt;em&gt;Titel&lt;/em&gt;</title><link href="https://example.org/a"/>
<updated>2026-01-02T03:04:05Z</updated><author><name>B</name></author>
<summary>Kurz.</summary></entry></feed>"""
JSON_FEED = {
    "version": "https://jsonfeed.org/version/1.1",
    "title": "T",
    "language": "en",
    "authors": [{"name": "Desk"}],
    "items": [
        {"id": "1", "url": "https://example.org/1", "title": "One & only", "content_html": "<p>Text</p>",
         "date_published": "2026-01-02T03:04:05+01:00", "tags": ["a", 5]},
        {"id": 2, "content_text": "Two", "authors": [{"name": "X"}, {"name": "Y"}]},
        {"id": "3", "summary": "Three", "external_url": "https://example.org/3"},
        "rubbish",
        {},
    ],
}  # fmt: skip


def entries(data: str | bytes, content_type: str = "application/xml") -> list[Entry]:
    found = read_feed(data if isinstance(data, bytes) else data.encode(), content_type=content_type, url=URL)
    assert not isinstance(found, Reject), found
    return found


def test_rss() -> None:
    first, second, third = entries(RSS)
    assert first.key == "tag:1"
    assert first.complete
    assert first.link == "https://example.org/news/1?utm_source=x"
    assert first.fields == {
        "title": "Talks & tanks",
        "body": "<p>The whole text of it.</p>",
        "content_type": "text/html",
        "url": first.link,
        "published": "2026-01-02T01:04:05Z",
        "author": "Ann Example",
        "lang": "en-gb",
        "tags": ["War", "Talks"],
    }
    assert second.fields == {"body": "Only a text.", "content_type": "text/plain", "lang": "en-gb"}
    assert not second.complete
    assert (third.link, third.fields["source"]) == ("https://example.org/3", "The Paper")


def test_atom() -> None:
    (entry,) = entries(ATOM)
    assert entry.fields["title"] == "Ein Titel"
    assert entry.fields["published"] == "2026-01-02T03:04:05Z"
    assert entry.fields["lang"] == "de"
    assert (entry.fields["body"], entry.complete) == ("Kurz.", False)


def test_json_feed() -> None:
    one, two, three = entries(orjson.dumps(JSON_FEED))
    assert one.fields == {
        "title": "One & only",
        "body": "<p>Text</p>",
        "content_type": "text/html",
        "url": "https://example.org/1",
        "published": "2026-01-02T02:04:05Z",
        "author": "Desk",
        "lang": "en",
        "tags": ["a"],
    }
    assert (two.key, two.fields["body"], two.fields["author"], two.complete) == ("2", "Two", "X, Y", True)
    assert (three.link, three.complete) == ("https://example.org/3", False)


@pytest.mark.parametrize(
    "data",
    [b"", b" \n", b"hello", b"/etc/passwd", b"<html><body>x</body></html>", b"{}", b'{"version": 5}', b"{no json",
     b"\x00" * 100, b"%PDF-1.7", RSS.encode()[:150], b"<rss>" * 50, b"<" * 5_000],
)  # fmt: skip
def test_what_is_no_feed(data: bytes) -> None:
    found = read_feed(data, content_type="text/html", url=URL)
    assert isinstance(found, Reject)
    assert found.code == "not_a_feed"
    assert found.reason.startswith("found ")


def test_entities_are_not_expanded_and_nothing_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("TOP-SECRET")
    xxe = f"""<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY x SYSTEM "file://{tmp_path}/secret">
    <!ENTITY % p SYSTEM "http://127.0.0.1:1/x.dtd"> %p;]>
    <rss version="2.0"><channel><item><title>A&x;B</title><description>Text</description></item></channel></rss>"""
    found = read_feed(xxe.encode(), content_type="application/xml", url=URL)
    assert "TOP-SECRET" not in repr(found)
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f"""<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY l0 "ha">{laughs}]>
    <rss version="2.0"><channel><item><title>&l11;</title><description>Text</description></item></channel></rss>"""
    found = read_feed(bomb.encode(), content_type="application/xml", url=URL)
    assert len(repr(found)) < 10_000


def test_a_feed_of_many_entries_is_cut() -> None:
    many = "".join(f"<item><title>{n}</title></item>" for n in range(1_500))
    assert len(entries(f'<rss version="2.0"><channel>{many}</channel></rss>')) == 1_000


ITEMS = st.lists(
    st.tuples(
        st.sampled_from(
            ["a", "b", "a\0https://example.org/1", "a\nhttps://example.org/1", "https://example.org/1", ""]
        ),
        st.sampled_from([None, *(f"https://example.org/{n}" for n in range(4))]),
    ),
    max_size=8,
)


@given(ITEMS, st.booleans())
def test_two_links_never_share_a_key_and_a_guid_of_its_own_is_one(
    items: list[tuple[str, str | None]], as_json_feed: bool
) -> None:
    if as_json_feed:
        found = entries(orjson.dumps({
            "version": "https://jsonfeed.org/version/1.1",
            "items": [{"id": guid, "url": link, "content_text": "Text"} for guid, link in items],
        }))  # fmt: skip
    else:
        items = [(guid.replace("\0", "0").replace("\n", "n"), link) for guid, link in items]
        found = entries('<rss version="2.0"><channel><title>T</title>' + "".join(
            f'<item><guid isPermaLink="false">{guid}</guid>{f"<link>{link}</link>" if link else ""}'
            "<description>Text</description></item>"
            for guid, link in items
        ) + "</channel></rss>")  # fmt: skip
    assert [entry.link for entry in found] == [link for _, link in items]
    links = [(entry.key, entry.link) for entry in found if entry.link is not None]
    assert len(set(links)) == len({key for key, _ in links})
    for (guid, link), entry in zip(items, found, strict=True):
        if guid and "\0" not in guid and {other for name, other in items if guid in (name, name or other)} == {link}:
            assert entry.key == guid


def test_an_encoding_that_is_no_name_is_one_reject() -> None:
    found = read_feed(RSS.encode().replace(b"utf-8", b"\x80tf-8", 1), content_type="text/xml", url=URL)
    assert isinstance(found, Reject)
    assert found.reason.startswith("found ")
    assert "that the feed parser fails on ('utf-8' codec can't decode byte 0x80" in found.reason


@given(st.binary(max_size=300), st.sampled_from([RSS, ATOM, orjson.dumps(JSON_FEED).decode()]), st.integers(0, 1_000))
def test_damage_anywhere_gives_entries_or_one_reject(noise: bytes, feed: str, place: int) -> None:
    data = feed.encode()
    found = read_feed(data[:place] + noise + data[place + len(noise) :], content_type="text/xml", url=URL)
    orjson.dumps(as_json(found))
    if not isinstance(found, Reject):
        for entry in found:
            assert isinstance(article_from(dict(entry.fields)), Decoded | Reject)


def test_the_feeds_of_feedparser() -> None:
    """2,126 well-formed and broken documents: none raises, each gives entries or one clear reject."""
    given_, refused, without_entries = 0, 0, 0
    with tarfile.open(ARCHIVE) as archive:
        for member in archive:
            if not member.isfile():
                continue
            stream = archive.extractfile(member)
            assert stream is not None
            found = read_feed(stream.read(), content_type="application/xml", url=URL)
            orjson.dumps(as_json(found))
            if isinstance(found, Reject):
                assert found.code == "not_a_feed", member.name
                refused += 1
            elif found:
                given_ += 1
                assert all(isinstance(article_from(dict(e.fields)), Decoded) for e in found if "body" in e.fields)
            else:
                without_entries += 1
    assert given_ + refused + without_entries == 2_126
    assert given_ > 900
    assert refused < 300

"""The five seeds, and indexes with faults."""

from __future__ import annotations

from pathlib import Path

import pytest

from stream.model import Reject
from stream.sources.item import Item, Offered, Refused
from stream.sources.seeds import Index, parse_index, read_articles, read_seeds
from stream.wire.decode import Decoded, article_from

SEEDS = Path(__file__).parents[2] / "seeds"


def _read(folder: Path) -> list[Item]:
    return list(read_articles(folder, file_bytes_max=1_000_000))


def _offered(items: list[Item]) -> list[dict[str, object]]:
    assert all(isinstance(item, Offered) for item in items)
    return [item.fields for item in items if isinstance(item, Offered)]


def test_the_seeds_are_complete_articles_in_the_order_of_time() -> None:
    articles = _offered(_read(SEEDS))
    assert [str(a["id"])[:3] for a in articles] == ["002", "001", "000", "003", "004"]
    assert [a["source"] for a in articles] == [
        "RT",
        "Iron Blade Online",
        "Reuters",
        "Mirror News Today",
        "The New York Times",
    ]
    for fields in articles:
        assert fields["title"]
        decoded = article_from(fields)
        assert isinstance(decoded, Decoded)
        assert decoded.warnings == ()
        assert decoded.article.published is not None
        assert decoded.article.extra == {}


def test_the_bodies_are_as_received() -> None:
    bodies = {str(a["id"]): a["body"] for a in _offered(_read(SEEDS))}
    assert bodies == {path.stem: path.read_bytes().decode() for path in SEEDS.glob("*.txt")}


def test_the_index_says_nothing_that_the_text_says() -> None:
    index = parse_index((SEEDS / "index.yml").read_bytes())
    assert isinstance(index, Index)
    assert set(index.articles) == {path.name for path in SEEDS.glob("*.txt")}
    dated = index.articles["002_13d2d2d650608619.txt"]
    assert (dated.title, dated.published) == (None, None)
    assert all(entry.licence and entry.note for entry in index.articles.values())


def test_without_an_id_it_is_made_from_the_content(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("A text about something.")
    (tmp_path / "index.yml").write_text("schema: seeds/v1\narticles:\n  a.txt: {title: One}\n")
    first, again = _offered(_read(tmp_path)), _offered(_read(tmp_path))
    decoded = article_from({key: value for key, value in first[0].items() if key != "id"})
    assert isinstance(decoded, Decoded)
    assert first == again
    assert first[0]["id"] == decoded.article.id


@pytest.mark.parametrize(
    ("index", "reason"),
    [
        (b"\xff", "found byte 0xff at 0, expected UTF-8"),
        (b"articles: [", "line 1"),
        (b"schema: seeds/v1\narticles: {a.txt: {title: x, title: y}}\n", "line 2"),
        (b"[]", "expected"),
        (b"schema: seeds/v2\narticles: {}\n", "schema: found 'seeds/v2', expected 'seeds/v1'"),
        (b"schema: seeds/v1\narticles: {a.txt: {headline: x}}\n", "articles.a.txt.headline"),
        (b"schema: seeds/v1\narticles: {a.txt: {published: 2024-01-02}}\n", "put it in quotes"),
        (b"schema: seeds/v1\narticles: {a.txt: {published: 2024-99-99}}\n", "expected YAML"),
        (b'schema: seeds/v1\narticles: {a.txt: {title: "\\ud800"}}\n', "articles.a.txt.title"),
        (b"[" * 100_000, "expected YAML"),
        (b'schema: seeds/v1\narticles: {a.txt: {published: "soon"}}\n', "expected an RFC 3339 time"),
    ],
)
def test_a_bad_index_is_said_and_the_texts_are_read(tmp_path: Path, index: bytes, reason: str) -> None:
    (tmp_path / "a.txt").write_text("A text about something.")
    (tmp_path / "index.yml").write_bytes(index)
    fault, article = _read(tmp_path)
    assert isinstance(fault, Refused)
    assert fault.origin.file.endswith("index.yml")
    assert reason in fault.reject.reason
    assert isinstance(article, Offered)


def test_an_entry_without_its_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "index.yml").write_text("schema: seeds/v1\narticles: {gone.txt: {title: x}}\n")
    (fault,) = _read(tmp_path)
    assert isinstance(fault, Refused)
    assert "gone.txt" in fault.reject.reason


def test_a_folder_without_an_index_comes_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").write_text('{"body":"2","published":"2022-01-01"}\n{"body":"1","published":"2021-01-01"}\n')
    assert [fields["body"] for fields in _offered(_read(tmp_path))] == ["2", "1"]
    assert isinstance(next(read_seeds(tmp_path, file_bytes_max=1_000)), Refused)


def test_an_index_too_large_is_refused() -> None:
    assert isinstance(parse_index(b"schema: nothing"), Reject)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: &a [x, x]\narticles: *a\n", "found an alias in line 2, expected YAML of plain lists"),
        ("articles: !!python/object:os.system {}\n", "found a tag in line 1"),
        ("a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40)), "found an alias"),
    ],
)
def test_an_index_has_no_aliases_and_no_tags(text: str, said: str) -> None:
    found = parse_index(text.encode())
    assert isinstance(found, Reject)
    assert said in found.reason

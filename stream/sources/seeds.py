"""A folder of texts with an index that says what the texts do not say about themselves.

`index.yml` has `schema: seeds/v1` and, under `articles`, for each file name any of id, title, source, author,
published (RFC 3339, in quotes), url, lang, section, country, and the remarks `note` and `licence`, which are not
published. What the index gives wins over what the text gives. Without an id in the index, it is a function of URL,
else of title and body.

Delivery guarantees: every article of the folder once, in the order of `published` (undated ones stay behind the file
that they followed); the same files give the same items and the same ids. A fault of the index, or an entry without
its file, is a `Refused` with the line of the index, first of all; the texts are read all the same.

Limits: those of `stream.sources.folder`; all items are in memory at once, because they are put in order; the index
is at most INDEX_BYTES_MAX bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictStr, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent

from stream.model import Reject
from stream.sources.folder import read_path
from stream.sources.item import Item, Offered, Origin, Refused
from stream.sources.pacing import in_order_of_time
from stream.sources.regular_file import printable, read_regular, unreadable
from stream.wire.decode import parse_time
from stream.wire.identity import article_id

INDEX = "index.yml"
INDEX_BYTES_MAX = 1_000_000

Text = Annotated[StrictStr, Field(min_length=1, max_length=4_000)]


class Entry(BaseModel):
    """What the index says about one file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[StrictStr, Field(min_length=1, max_length=256)] | None = None
    title: Text | None = None
    source: Text | None = None
    author: Text | None = None
    published: Text | None = None
    url: Text | None = None
    lang: Text | None = None
    section: Text | None = None
    country: Text | None = None
    note: Text | None = None
    licence: Text | None = None


NESTED_MAX = 20


class Index(BaseModel):
    """The index file."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    schema_: Literal["seeds/v1"] = Field(alias="schema")
    articles: dict[str, Entry]


def read_articles(path: Path, *, file_bytes_max: int) -> Iterator[Item]:
    """The items of any path: of a folder with an index as seeds, of another folder or a file as it comes."""
    if (path / INDEX).is_file():
        return read_seeds(path, file_bytes_max=file_bytes_max)
    return read_path(path, file_bytes_max=file_bytes_max)


def read_seeds(folder: Path, *, file_bytes_max: int) -> Iterator[Item]:
    """The items of a folder with an index, in the order of time."""
    origin = printable(folder / INDEX)
    data = read_regular(folder / INDEX, file_bytes_max=INDEX_BYTES_MAX)
    index = data if isinstance(data, Reject) else parse_index(data)
    if isinstance(index, Reject):
        yield Refused(Origin(origin), index)
        entries: dict[str, Entry] = {}
    else:
        entries = index.articles
    missing = set(entries)
    items: list[Item] = []
    for item in read_path(folder, file_bytes_max=file_bytes_max):
        name = item.origin.file.removeprefix(printable(folder)).lstrip("/\\")
        missing.discard(name)
        items.append(_completed(item, entries.get(name)))
    for name in sorted(missing):
        reason = f"found an entry for {name}, expected a file of this name beside the index"
        yield Refused(Origin(origin), unreadable(reason))
    yield from in_order_of_time(items)


def parse_index(data: bytes) -> Index | Reject:
    """The index in the bytes of its file; a Reject says what was found and expected, and in which line."""
    try:
        text = data.decode("utf-8")
        if (fault := _beyond_data(text)) is not None:
            return unreadable(fault)
        loaded = YAML(typ="safe", pure=True).load(text)
        index = Index.model_validate(loaded)
    except UnicodeDecodeError as error:
        return Reject("read", "invalid_utf8", f"found byte 0x{data[error.start]:02x} at {error.start}, expected UTF-8")
    except MarkedYAMLError as error:
        line = f" in line {error.problem_mark.line + 1}" if error.problem_mark else ""
        return unreadable(f"found {error.problem or 'a fault'}{line}, expected YAML")
    except ValidationError as error:
        return unreadable("; ".join(_fault(dict(fault)) for fault in error.errors()))
    except (YAMLError, ValueError, RecursionError) as error:
        # ValueError: something that looks like a date and is none.
        return unreadable(f"found {error}, expected YAML")
    for name, entry in index.articles.items():
        if entry.published is not None and parse_time(entry.published) is None:
            return unreadable(f"articles.{name}.published: found {entry.published!r}, expected an RFC 3339 time")
    return index


def _beyond_data(text: str) -> str | None:
    """Aliases (a few lines become millions), tags and deep nesting have no place in an index."""
    depth = 0
    for event in YAML(typ="safe", pure=True).parse(text):
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        found = "an alias" if isinstance(event, AliasEvent) else "a tag" if getattr(event, "tag", None) else None
        if found is None and depth > NESTED_MAX:
            found = "deep nesting"
        if found is not None:
            line = event.start_mark.line + 1
            return f"found {found} in line {line}, expected YAML of plain lists and mappings"
    return None


def _fault(fault: dict[str, object]) -> str:
    place = ".".join(str(part) for part in fault["loc"]) if isinstance(fault["loc"], tuple) else ""
    expected = str(fault["msg"]).removeprefix("Input should be ")
    hint = "; put it in quotes" if fault["type"] == "string_type" else ""
    return f"{place or 'the index'}: found {str(fault['input'])[:80]!r}, expected {expected}{hint}"


def _completed(item: Item, entry: Entry | None) -> Item:
    if not isinstance(item, Offered):
        return item
    given = entry.model_dump(exclude={"note", "licence"}, exclude_none=True) if entry else {}
    fields = {**item.fields, **given}
    body, title, url = fields.get("body"), fields.get("title"), fields.get("url")
    if "id" not in fields and isinstance(body, str) and body:
        made = article_id(url if isinstance(url, str) else None, title if isinstance(title, str) else None, body)
        fields = {"id": made, **fields}
    return Offered(item.origin, fields)

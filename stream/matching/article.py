"""An article ready to be matched: its text fields read, its event time fixed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from stream.clean import read
from stream.clean.markup import has_tags
from stream.clean.native import NativeWords
from stream.clean.reading import Reading
from stream.clean.residue import find_residue
from stream.model import Article

TextField = Literal["title", "body"]
TEXT_FIELDS: tuple[TextField, ...] = ("title", "body")
KEY_FIELDS = ("source", "lang", "author", "section", "country", "url")


@dataclass(frozen=True, slots=True)
class ReadArticle:
    """One article with the readings of its text fields; `event_time` has an offset from UTC."""

    article: Article
    title: Reading | None
    body: Reading
    event_time: datetime

    def reading(self, field: TextField) -> Reading | None:
        """The reading of a text field; None for a title that is missing."""
        return self.title if field == "title" else self.body

    def tokens(self) -> list[str]:
        """The tokens of title and body, one behind the other."""
        return list(self.body.tokens) if self.title is None else [*self.title.tokens, *self.body.tokens]

    def native_words(self) -> list[NativeWords] | None:
        """The same as they were read in machine code; None if they were not."""
        readings = (self.body,) if self.title is None else (self.title, self.body)
        found = [reading.words.native for reading in readings if reading.words is not None]
        words = [each for each in found if each is not None]
        return words if len(words) == len(readings) else None


def read_article(article: Article, event_time: datetime) -> ReadArticle:
    """Read title and body as rules see them; residue of the body is cut, a title has none."""
    cuts = find_residue(article.body, content_type=article.content_type)
    # The article is HTML, not its body alone; and a title of HTML comes with plain bodies too.
    title_type = article.content_type or ("text/html" if has_tags(article.body) else None)
    return ReadArticle(
        article=article,
        title=None if article.title is None else read(article.title, kind="title", content_type=title_type),
        body=read(article.body, kind="body", content_type=article.content_type, cuts=cuts),
        event_time=event_time,
    )

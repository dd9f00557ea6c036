"""The text of an article from its web page, by trafilatura (extra `fulltext`); runs in the process of `child`."""

from __future__ import annotations

import importlib.util
import re

PAGE_TYPES = ("text/html", "application/xhtml+xml")
EXTRA = "fulltext"
_SURROGATES = re.compile("[\ud800-\udfff]")


def is_available() -> bool:
    """Whether the extra is installed."""
    return importlib.util.find_spec("trafilatura") is not None


def text_of_page(data: bytes, *, url: str) -> str | None:
    """The article in an HTML page, a paragraph a line; None if there is none to be found."""
    # Imported here: only those who ask for full texts need it, and it is large.
    import trafilatura

    text = trafilatura.extract(
        data, url=url, output_format="txt", include_comments=False, include_tables=False, favor_precision=True
    )
    return _SURROGATES.sub("\ufffd", text).strip() or None if text else None

"""Which entries of a feed are new, which have changed, and what to tell the server: the resume token of a feed.

An entry is known by its key (guid, else link, else its content; guid and link where others in the document have its
guid). When the text of a known one changes, it is a new
revision of the same article, up to REVISIONS_MAX: a counter in the text must not make an article a minute.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from stream.sources.contract import Token
from stream.sources.feeds.entry import Entry, digest

ENTRIES_REMEMBERED_MAX = 5_000
"""Of one feed: those that it still has, and so many of the older ones."""

REVISIONS_MAX = 20


@dataclass(slots=True)
class Memory:
    """What is remembered of one feed."""

    url: str
    etag: str | None = None
    last_modified: str | None = None
    body: str | None = None
    entries: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, url: str, token: Token | None) -> Memory:
        """From a token; a fresh one if there is none, or if it is of another URL."""
        name = digest(url.encode())
        given = token or {}
        match given:
            case {"url": str(found), "entries": dict(entries)} if found == name:
                texts = [given.get(key) for key in ("etag", "last_modified", "body")]
                etag, last_modified, body = (text if isinstance(text, str) else None for text in texts)
                known = {str(key): str(value) for key, value in entries.items() if ":" in str(value)}
                return cls(name, etag, last_modified, body, known)
        return cls(name)

    def token(self) -> Token:
        """To be remembered; of the URL only a digest, because it may hold secrets."""
        return {
            "url": self.url,
            "etag": self.etag,
            "last_modified": self.last_modified,
            "body": self.body,
            "entries": self.entries,
        }

    def headers(self) -> dict[str, str]:
        """For a conditional request."""
        headers = {}
        if self.etag:
            headers["If-None-Match"] = self.etag
        if self.last_modified:
            headers["If-Modified-Since"] = self.last_modified
        return headers

    def is_same(self, body: bytes) -> bool:
        """Whether this is the body that was worked on last."""
        return self.body == digest(body)

    def worked_on(self, body: bytes, etag: str | None, last_modified: str | None) -> None:
        """All of this answer has been dealt with."""
        self.body, self.etag, self.last_modified = digest(body), etag, last_modified

    def revision(self, entry: Entry) -> int | None:
        """As which revision to offer an entry; None if it is known as it is."""
        found = self.entries.get(_key(entry))
        if found is None:
            return 1
        digest, _, revision = found.partition(":")
        if digest == entry.digest or int(revision) >= REVISIONS_MAX:
            return None
        return int(revision) + 1

    def note(self, entry: Entry, revision: int) -> None:
        """This revision of the entry has its answer."""
        # Taken out first, so that it stands last: what stands first is forgotten first.
        self.entries.pop(_key(entry), None)
        self.entries[_key(entry)] = f"{entry.digest}:{revision}"

    def forget(self, current: Sequence[Entry]) -> None:
        """Drops the oldest entries that the feed does not have any more."""
        excess = len(self.entries) - ENTRIES_REMEMBERED_MAX
        if excess > 0:
            kept = {_key(entry) for entry in current}
            for key in [key for key in self.entries if key not in kept][:excess]:
                del self.entries[key]


def _key(entry: Entry) -> str:
    return digest(entry.key.encode("utf-8", "surrogatepass"))

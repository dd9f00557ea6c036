"""Stage 2, tag: the topics of an article from the rules that matched it."""

from stream.tag.topics import topics_of

__all__ = ["topics_of"]

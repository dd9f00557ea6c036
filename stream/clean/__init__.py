"""Stage 1, clean: how text is read (section 1 of the rule language), and what of it is residue."""

from stream.clean.cut import Cut
from stream.clean.fold import fold_key
from stream.clean.reader import read, read_phrase
from stream.clean.reading import Reading

__all__ = ["Cut", "Reading", "fold_key", "read", "read_phrase"]

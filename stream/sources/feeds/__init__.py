"""Feeds: RSS, Atom and JSON Feed.

polling ──> net.fetching ──> workshop ═══ pipe ═══> child: entries (feedparser), pages (trafilatura)
   │                                                   a process of its own, ended when it takes too long
   └──> memory: which entries are new, which changed ──> outlet
"""

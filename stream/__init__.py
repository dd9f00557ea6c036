"""Redline: live monitoring of news on Kafka and Faust.

Sources publish articles to `articles.raw`. Worker agent 1 (stateless) reads each one (`clean`), tags its
topics and matches it against the rules (`matching`, `tag`): it writes `articles.tagged`, and one record on
`matches` for each alert rule that matched. Agent 2 turns matches into alerts on `alerts.<severity>`.
What cannot be read goes to `articles.dead` with stage, code, reason and the original bytes. The stages are
pure functions composed in `engine`; only `worker` knows Faust and only `broker` knows kafka-python.
"""

__version__ = "0.1.0"

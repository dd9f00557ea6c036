"""Where articles come from: recorded ones (`replayer`) and live ones (`running`).

All yield `stream.sources.item.Item`; live sources keep `stream.sources.contract`.
"""

"""Where articles come from: the outside world -> what a replay publishes. One contract: `stream.sources.item.Item`."""

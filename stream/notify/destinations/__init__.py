"""Where alerts go: one module a kind, all with the contract of `stream.notify.destinations.contract`."""

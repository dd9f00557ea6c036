"""The outside world's network, with care: guarded requests to addresses that others chose, and who may call us."""

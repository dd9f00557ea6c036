"""Metrics in one table, named events that own metrics and log lines, log set-up, and the health server."""

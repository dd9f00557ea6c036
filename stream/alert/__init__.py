"""Stage 4, alert: matches become alerts with deterministic ids and rendered summaries."""

from stream.alert.raising import raise_alert, raise_episode
from stream.alert.render import PLACEHOLDERS, render_summary

__all__ = ["PLACEHOLDERS", "raise_alert", "raise_episode", "render_summary"]

"""The limits of matching, as a value that the shell passes into the core."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of an article a match carries along; lengths in code points.

    `evidence_per_match_max`              pieces of evidence of one match; the first ones in reading order stay
    `evidence_text_code_points_max`       a longer piece is cut at its end (a NEAR over long words, a greedy regex)
    `sentence_code_points_max`            a longer sentence is cut around its piece of evidence
    `evidence_per_topic_max`              pieces of evidence of one topic, over all rules that gave it
    """

    evidence_per_match_max: int = 50
    evidence_text_code_points_max: int = 1_000
    sentence_code_points_max: int = 1_000
    evidence_per_topic_max: int = 10

"""Quantiles from a histogram of /metrics, as Prometheus' histogram_quantile works them out."""

from __future__ import annotations

import math

from prometheus_client.parser import text_string_to_metric_families


def quantile(exposition: str, name: str, q: float) -> float | None:
    """The q-quantile (0..1) of a histogram in an exposition, in its own unit; None if nothing was observed.

    Linear inside a bucket, labels summed up; what lies above the last finite bound is that bound.
    """
    buckets: dict[float, float] = {}
    for family in text_string_to_metric_families(exposition):
        for sample in family.samples:
            if sample.name == f"{name}_bucket":
                bound = float(sample.labels["le"])
                buckets[bound] = buckets.get(bound, 0.0) + sample.value
    bounds = sorted(buckets)
    if not bounds or buckets[bounds[-1]] == 0:
        return None
    rank = q * buckets[bounds[-1]]
    below, low = 0.0, 0.0
    for bound in bounds:
        count = buckets[bound]
        if count >= rank and count > below:
            return low if math.isinf(bound) else low + (bound - low) * (rank - below) / (count - below)
        below, low = count, bound
    return low

"""Delivery: alerts from their topics to people and programs, by a routes file.

    routes file ──> routesfile ──> Routes                                    (pure)
    alert ──> notice ──> routing: which destination, when, alone or together (pure)
    one destination's alerts ──> queue: due, back-off, breaker, positions    (pure; time and chance are arguments)
    lane: a consumer group of its own ──> queue ──> a destination (destinations/) ──> commit

`running` puts the lanes of a process together; `routetests` runs the tests inside a routes file.
"""

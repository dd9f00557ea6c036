"""The first stage in processes of their own, so that one worker uses several cores.

    worker (event loop: Kafka, states, alerts)
      ├─ engine process  <- slices of a chunk's records, -> what comes of them
      └─ engine process

Judging articles is nearly all of a worker's work, and each article is judged by itself; so a chunk is cut into slices,
the processes take one each whenever they are free, and what comes of them is handed on in the order of the records.

Guarantees: nothing is confirmed here; a process that ends, or an engine that fails, fails the call, and with it the
worker, which ends without a commit; one that ends with nothing to do is noticed as well. A process ends when the worker
does, whichever way that goes.
Limits: `engine_processes`; each has one slice in work. A rule set more is in memory while rules change.
"""

from stream.worker.pool.pool import EnginePool, InPool

__all__ = ["EnginePool", "InPool"]

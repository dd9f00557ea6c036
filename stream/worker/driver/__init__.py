"""A transport driver for Faust that can prove it loses nothing, and handles many records at once.

Agents get chunks of raw records of one partition; what a chunk led to is acknowledged by the broker before its offsets
can be committed. How it works, from the bottom:

    ledger.py     per partition: handed out, confirmed, committed; what is refused and when to go back
    chunk.py      Chunk, chunks() for agents
    lanes.py      each_chunk() for agents: several at the same time, in order on a partition
    table.py      tables whose writes are waited for, and that are recovered a fetch at a time
    lease.py      whether this process may still write for its partitions
    stream.py     what agents may not do with a chunked topic's stream
    suspects.py   notes about records that may have killed a worker
    notes.py      commits of those notes
    turns.py      a chunk that is under suspicion is alone in work
    thread.py     fetching from Kafka
    patience.py   how long the broker may hold a fetch
    handedin.py   records that were begun without a fetch, and come with one all the same
    records.py    what a fetch brought, made into records once
    cut.py        where the records of a fetch are cut into chunks
    holes.py      where logs end without a record
    ends.py       where partitions really end
    lag.py        how far the worker is behind them
    fence.py      the coordinator's answers renew the lease; no write leaves without it
    consumer.py   between the two: fetch, confirm, commit, rebalance, stop
    wiring.py     what all of them are given
    transport.py  the URL scheme chunk://, and what is refused at start
    limits.py     every limit

Written for one exact version of Faust; each of its internals relied on here has a test in
tests/worker/test_faust_internals.py.
"""

from stream.worker.driver.chunk import Chunk, chunks
from stream.worker.driver.consumer import ChunkConsumer
from stream.worker.driver.lanes import Inlet, each_chunk
from stream.worker.driver.limits import Limits
from stream.worker.driver.table import ChunkTable
from stream.worker.driver.transport import SCHEME, ChunkTransport, use_chunks

__all__ = [
    "SCHEME",
    "Chunk",
    "ChunkConsumer",
    "ChunkTable",
    "ChunkTransport",
    "Inlet",
    "Limits",
    "chunks",
    "each_chunk",
    "use_chunks",
]

"""The worker: two thin Faust agents around the engine, and what starts, watches and ends them.

    app.py        the Faust application: agents and configuration
    stages.py     what the agents need of an engine, and the plain way to it
    pool/         the first stage in processes of its own
    batches.py    what came of the parts of a chunk, put together
    driver/       the seam to Faust: records in chunks, offsets committed only after `confirm`
    dead.py       dead letters of records that killed a worker
    states.py     the table of states, and what is remembered of it
    progress.py   how far live articles are, told once a second
    alertsfirst.py  while few articles wait, alerts of the one before come first
    linger.py     what may wait a moment leaves together with what comes soon
    sender.py     messages out, on the Kafka client beneath Faust
    security.py   TLS and SASL from the settings
    checks.py     start-up: broker reachable, topics there
    health.py     what /livez and /readyz answer
    host.py       what the worker needs of its host
    memory.py     how its memory is kept small and flat
    watchdog.py   ends a worker that lives without working
    trial.py      are rule files good for anything? Asked of a process that ends
    inchild.py    a call in a child process
    reload.py     changed rule files into force, between two chunks, all or nothing
    exit.py       the hard way out
    run.py        the life of the process: start, signals, exit codes

Nothing else in Redline imports Faust.
"""

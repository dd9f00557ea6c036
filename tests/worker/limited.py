"""A worker with few file descriptors: `python -m tests.worker.limited N worker`."""

from __future__ import annotations

import resource
import sys

from stream.cli import main

if __name__ == "__main__":
    limit = int(sys.argv.pop(1))
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    main()

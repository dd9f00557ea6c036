"""`python -m stream.cli`: the `redline` command without its script."""

from stream.cli import main

main()

"""`python -m kerasemo`: the `kerasemo` command."""

from kerasemo.cli import main

main()

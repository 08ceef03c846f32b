"""Runs the `kerasemo` command with `python -m kerasemo`."""

from kerasemo.cli import main

main()

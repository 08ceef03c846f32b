"""`kerasemo plot`."""

from kerasemo.cli.arguments import RunFolder

__all__ = ["plot"]


def plot(run: RunFolder) -> None:
    """Draw the loss curves of every model of a run."""
    from kerasemo.reporting.pictures import plot_run

    for path in plot_run(run):
        print(path)

"""Progress bars on the error stream, only on a terminal; they disappear at the end."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

__all__ = ["Item", "track"]

Item = TypeVar("Item")


def track(items: Iterable[Item], total: int | None, description: str) -> Iterator[Item]:
    """Yield the items and show a progress bar, if the error stream is a terminal.

    Args:
        items: the items.
        total: their number; None if not known.
        description: text of the progress bar.
    """
    from rich.console import Console
    from rich.progress import track as rich_track

    console = Console(stderr=True)
    yield from rich_track(
        items, total=total, description=description, console=console, transient=True, disable=not console.is_terminal
    )

"""Progress bars: on a terminal only, on the error stream, gone when done."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")


def track(items: Iterable[Item], total: int | None, description: str) -> Iterator[Item]:
    """Pass `items` on and show how many of `total` (None: not known) have come; silent where the error stream is no
    terminal."""
    from rich.console import Console
    from rich.progress import track as rich_track

    console = Console(stderr=True)
    yield from rich_track(
        items, total=total, description=description, console=console, transient=True, disable=not console.is_terminal
    )

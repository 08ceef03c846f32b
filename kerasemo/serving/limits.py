"""The limits of a server: size, length, memory and time of a file, and how many files wait."""

import os
from dataclasses import dataclass

__all__ = ["MEGABYTE", "Limits"]

MEGABYTE = 2**20


@dataclass(frozen=True)
class Limits:
    """What a server accepts.

    Args:
        size_mb: largest file, megabytes.
        length_s: longest recording, seconds.
        memory_mb: memory that decoding a file may take in addition to the memory of an idle process, megabytes.
        time_s: longest time from the first byte of a request to its answer, seconds.
        waiting: number of files that may wait for a process; further requests are refused.
        processes: number of processes that decode.
    """

    size_mb: float = 50
    length_s: float = 600
    memory_mb: int = 1024
    time_s: float = 60
    waiting: int = 64
    processes: int = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

    @property
    def size_bytes(self) -> int:
        """Largest file, bytes."""
        return round(self.size_mb * MEGABYTE)

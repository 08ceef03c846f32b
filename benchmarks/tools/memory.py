"""Memory of processes."""

from pathlib import Path


def memory_mb(entry: str, pid: int | str = "self") -> float:
    """Return the memory of a process, MB; `ru_maxrss` may be the peak of the parent process.

    Args:
        entry: `VmRSS`, the current memory, or `VmHWM`, its peak.
        pid: the process.
    """
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith(entry)) / 1024

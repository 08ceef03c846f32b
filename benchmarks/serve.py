"""The server of `kerasemo serve` under load: requests a second, waiting times, memory, and the delay of live answers.

    python benchmarks/serve.py [--requests 10000] [--jobs N]

The network is the Audio CNN of goswami2018 with random weights, which do not affect the speed. Each request sends a wav
of three seconds, 48 kHz, 16 bits; every twentieth is broken. 1, 8 and 64 clients send a third of the requests each,
every client one after the other; they run on the cores of the server, in one process. A request has failed if a whole
file has no prediction, or a broken one anything but a problem with status 422; the benchmark then ends with an error.
Memory is that of the server and of its processes; it must not grow with the number of requests.

Live answers: 20 s of sound are sent as fast as they are spoken; the delay is the time from sending the last sample of a
window to its answer. The aim was 300 ms.

The last line is `ratio NUMBER`: requests a second of 64 clients divided by those of one client.
"""

import argparse
import asyncio
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import httpx
import numpy as np
import soundfile
from tools.exported import exported
from tools.memory import memory_mb
from websockets.asyncio.client import connect

CLIENTS = (1, 8, 64)
BROKEN_EVERY = 20
RATE, SECONDS = 48_000, 3
LIVE_S, PER_SECOND = 20, 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), help="Processes that decode.")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        saved_model = exported(Path(folder))
        command = [sys.executable, "-m", "kerasemo", "serve", str(saved_model), "--port", "0"]
        with subprocess.Popen([*command, "--jobs", str(arguments.jobs)], stdout=subprocess.PIPE, text=True) as server:
            try:
                asyncio.run(measure(server.stdout.readline().strip(), server.pid, arguments.requests))
            finally:
                server.terminate()


async def measure(address: str, pid: int, n_requests: int) -> None:
    """Print a row for each number of clients, the delay of live answers, and the ratio."""
    files = recordings()
    await load(address, files, 8, 100)  # so that everything is loaded and cached
    print(
        f"{'clients':>7} {'requests':>8} {'broken':>6} {'per s':>7} {'p50 ms':>7} {'p99 ms':>7} {'MB':>6} {'load':>5}"
    )
    speeds = []
    for n_clients in CLIENTS:
        began = time.perf_counter()
        taken, n_broken = await load(address, files, n_clients, n_requests // len(CLIENTS))
        speeds.append(len(taken) / (time.perf_counter() - began))
        p50, p99 = (1000 * np.quantile(taken, share) for share in (0.5, 0.99))
        print(
            f"{n_clients:>7} {len(taken):>8} {n_broken:>6} {speeds[-1]:>7.1f} {p50:>7.0f} {p99:>7.0f} "
            f"{memory_of_all_mb(pid):>6.0f} {os.getloadavg()[0]:>5.1f}",
            flush=True,
        )
    delays = [1000 * delay for delay in await live(address)]
    print(f"live answers: {len(delays)}, delay median {statistics.median(delays):.0f} ms, longest {max(delays):.0f} ms")
    print(f"ratio {speeds[-1] / speeds[0]:.2f}")


async def load(address: str, files: dict[str, bytes], n_clients: int, n_requests: int) -> tuple[list[float], int]:
    """Send requests with several clients; return the seconds of each, and the number of broken files."""
    numbers, taken, n_broken = iter(range(n_requests)), [], 0
    limits = httpx.Limits(max_connections=n_clients)

    async def send_one_after_the_other(client: httpx.AsyncClient) -> None:
        nonlocal n_broken
        for number in numbers:
            is_broken = number % BROKEN_EVERY == BROKEN_EVERY - 1
            began = time.perf_counter()
            answer = await client.post(
                "/v1/predict", files={"file": ("a.wav", files["broken" if is_broken else "whole"])}
            )
            taken.append(time.perf_counter() - began)
            if answer.status_code != (422 if is_broken else 200):
                raise SystemExit(f"A request has failed: {answer.status_code} {answer.text}")
            n_broken += is_broken

    async with httpx.AsyncClient(base_url=address, timeout=120, limits=limits) as client:
        await asyncio.gather(*(send_one_after_the_other(client) for _ in range(n_clients)))
    return taken, n_broken


async def live(address: str) -> list[float]:
    """Speak to the server; return the seconds from each window to its answer."""
    samples = np.random.default_rng(0).normal(0, 3000, RATE // PER_SECOND).astype("<i2").tobytes()
    sent, delays = {}, []
    async with connect(f"{address.replace('http', 'ws')}/v1/live?rate={RATE}") as socket:

        async def listen() -> None:
            async for message in socket:
                delays.append(time.perf_counter() - sent[json.loads(message)["time_s"]])

        listener = asyncio.create_task(listen())
        for number in range(1, LIVE_S * PER_SECOND + 1):
            await asyncio.sleep(1 / PER_SECOND)
            sent[round(number / PER_SECOND, 3)] = time.perf_counter()
            await socket.send(samples)
        await asyncio.sleep(1)
        await socket.close()
        await listener
    return delays


def memory_of_all_mb(pid: int) -> float:
    """Return the memory of a process and its children, megabytes; pages that they share count for each."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return sum(memory_mb("VmRSS", each) for each in (pid, *children))


def recordings() -> dict[str, bytes]:
    """Return a wav of noise, and the same cut off."""
    file = io.BytesIO()
    noise = 0.1 * np.random.default_rng(0).standard_normal(SECONDS * RATE)
    soundfile.write(file, noise, RATE, "PCM_16", format="WAV")
    return {"whole": file.getvalue(), "broken": file.getvalue()[: RATE * SECONDS]}


if __name__ == "__main__":
    main()

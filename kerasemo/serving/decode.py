"""The process that decodes files for the server; a hostile file can end this process, but not the server.

Call: `python -m kerasemo.serving.decode LIMITS`, with the limits and the folders of the SavedModels as JSON. It reads
tasks from standard input and writes their results to standard output, see `messages`; it ends when its input ends.
"""

import contextlib
import json
import os
import resource
import shutil
import sys
import tempfile
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
from threadpoolctl import threadpool_limits

from kerasemo.errors import BrokenClip, InputError
from kerasemo.export.preprocessing import Preprocessing
from kerasemo.export.windows import read_windows
from kerasemo.features.duration import duration_s
from kerasemo.serving.limits import MEGABYTE
from kerasemo.serving.messages import HEADER, from_payload, pack
from kerasemo.serving.window import as_matroska

__all__ = ["answers", "limit_memory", "main", "results", "warm_up"]


def main(settings: dict) -> None:
    """Decode files until standard input ends.

    Args:
        settings: `models` (folder and moved files of each SavedModel), `memory_mb`, `length_s`, and `folder`, an empty
            one for this process, which is removed when it ends.
    """
    try:
        _work(settings)
    finally:
        shutil.rmtree(settings["folder"], ignore_errors=True)


def _work(settings: dict) -> None:
    tasks, output = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # libraries that print must not disturb the messages
    models = [Preprocessing(folder, map(Path, moved)) for folder, moved in settings["models"]]
    with threadpool_limits(1):
        for model in models:
            warm_up(model)
        os.chdir(settings["folder"])
        limit_memory(settings["memory_mb"])
        _write(output, pack({"ready": True}))
        while len(head := tasks.read(HEADER.size)) == HEADER.size:
            kind, length = HEADER.unpack(head)
            for message in answers(models, from_payload(kind, tasks.read(length)), settings):
                _write(output, message)


def limit_memory(memory_mb: int) -> None:
    """Let this process take no more memory than now and a limit, and leave no core file.

    Args:
        memory_mb: memory in addition to what it has, megabytes.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    status = Path("/proc/self/status")
    if status.exists():
        now = next(int(line.split()[1]) * 1024 for line in status.read_text().splitlines() if line.startswith("VmSize"))
        most = now + memory_mb * MEGABYTE
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def warm_up(model: Preprocessing) -> None:
    """Read a second of noise, so that what is compiled or loaded on first use neither delays the first file nor counts.

    Args:
        model: the preprocessing of a model.
    """
    for network_input in model.inputs.values():
        network_input.feature_set.prepare()
    generator = np.random.default_rng(0)
    samples = generator.integers(-3000, 3000, 48_000, dtype="<i2").tobytes()
    _, picture = cv2.imencode(".jpg", generator.integers(0, 256, (480, 640, 3), dtype=np.uint8))
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(InputError):  # such as without a face
        path = Path(folder, "noise.mkv")
        path.write_bytes(as_matroska(samples, 48_000, 10 * [picture.tobytes()], frame_rate=10))
        model.read(path)


def answers(models: list[Preprocessing], task: dict, settings: dict) -> Iterator[bytes]:
    """Yield messages with the results of a task, and a last one: `done`, or what is wrong with the file.

    Arrays are results. The last message is JSON with one of `done`, `broken` (as `BrokenClip`), `wrong` (as
    `InputError`), `memory` or `too_long_s`, its length.

    Args:
        models: the preprocessing of each model.
        task: number of the `model`, `path` of the file and its `name`, `start_s`, `end_s`, `gender`, and `every_s` for
            windows instead of the whole.
        settings: as in `main`.
    """
    link = Path(task["name"])  # messages contain the path that is read: the name alone
    link.symlink_to(task["path"])
    try:
        length_s = duration_s(task["name"])
        if min(length_s, task["end_s"] or length_s) - (task["start_s"] or 0.0) > settings["length_s"]:
            yield pack({"too_long_s": length_s})
        else:
            yield from map(pack, results(models[task["model"]], task))
            yield pack({"done": True})
    except BrokenClip as error:
        yield pack({"broken": str(error)})
    except InputError as error:
        yield pack({"wrong": str(error)})
    except MemoryError:
        yield pack({"memory": True})
    except Exception as error:  # whatever a library raises for a damaged file
        sentence = f"{task['name']} cannot be decoded."
        yield pack({"broken": sentence, "log": "".join(traceback.format_exception(error))})
    finally:
        link.unlink()


def results(model: Preprocessing, task: dict) -> Iterator[dict]:
    """Yield the inputs of the network for a file as named arrays, or the times and samples of its windows.

    Args:
        model: the preprocessing of the model.
        task: as in `answers`.
    """
    part = (task["name"], task["start_s"], task["end_s"], task["gender"])
    if task["every_s"] is None:
        yield model.read(*part)
        return
    for times_s, windows in read_windows(model, *part, every_s=task["every_s"]):
        yield {"time_s": times_s, "windows": windows}


def _write(output: BinaryIO, message: bytes) -> None:
    output.write(message)
    output.flush()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))

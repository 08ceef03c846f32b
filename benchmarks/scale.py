"""Growth: time and memory of each stage for corpora of 1 000, 10 000 and 100 000 clips.

    python benchmarks/scale.py [--clips 1000 --clips 10000 --clips 100000] [--cells 10000]

A corpus has 200 different recordings of noise (0.6 s at 16 kHz) of 100 speakers and 8 classes, under as many names as
there are clips (hard links), so that disk space and cold features do not limit the size. Every stage is a process of
its own, with one job: the commands `kerasemo manifest`, `features` (warm), `audit` (which finds all the copies),
`train` (one epoch of the dense network, with a random split, and logistic regression beside it) and `report`, and of
the functions the split in ten folds of speakers and a score with its interval. Memory is the peak of the process.

`--cells` networks of a grid on 1 000 clips, which only leave a file behind: the time to plan them, to send them to two
processes, and to find them done when the grid is resumed.

The last line is `ratio NUMBER`, the largest growth of all stages: the time per clip in the largest corpus divided by
that in the second largest. 1.0 is linear growth; below 1, fixed costs such as imports still matter.
"""

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import soundfile

if TYPE_CHECKING:
    from kerasemo.experiment.cells import Cell

RECORDINGS, SPEAKERS, CLASSES, FOLDS = 200, 100, 8, 10
RATE, SECONDS = 16_000, 0.6
GRID_CLIPS = 1_000
STAGES = {
    "manifest": "-m kerasemo manifest folder --root corpus -o clips.csv",
    "features": "-m kerasemo features mfcc_functionals clips.csv --root corpus --jobs 1 --force -o features.npz",
    "split": f"{shlex.quote(str(Path(__file__).resolve()))} --stage split",
    "audit": "-m kerasemo audit clips.csv --root corpus --split split.csv --jobs 1",
    "train": "-m kerasemo train clips.csv --root corpus --epochs 1 --protocol paper --jobs 1",
    "score": f"{shlex.quote(str(Path(__file__).resolve()))} --stage score",
    "report": "-m kerasemo report runs/train/* -o page.html",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, action="append", help="clips of a corpus; may be repeated")
    parser.add_argument("--cells", type=int, default=10_000)
    parser.add_argument("--stage", choices=["split", "score"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.stage:
        {"split": split, "score": score}[arguments.stage]()
        return
    sizes = sorted(arguments.clips or [1_000, 10_000, 100_000])
    with tempfile.TemporaryDirectory() as folder:
        table = pd.DataFrame({size: measured(Path(folder, str(size)), size) for size in sizes})
        grid(Path(folder), arguments.cells)
    print(f"load over the last minute {os.getloadavg()[0]:.1f}")
    if len(sizes) > 1:
        fewer, most = sizes[-2:]
        growth = table.map(lambda each: each[0] / most)[most] / table.map(lambda each: each[0] / fewer)[fewer]
        print(f"grows most: {growth.idxmax()}")
        print(f"ratio {growth.max():.2f}")


def measured(folder: Path, n_clips: int) -> dict[str, tuple[float, float]]:
    """Create a corpus, run all stages on it and print a line for each; return seconds and peak megabytes by stage."""
    write_corpus(folder / "corpus", n_clips)
    print(f"{n_clips} clips\n{'stage':>10} {'s':>7} {'MB':>6}", flush=True)
    results = {}
    for name, command in STAGES.items():
        if name == "features":
            run(command, folder)  # fills the cache
        results[name] = run(command, folder)
        print(f"{name:>10} {results[name][0]:>7.1f} {results[name][1]:>6.0f}", flush=True)
    return results


def run(command: str, folder: Path) -> tuple[float, float]:
    """Run Python with some arguments in a folder; return its seconds and the peak of its memory, MB.

    The status may be 1, with which the audit says that it has found something.
    """
    environment = os.environ | {"KERASEMO_CACHE": str(folder / "cache"), "TF_CPP_MIN_LOG_LEVEL": "3"}
    log = folder / "log.txt"
    words = [str(next(folder.glob(word))) if "*" in word else word for word in shlex.split(command)]
    began = time.perf_counter()
    with log.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, *words], cwd=folder, env=environment, stdout=file, stderr=subprocess.STDOUT
        )
        _, status, usage = os.wait4(process.pid, 0)
    taken = time.perf_counter() - began
    if os.waitstatus_to_exitcode(status) not in (0, 1):
        raise SystemExit(f"{command}: {log.read_text()}")
    return taken, usage.ru_maxrss / 1024


def write_corpus(root: Path, n_clips: int) -> None:
    """Write the recordings, and link each of them under the names of its clips."""
    rng = np.random.default_rng(0)
    folders = [root / f"class_{number}" for number in range(CLASSES)]
    for folder in folders:
        folder.mkdir(parents=True)
    recordings = []
    for clip in range(n_clips):
        path = folders[clip % CLASSES] / f"speaker_{clip // CLASSES % SPEAKERS}__{clip}.wav"
        if clip < RECORDINGS:
            soundfile.write(path, rng.uniform(-0.5, 0.5, round(RATE * SECONDS)), RATE, subtype="PCM_16")
            recordings.append(path)
        else:
            os.link(recordings[clip % RECORDINGS], path)


def split() -> None:
    """Divide the clips of `clips.csv` into folds of speakers, and write `split.csv`."""
    from kerasemo import manifest
    from kerasemo.evaluation.protocols import draw_folds, splits

    table = manifest.load("clips.csv")
    folds = draw_folds(table["speaker"], FOLDS, seed=0)
    sides = [each.sides(table) for each in splits("speaker", table["speaker"], folds, 0, 0.8, 0.1)]
    sides[0].to_csv("split.csv", index=False)


def score() -> None:
    """Score predictions of all clips of `clips.csv`, with an interval by speaker."""
    from kerasemo import manifest
    from kerasemo.evaluation.tables import score_row

    table = manifest.load("clips.csv")[["clip", "speaker", "emotion"]]
    names = np.unique(table["emotion"])
    probabilities = np.random.default_rng(0).dirichlet(np.ones(CLASSES), len(table))
    table["predicted"] = names[probabilities.argmax(axis=1)]
    table[names] = probabilities
    Path("predictions/random.speaker").mkdir(parents=True)
    table.to_csv("predictions/random.speaker/test.csv", index=False)
    score_row(Path(), "speaker", ["random.speaker"], "Emotion", "random", "test", corpus="noise", metric="UAR")


def grid(folder: Path, n_cells: int) -> None:
    """Print the times of planning, scheduling and resuming a grid of networks that only leave a file behind."""
    from kerasemo.evaluation.protocols import random_split
    from kerasemo.experiment.cells import cells_of
    from kerasemo.training.grid import run_cells
    from kerasemo.training.run import Run

    run = Run.create(folder, "grid", {"notes": []})
    items = pd.DataFrame({"clip": [f"clip_{number}" for number in range(GRID_CLIPS)], "speaker": "one"})
    splits = [random_split(GRID_CLIPS, 0.8, 0.1, seed) for seed in range(2)]
    cells = []
    networks = [f"network_{number}" for number in range(n_cells // len(splits))]
    print(f"{n_cells} cells planned: {timed(lambda: cells.extend(cells_of(run, networks, items, splits))):.2f} s")
    for what in ("scheduled", "resumed"):
        print(f"{n_cells} cells {what}: {timed(lambda: run_cells(partial(leave_file, run.path), cells, 2, '')):.1f} s")


def leave_file(folder: Path, cell: "Cell") -> None:
    """Write a file, unless it is there."""
    if not (folder / cell.model).exists():
        (folder / cell.model).write_text("")


def timed(call: Callable[[], None]) -> float:
    """Return the seconds that a call takes."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()

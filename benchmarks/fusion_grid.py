"""The grid of multistage SVRs of atmaja2020 on nine sets of predictions: the authors' loop against `fit_grid`.

    python benchmarks/fusion_grid.py [--root DIR]

The grid has 5 contexts x 4 values of C x 3 targets x 5 stages, 300 regressions over 40 032 frames. `fit_grid` fits all
of them, including windows and Gram matrices. The loop runs `LinearSVR(C, random_state=0, max_iter=3000)` for each, on
precomputed windows, as in the authors' code. It would take hours, so only a sample is timed: arousal at the first
stage, with each C at the narrowest context, and with one C at the widest context, too. The time of the whole loop is
extrapolated: the time for each C grows with the width of the window, with the exponent measured between the two
contexts. All targets and stages are assumed to take the same time, although later stages have more inputs and take
longer.

The script also prints how close `fit_grid` is to the optimum: the largest difference in CCC to fits with a fiftieth of
its tolerance, over all targets, for two cells of the grid. The last line is the ratio of the times.
"""

import argparse
import math
import os
import time
import warnings
from itertools import product
from pathlib import Path

from sklearn.exceptions import ConvergenceWarning
from sklearn.svm import LinearSVR

from kerasemo.evaluation.scores import ccc
from kerasemo.fusion.multistage import CONTEXTS, CS, STAGES, TOLERANCE, MultistageSVR
from kerasemo.fusion.multistage_grid import fit_grid
from kerasemo.fusion.predictions import Aligned, load
from kerasemo.fusion.stage import apply
from kerasemo.fusion.windows import offsets, windows

# The fusion of the organisers, which is not a unimodal model.
LEFT_OUT = "svr"
# Context, C and number of stages of the cells that are compared with converged fits.
COMPARED = [(11, 0.01, STAGES), (19, 1.0, 1)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=Path(__file__).parents[2] / "shared" / "data" / "avec2019_ces")
    root = parser.parse_args().root
    folders = sorted(path for path in root.glob("predictions/*") if path.name != LEFT_OUT)
    if not folders:
        parser.error(f"{root} contains no predictions; give the folder of AVEC 2019 CES with --root")
    data = load(folders, root / "labels")
    print(f"{len(data.models)} sets, {len(data.labels)} frames, {os.cpu_count()} cores, seconds")
    cells = [MultistageSVR(context, C, STAGES) for context, C in product(CONTEXTS, CS)]
    ours = timed(lambda: fit_grid(cells, data.inputs, data.labels, data.lengths))
    print(f"fit_grid, all {len(cells) * STAGES * data.labels.shape[1]} regressions: {ours:.1f}", flush=True)
    for context, C, n_stages in COMPARED:
        (cell,) = [cell for cell in cells if (cell.context, cell.C) == (context, C)]
        most = distance(cell, n_stages, data)
        print(f"context {context}, C {C}, {n_stages} stages: CCC within {most:.4f} of converged fits", flush=True)
    loop = extrapolated(data)
    print(f"the authors' loop, extrapolated: {loop:.0f}")
    print(f"load over the last minute {os.getloadavg()[0]:.1f}")
    print(f"ratio {loop / ours:.1f}")


def distance(cell: MultistageSVR, n_stages: int, data: Aligned) -> float:
    """Return the largest difference in CCC to fits with a fiftieth of the tolerance, over stages and targets."""
    exact = MultistageSVR(cell.context, cell.C, n_stages, tol=TOLERANCE / 50, max_iter=2000)
    exact.fit(data.inputs, data.labels, data.lengths)
    outputs = (apply(stages[:n_stages], data.inputs, data.lengths) for stages in (cell.stages_, exact.stages_))
    return max(
        abs(ccc(labels, fused) - ccc(labels, expected))
        for stages in zip(*outputs, strict=True)
        for labels, fused, expected in zip(data.labels.T, *(stage.T for stage in stages), strict=True)
    )


def extrapolated(data: Aligned) -> float:
    """Return the extrapolated seconds of the authors' loop for the whole grid."""
    narrowest, widest = min(CONTEXTS), max(CONTEXTS)
    seconds = {C: svr_seconds(data, narrowest, C) for C in CS}
    C = sorted(CS)[1]
    exponent = math.log(svr_seconds(data, widest, C) / seconds[C]) / math.log(width(widest) / width(narrowest))
    one_target = sum(
        seconds[C] * (width(context) / width(narrowest)) ** exponent for context, C in product(CONTEXTS, CS)
    )
    return one_target * data.labels.shape[1] * STAGES


def svr_seconds(data: Aligned, context: int, C: float) -> float:
    """Return the seconds of one regression of the loop."""
    lags = offsets(context, quirk=True)
    reach, n_inputs = int(lags.max()), data.inputs.shape[1]
    table = windows(data.inputs, data.lengths, reach).reshape(len(data.inputs), -1, n_inputs)
    table = table[:, lags + reach].reshape(len(table), -1)
    svr = LinearSVR(C=C, random_state=0, max_iter=3000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        seconds = timed(lambda: svr.fit(table, data.labels[:, 0]))
    score = ccc(data.labels[:, 0], svr.predict(table))
    print(f"LinearSVR, context {context}, C {C}: {seconds:.1f} ({svr.n_iter_} passes, CCC {score:.3f})", flush=True)
    return seconds


def width(context: int) -> int:
    """Return the number of frames of a window."""
    return 1 + 2 * context


def timed(call) -> float:
    """Return the seconds of a call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()

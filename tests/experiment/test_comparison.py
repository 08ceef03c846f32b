import numpy as np
import pandas as pd
import pytest

from kerasemo.evaluation.protocols import Split
from kerasemo.experiment import Cell, Outcome, comparison
from kerasemo.training.run import Run

CLIPS = pd.DataFrame({"clip": list("abcd"), "speaker": ["s1", "s1", "s2", "s2"]})
NONE = np.array([], int)
SPLITS = [Split(f"speaker.fold{k}", NONE, NONE, rows) for k, rows in enumerate(([0, 1], [2, 3]))]
# Network -> seed -> which clips are correct.
CORRECT = {
    "network": {None: [1, 1, 1, 0], 1: [1, 1, 0, 0]},
    "regression": {None: [1, 0, 0, 0]},
}


@pytest.fixture
def outcome(tmp_path) -> Outcome:
    run = Run.create(tmp_path, "test", {"notes": [], "corpus": "a corpus", "notice": None})
    cells = []
    for network, seeds in CORRECT.items():
        for seed, correct in seeds.items():
            table = CLIPS.assign(emotion="happy", predicted="", happy=correct, sad=0.5)
            for split in SPLITS:
                cells.append(Cell(network, split, CLIPS, seed))
                run.write_table(table.iloc[split.test], "predictions", cells[-1].model, "test.csv")
                history = pd.DataFrame({"epoch": [1, 2], "audio_spread": [1.0, 2.0], "image_spread": [3.0, 4.0]})
                run.write_table(history, "history", f"{cells[-1].model}.csv")
    return Outcome(run, None, None, cells)


def test_accuracies_over_seeds_and_paired_differences_by_hand(outcome):
    labels = {"regression": "LR", "network": "EMODal"}
    rows = {(row["row"], row["metric"]): row for row in comparison.rows(outcome, "Table", labels, "network")}
    values = {key: row["measured"] for key, row in rows.items()}
    assert values == {
        ("LR", "test accuracy"): 1 / 4,
        ("EMODal", "test accuracy"): 5 / 8,
        ("EMODal", "standard deviation over seeds of test accuracy"): pytest.approx(np.std([3 / 4, 2 / 4], ddof=1)),
        ("EMODal minus: LR", comparison.DIFFERENCE): pytest.approx(5 / 8 - 1 / 4),
    }
    difference = rows["EMODal minus: LR", comparison.DIFFERENCE]
    # Speaker 1 gains half a clip of one, speaker 2 a quarter.
    assert (difference["low"], difference["high"], difference["n"]) == (0.25, 0.5, 4)


def test_without_the_proposed_network_there_are_no_rows(outcome):
    assert not list(comparison.rows(outcome, "Table", {"regression": "LR", "other": "Other"}, "other"))


def test_spread_is_drawn_for_trained_networks(outcome):
    comparison.draw_spread(outcome, {"other": "Other"}, ["audio"])
    assert not (outcome.run.path / "figures").exists()
    comparison.draw_spread(outcome, {"network": "EMODal", "other": "Other"}, ["audio", "image"])
    assert (outcome.run.path / "figures" / "spread.png").exists()

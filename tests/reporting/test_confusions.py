"""Confusion matrices of the page, and the clips in their cells."""

from pathlib import Path

import pandas as pd
import pytest

from kerasemo.reporting import run_folder
from kerasemo.reporting.confusions import CLIPS_PER_CELL, Confusion, confusions


@pytest.fixture
def matrices(run: Path) -> list[Confusion]:
    return confusions(run_folder.read(run))


def test_each_main_model_has_a_matrix(matrices):
    assert [(each.network, each.protocol, each.task, each.n) for each in matrices] == [
        ("architecture 1", "paper protocol", "emotion", 48),
        ("architecture 4", "paper protocol", "emotion", 48),
        ("architecture 4", "speakers held out", "emotion", 96),
    ]


def test_cells_count_the_predictions_and_list_their_clips(matrices, run: Path):
    file = pd.read_csv(run / "predictions" / "architecture_1.paper" / "test.csv")
    for row in matrices[0].rows:
        for cell in row:
            rows = file[(file["emotion"] == cell.label) & (file["predicted"] == cell.predicted)]
            assert cell.count == len(rows)
            assert cell.share == len(rows) / 6
            assert {clip.name for clip in cell.clips} == set(rows["clip"])
            own = matrices[0].classes.index(cell.predicted)
            certain = [clip.probabilities[own] for clip in cell.clips]
            assert certain == sorted(rows[cell.predicted], reverse=True)


def test_cells_with_errors_come_first_and_empty_ones_are_left_out(matrices):
    right = [cell.label == cell.predicted for cell in matrices[0].cells]
    assert right == sorted(right)
    assert all(cell.count for cell in matrices[0].cells)


def test_a_full_cell_lists_the_clips_of_which_the_network_is_most_certain(run: Path):
    file = run / "predictions" / "architecture_1.paper" / "test.csv"
    table = pd.concat([pd.read_csv(file)] * 6).assign(emotion="sad", predicted="calm")
    table.to_csv(file, index=False)
    [cell] = confusions(run_folder.read(run))[0].cells
    assert (cell.count, len(cell.clips)) == (288, CLIPS_PER_CELL)
    assert cell.clips[0].probabilities[1] == table["calm"].max()

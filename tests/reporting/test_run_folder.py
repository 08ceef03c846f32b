"""Reading of complete, unfinished and damaged run folders."""

import json
from pathlib import Path

import pytest

from kerasemo.errors import InputError
from kerasemo.reporting import run_folder
from kerasemo.reporting.confusions import confusions


def test_a_complete_run_is_read_without_problems(run: Path):
    folder = run_folder.read(run)
    assert folder.finished
    assert folder.problems == []
    assert folder.notice == "synthetic corpus: not comparable with the paper"
    assert len(folder.histories) == 5
    assert list(folder.figures) == ["experiment_3.png"]
    assert folder.environment["packages"] == {"keras": "3.15.1"}


def test_the_folds_of_one_model_are_pooled(run: Path):
    predictions = run_folder.read(run).predictions
    assert {each.key: len(each.table) for each in predictions} == {
        ("architecture_1.paper", "", "emotion"): 48, ("architecture_1.paper.train50", "", "emotion"): 48,
        ("architecture_4.paper", "", "emotion"): 48, ("architecture_4.speaker", "", "emotion"): 96,
    }  # fmt: skip


def test_seeds_are_pooled_and_items_of_a_clip_averaged_with_speakers_held_out(run: Path):
    for seed in (1, 2):
        file = run / "predictions" / f"dense.seed{seed}.speaker.fold0" / "test.probe.csv"
        file.parent.mkdir()
        rows = ["c,1,sad,sad,.2,.8", "c,1,sad,happy,.9,.1", "d,1,sad,sad,.2,.8"]
        file.write_text("\n".join(["clip,speaker,emotion,predicted,happy,sad", *rows]))
    config = json.loads((run / "config.json").read_text())
    (run / "config.json").write_text(json.dumps(config | {"classes": {"emotion": ["happy", "sad"]}}))
    [decisions] = run_folder.read(run).predictions
    assert decisions.key == ("dense.speaker", "probe", "emotion")
    assert decisions.table["predicted"].tolist() == ["happy", "sad"] * 2


def test_predictions_of_a_number_are_no_decisions_and_no_problem(run: Path):
    config = json.loads((run / "config.json").read_text())
    (run / "config.json").write_text(json.dumps(config | {"classes": {**config["classes"], "valence": None}}))
    file = run / "predictions" / "numbers.paper" / "test.csv"
    file.parent.mkdir()
    file.write_text("clip,speaker,valence,predicted\na,1,2.5,2.25\n")
    folder = run_folder.read(run)
    assert folder.problems == []
    [numbers] = [each for each in folder.predictions if each.task == "valence"]
    assert (numbers.model, numbers.classes, numbers.table["predicted"].tolist()) == ("numbers.paper", None, [2.25])
    assert "numbers" not in {each.network for each in confusions(folder)}


def test_a_clip_may_be_called_na(run: Path):
    assert run_folder.read(run).set_aside["clip"].tolist() == ["03-01-05-01-02-01-07", "NA"]


def test_fold_ten_comes_after_fold_two(run: Path):
    for fold in [10, 3]:
        (run / "history" / f"architecture_4.speaker.fold{fold}.csv").write_text("epoch,loss\n1,2.0\n")
    folds = [name for name in run_folder.read(run).histories if "fold" in name]
    assert [name.rsplit("fold")[1] for name in folds] == ["1", "2", "3", "10"]


def test_a_folder_with_only_a_config_is_an_unfinished_run(tmp_path: Path):
    (tmp_path / "config.json").write_text("{}")
    folder = run_folder.read(tmp_path)
    assert not folder.finished
    assert (folder.results, folder.histories, folder.predictions, folder.log, folder.problems) == (None, {}, [], "", [])


@pytest.mark.parametrize("content", [None, "", "{", "[]"])
def test_other_folders_are_an_error(tmp_path: Path, content: str | None):
    if content is not None:
        (tmp_path / "config.json").write_text(content)
    with pytest.raises(InputError, match=r"config\.json") as caught:
        run_folder.read(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("file", "content", "reason"),
    [
        ("results.json", '[{"table": "T"', "cannot be read"),
        ("results.json", "{}", "is not a JSON list"),
        ("results.json", '[{"table": "T"}]', "no row name"),
        ("results.json", '[{"table": "T", "row": "A", "measured": "high"}]', "measured of row 'A' is not a number"),
        ("environment.json", "[]", "is not a JSON object"),
        ("history/architecture_4.paper.csv", "loss\n1.0\n", "no column epoch"),
        (
            "history/architecture_4.paper.csv",
            "epoch,loss\n1,low\n",
            "contains something other than numbers",
        ),
        ("history/architecture_4.paper.csv", "", "cannot be read"),
        (
            "predictions/architecture_4.paper/test.csv",
            "clip,speaker,emotion,predicted\nc,1,happy,merry\n",
            "is not a class",
        ),
        ("predictions/architecture_4.paper/test.csv", "clip,mood,predicted\nc,happy,happy\n", "a task of config.json"),
        ("predictions/architecture_4.paper/test.csv", "predicted\nhappy\n", "a task of config.json"),
        ("clips.csv", "clip,audio\nc,../c.wav\n", "leaves the corpus' root"),
        ("figures/experiment_3.png", "GIF89a", "not a PNG image"),
        ("set_aside.csv", "", "cannot be read"),
    ],
)
def test_a_damaged_file_is_listed_and_the_others_are_read(run: Path, file: str, content: str, reason: str):
    (run / file).write_text(content)
    folder = run_folder.read(run)
    [problem] = folder.problems
    assert reason in problem
    assert Path(file).name in problem
    assert folder.finished
    assert "architecture_1.paper" in folder.histories


def test_only_the_end_of_the_log_is_read(run: Path):
    (run / "log.txt").write_bytes(b"\xff" + "".join(f"line {number}\n" for number in range(50_000)).encode())
    lines = run_folder.read(run).log.splitlines()
    assert lines[-1] == "line 49999"
    assert len(lines) == run_folder.LOG_LINES

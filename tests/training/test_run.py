import json
import re

import pandas as pd
import pytest

from kerasemo.errors import InputError
from kerasemo.training.run import Run


@pytest.fixture
def run(tmp_path) -> Run:
    return Run.create(tmp_path / "runs", "goswami2018", {"notes": [], "options": {"seed": 3}})


def test_a_new_run_has_its_configuration_and_environment(run, tmp_path):
    assert run.path.parent == tmp_path / "runs" / "goswami2018"
    assert re.fullmatch(r"\d{8}-\d{6}-[0-9a-f]{6}", run.path.name)
    assert json.loads((run.path / "config.json").read_text())["options"] == {"seed": 3}
    environment = json.loads((run.path / "environment.json").read_text())
    assert environment["packages"]["keras"] and environment["python"] and environment["cores"] >= 1


def test_two_runs_have_different_folders(run, tmp_path):
    other = Run.create(tmp_path / "runs", "goswami2018", {"notes": []})
    assert other.path != run.path


def test_an_opened_run_has_its_configuration(run):
    run.configure(corpus="RAVDESS")
    run.note("No video.")
    run.note("No video.")
    opened = Run(run.path)
    assert opened.config["corpus"] == "RAVDESS" and opened.config["notes"] == ["No video."]
    assert "No video." in (run.path / "log.txt").read_text()


def test_tables_keep_all_digits(run):
    table = pd.DataFrame({"loss": [1 / 3, 1e-17]})
    run.write_table(table, "history", "a.csv")
    pd.testing.assert_frame_equal(pd.read_csv(run.path / "history" / "a.csv"), table, check_exact=True)


def test_changing_the_split_of_a_run_is_an_error(run):
    sides = pd.DataFrame({"clip": ["a", "b"], "partition": ["train", "test"]})
    run.write_split(sides, "paper")
    run.write_split(sides, "paper")
    with pytest.raises(InputError, match=r"was started with a different corpus \(paper.csv\)"):
        run.write_split(sides.iloc[:1], "paper")
    assert len(pd.read_csv(run.path / "splits" / "paper.csv")) == 2


def test_other_folders_are_an_error(tmp_path):
    with pytest.raises(InputError, match="is no run folder"):
        Run(tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(InputError, match="is no run folder"):
        Run(tmp_path)


def test_an_output_folder_that_cannot_be_written_is_an_error(tmp_path):
    (tmp_path / "runs").write_text("a file, not a folder")
    with pytest.raises(InputError, match=r"no run folder can be created in .*choose another --out"):
        Run.create(tmp_path / "runs", "goswami2018", {})

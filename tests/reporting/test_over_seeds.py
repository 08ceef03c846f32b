import json
import math

import pytest

from kerasemo.errors import InputError
from kerasemo.reporting.over_seeds import over_seeds


def run(folder, seed: int, measured: float, **options):
    """Write a finished run: one score with an interval from .1 below to .1 above, and a row that is not measured."""
    row = {"table": "Emotion", "row": "AlexNet", "model": "alexnet", "metric": "test UAR", "protocol": "paper"}
    row |= {"corpus": "RAVDESS", "published": None, "measured": measured, "low": measured - 0.1, "n": 96}
    unmeasured = row | {"row": "VGG-16", "measured": None, "low": None, "high": None, "n": 0}
    command = ["/home/me/ryabinov2021.py", "--root", "/data/a b", "--epochs", "12", "--seed", str(seed), "--quick"]
    folder.mkdir()
    config = {"options": {"epochs": 12, "seed": seed, "out": str(folder), "only": None, **options}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "environment.json").write_text(json.dumps({"command": command, "git_commit": "0123456789abc"}))
    (folder / "results.json").write_text(json.dumps([row | {"high": measured + 0.1}, unmeasured]))
    return folder


def test_scores_are_averaged_over_seeds_and_runs_with_other_options_stay_separate(tmp_path):
    runs = [run(tmp_path / "a", 0, 0.4), run(tmp_path / "b", 1, 0.6), run(tmp_path / "c", 0, 0.9, epochs=30)]
    table = over_seeds(runs)
    assert list(table["mean"]) == pytest.approx([0.5, 0.9]) and list(table["seeds"]) == ["0 1", "0"]
    assert table["low"][0] == pytest.approx(0.4) and table["high"][0] == pytest.approx(0.6)
    assert table["deviation"][0] == pytest.approx(math.sqrt(0.02)) and math.isnan(table["deviation"][1])
    assert set(table["command"]) == {"ryabinov2021.py --epochs 12 --quick"} and set(table["commit"]) == {"0123456789"}


def test_an_option_without_a_value_does_not_separate_runs(tmp_path):
    older = run(tmp_path / "a", 0, 0.4)
    config = json.loads((older / "config.json").read_text())
    del config["options"]["only"]
    (older / "config.json").write_text(json.dumps(config))
    assert list(over_seeds([older, run(tmp_path / "b", 1, 0.6)])["seeds"]) == ["0 1"]


def test_the_same_seed_twice_and_unfinished_runs_are_refused(tmp_path):
    first = run(tmp_path / "a", 0, 0.4)
    with pytest.raises(InputError, match="same options and seed"):
        over_seeds([first, run(tmp_path / "b", 0, 0.5)])
    (first / "results.json").unlink()
    with pytest.raises(InputError, match="a has no results; finish the run"):
        over_seeds([first])


def test_a_run_that_does_not_tell_its_command_is_refused(tmp_path):
    folder = run(tmp_path / "a", 0, 0.4)
    (folder / "environment.json").unlink()
    with pytest.raises(InputError, match=r"a has no environment\.json that tells its command"):
        over_seeds([folder])


def test_the_number_of_devices_does_not_separate_runs(tmp_path):
    runs = [run(tmp_path / "a", 0, 0.4), run(tmp_path / "b", 1, 0.6, devices=2)]
    assert list(over_seeds(runs)["seeds"]) == ["0 1"]

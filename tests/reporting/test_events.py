import pandas as pd
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util.tensor_util import make_ndarray

from kerasemo.reporting.events import write_events
from kerasemo.training.run import Run


@pytest.fixture
def run(tmp_path) -> Run:
    config = {"classes": {"emotion": ["calm", "angry"], "valence": None}, "notice": None}
    run = Run.create(tmp_path, "experiment", config)
    run.write_table(pd.DataFrame({"epoch": [1, 2], "loss": [0.5, 0.25], "a_weight": [1.0, 2.0]}), "history", "m.csv")
    predictions = {"clip": ["1", "2"], "speaker": "s", "emotion": ["calm", "angry"], "predicted": "calm"}
    run.write_table(pd.DataFrame({**predictions, "calm": 0.6, "angry": 0.4}), "predictions", "m", "test.csv")
    return run


def read(run: Run) -> EventAccumulator:
    return EventAccumulator(str(run.path / "tensorboard" / "m")).Reload()


def test_scalars_confusion_and_options_are_there(run):
    write_events(run, "m", {"seed": 3, "root": None, "weighting": "static"})
    events = read(run)
    for name, values in {"loss": [0.5, 0.25], "a_weight": [1.0, 2.0]}.items():
        assert [(event.step, make_ndarray(event.tensor_proto)) for event in events.Tensors(name)] == [
            (1, values[0]), (2, values[1])
        ]  # fmt: skip
    assert "confusion of emotion" in events.Tags()["tensors"]
    assert "confusion of valence" not in events.Tags()["tensors"]
    assert "_hparams_/session_start_info" in events.summary_metadata


def test_events_are_written_once_and_unfinished_ones_again(run):
    write_events(run, "m", {})
    (file,) = (run.path / "tensorboard" / "m").glob("events.*")
    write_events(run, "m", {})
    assert [file] == list(file.parent.glob("events.*"))
    (file.parent / "complete").unlink()
    write_events(run, "m", {})
    assert len(list(file.parent.glob("events.*"))) == 1
    assert len(read(run).Tensors("loss")) == 2


def test_models_without_a_history_have_no_events(run):
    write_events(run, "baseline", {})
    assert not (run.path / "tensorboard").exists()

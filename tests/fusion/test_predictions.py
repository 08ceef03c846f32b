"""Reading and alignment of saved predictions, and their errors of one sentence each."""

import shutil

import numpy as np
import pytest

from kerasemo.corpora.avec2019 import PADDED_FRAMES
from kerasemo.corpora.avec2019_files import read_traces, write_predictions, write_traces
from kerasemo.errors import InputError
from kerasemo.fusion.predictions import FUSED_MARK, align, constant, groups, load


def test_predictions_are_cropped_and_aligned_with_the_labels(folders):
    models, labels = folders
    data = load(models, labels)
    truth = read_traces(labels)
    assert data.models == ["visual", "audio", "poor"] and data.recordings == sorted(truth)
    assert data.inputs.shape == (sum(map(len, truth.values())), 9)
    np.testing.assert_array_equal(data.labels, np.concatenate(list(truth.values())))
    second = data.split(data.inputs)["Devel_DE_02"][:, 3:6]
    stored = read_traces(models[1])["Devel_DE_02"]
    assert len(stored) == PADDED_FRAMES
    np.testing.assert_array_equal(second, stored[: len(second)])


def error_message(models, labels) -> str:
    with pytest.raises(InputError) as error:
        load(models, labels)
    sentence = str(error.value)
    assert sentence.endswith(".") and "\n" not in sentence
    return sentence


def rewrite(folder, change, write=write_traces):
    traces = read_traces(folder)
    change(traces)
    shutil.rmtree(folder)
    write(folder, traces)


def test_a_single_model_is_an_error(folders):
    models, labels = folders
    assert "is the only one" in error_message(models[:1], labels)


def test_two_models_of_the_same_name_are_an_error(folders, tmp_path):
    models, labels = folders
    shutil.copytree(models[0], tmp_path / "copy" / "visual")
    assert "two prediction folders are called visual" in error_message([*models, tmp_path / "copy" / "visual"], labels)


def test_a_missing_recording_is_an_error(folders):
    models, labels = folders
    (models[1] / "Devel_DE_05.csv").unlink()
    assert "audio has no predictions of Devel_DE_05" in error_message(models, labels)


def test_predictions_without_labels_are_an_error(folders):
    models, labels = folders
    (labels / "Devel_DE_05.csv").unlink()
    assert "visual has predictions of Devel_DE_05, which the labels lack" in error_message(models, labels)


@pytest.mark.parametrize("frames", [49, 51])
def test_a_wrong_number_of_frames_is_an_error(folders, frames):
    models, labels = folders

    def change(traces):
        traces["Devel_DE_01"] = traces["Devel_DE_01"][:frames]

    rewrite(models[2], change)
    assert f"poor has {frames} frames of Devel_DE_01 and the labels have 50" in error_message(models, labels)


def test_a_recording_longer_than_the_padded_length():
    long = {"a": np.zeros((PADDED_FRAMES + 2, 3))}
    short = {"a": np.zeros((PADDED_FRAMES, 3))}
    with pytest.raises(InputError, match="the labels have 1770"):
        align({"one": long, "two": short}, long)
    assert len(align({"one": long, "two": long}, long).inputs) == PADDED_FRAMES + 2


def test_missing_labels_are_an_error(folders, tmp_path):
    models, _ = folders
    assert "is no folder" in error_message(models, tmp_path / "none")


def test_fused_predictions_are_an_error(folders):
    models, labels = folders
    (models[0] / FUSED_MARK).touch()
    assert "was made by a fusion" in error_message(models, labels)


def test_a_constant_prediction_is_named(folders):
    models, labels = folders

    def change(traces):
        for trace in traces.values():
            trace[:, 2] = 0.125

    rewrite(models[1], change, write_predictions)
    assert constant(load(models, labels)) == ["liking of audio"]


def test_known_dialogues_keep_partners_together():
    assert groups(["Devel_DE_01", "Devel_DE_02", "Devel_DE_12"]) == (
        ["Devel_DE_01+12", "Devel_DE_02+05", "Devel_DE_01+12"],
        None,
    )


def test_unknown_dialogues_give_a_note():
    dialogues, note = groups(["mine_2", "mine_1"])
    assert dialogues == ["mine_2", "mine_1"] and "not known" in note


def test_a_groups_file_gives_the_dialogues(tmp_path):
    file = tmp_path / "groups.csv"
    file.write_text("recording,dialogue\nmine_1,x\nmine_2,x\n")
    assert groups(["mine_2", "mine_1"], file) == (["x", "x"], None)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("recording,dialogue\nmine_1,x\nmine_2,x\nother,y\n", "names other, which the labels do not have"),
        ("recording,dialogue\nmine_1,x\n", "does not name mine_2"),
        ("recording,group\nmine_1,x\n", "must have the columns recording,dialogue; it has recording,group"),
        ("recording,dialogue\nmine_1,x\nmine_1,y\nmine_2,y\n", "line 3 is empty or names a recording again"),
        ("recording,dialogue\nmine_1,\nmine_2,y\n", "line 2 is empty"),
        ("", "cannot be read as csv"),
    ],
)
def test_faults_of_a_groups_file_are_an_error(tmp_path, text, sentence):
    file = tmp_path / "groups.csv"
    file.write_text(text)
    with pytest.raises(InputError, match=sentence):
        groups(["mine_1", "mine_2"], file)
    with pytest.raises(InputError, match="cannot be read"):
        groups(["mine_1", "mine_2"], tmp_path / "none.csv")


def test_labels_and_the_organisers_fusion_are_an_error(folders, tmp_path):
    models, labels = folders
    shutil.copytree(models[0], tmp_path / "svr")
    assert "svr is the organisers' own fusion" in error_message([*models, tmp_path / "svr"], labels)
    assert "has the same traces as the labels" in error_message([*models, labels], labels)


def test_one_model_under_two_names_is_an_error(folders, tmp_path):
    models, labels = folders
    shutil.copytree(models[0], tmp_path / "other")
    assert "other has the same traces as visual" in error_message([*models, tmp_path / "other"], labels)


def test_known_dialogues_are_kept_if_other_recordings_are_unknown():
    dialogues, note = groups(["Devel_DE_01", "Devel_DE_12", "Train_DE_01"])
    assert dialogues == ["Devel_DE_01+12", "Devel_DE_01+12", "Train_DE_01"]
    assert "The dialogues of 1 recordings are not known" in note


def test_spaces_in_a_groups_file_are_ignored(tmp_path):
    (tmp_path / "groups.csv").write_text("recording, dialogue\na,1\nb , 1\n")
    assert groups(["a", "b"], tmp_path / "groups.csv") == (["1", "1"], None)

"""Tests of the command with a small table of features."""

import itertools
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kerasemo.errors import InputError
from kerasemo.export import ServedModel

EMOTIONS = {"neutral": "01", "happy": "03", "sad": "04", "angry": "05"}


def only_run(out: Path) -> Path:
    (folder,) = (out / "emodal_features").glob("[0-9]*")
    return folder


def results(folder: Path) -> pd.DataFrame:
    return pd.DataFrame(json.loads((folder / "results.json").read_text()))


def write_features(path: Path, modalities=("audio", "au"), actors=range(1, 5)) -> Path:
    """Write features that contain the emotion and some noise."""
    generator = np.random.default_rng(0)
    clips = [
        f"01-01-{code}-01-{statement}-{repetition}-{actor:02d}"
        for actor, code, statement, repetition in itertools.product(
            actors, EMOTIONS.values(), ("01", "02"), ("01", "02")
        )
    ]
    emotion = np.array([list(EMOTIONS.values()).index(clip.split("-")[2]) for clip in clips])
    columns = {"clip": clips}
    for modality in modalities:
        values = np.eye(4)[emotion] + generator.normal(0, 0.4, (len(clips), 4))
        columns |= {f"{modality}_{i:02d}": values[:, i] for i in range(4)}
    pd.DataFrame(columns).to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def features(tmp_path_factory) -> Path:
    return write_features(tmp_path_factory.mktemp("features") / "features.csv")


@pytest.fixture(scope="module")
def finished(run, features, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("finished")
    done = run("--features", features, "--protocol", "paper", "--epochs", 15, "--out", out)
    assert done.returncode == 0, done.stderr
    return only_run(out)


def test_the_tables_have_their_rows(finished):
    table = results(finished)
    rows_by_table = {name: list(dict.fromkeys(rows["row"])) for name, rows in table.groupby("table")}
    assert rows_by_table == {
        "Table 1": [
            "Audio-only",
            "Image-only",
            "Audio+Image",
            "Logistic regression, audio",
            "Logistic regression, image",
            "Logistic regression, both",
        ],
        "Table 2": ["neutral", "happy", "sad", "angry"],
        "Ablation": [
            "all losses",
            "without the common loss",
            "without the classify loss",
            "without the specific loss of audio",
            "without the specific loss of images",
        ],
    }
    assert table["published"].isna().all(), "the paper's numbers belong to another corpus"
    accuracies = table.query("table == 'Table 1' and metric == 'test accuracy'").set_index("row")["measured"]
    assert accuracies["Audio+Image"] > 0.6 and accuracies["Logistic regression, both"] > 0.8


def test_rows_of_table_2_sum_to_100_and_differences_match_the_accuracies(finished):
    table = results(finished)
    sums = table[table["table"] == "Table 2"].groupby("row")["measured"].sum()
    np.testing.assert_allclose(sums, 100)
    ablation = table[table["table"] == "Ablation"].pivot_table(index="row", columns="metric", values="measured")
    without = ablation.drop(index="all losses")
    np.testing.assert_allclose(
        without["test accuracy minus that of all losses"],
        without["test accuracy"] - ablation.loc["all losses", "test accuracy"],
        atol=1e-12,
    )


def test_a_loss_that_is_switched_off_is_not_in_the_history(finished):
    losses = {"emotion", "emotion_audio", "emotion_image", "common"}
    for network, off in {
        "both": None,
        "no_common": "common",
        "no_classify": "emotion",
        "no_audio": "emotion_audio",
        "no_image": "emotion_image",
    }.items():
        history = pd.read_csv(finished / "history" / f"{network}.paper.csv")
        assert {name for name in losses if f"{name}_loss" in history} == losses - {off}
        assert len(pd.read_csv(finished / "predictions" / f"{network}.paper" / "test.csv"))


def test_without_a_joint_classifier_the_mean_of_the_other_two_decides(finished):
    folder = finished / "predictions" / "no_classify.paper"
    tables = [pd.read_csv(folder / f"test{name}.csv") for name in ("", ".emotion_audio", ".emotion_image")]
    joint, audio, image = (table[list(EMOTIONS)].to_numpy() for table in tables)
    np.testing.assert_allclose(joint, (audio + image) / 2, atol=1e-6)


def test_figures_exist_and_the_saved_model_refuses_media_files(finished, write_mp4):
    names = {path.stem for path in (finished / "figures").glob("*.png")}
    assert {"table_1", "table_2_paper", "ablation", "losses_paper"} <= names
    served = ServedModel(finished / "saved_model" / "both.paper")
    with pytest.raises(InputError, match="takes features, not media files"):
        served.predict(write_mp4(seconds=0.4, size=(64, 48)))


@pytest.mark.slow
def test_variants_are_chosen_in_inner_folds_of_actors(run, script, tmp_path, monkeypatch):
    for owner, name, kept in (
        (script.emodal, "NETWORKS", ["both", "no_common"]),
        (script, "LOGISTIC", ["logistic_both"]),
        (script, "CANDIDATES", ["variant_0", "variant_no_common_0"]),
    ):
        monkeypatch.setattr(owner, name, {key: getattr(owner, name)[key] for key in kept})
    features = write_features(tmp_path / "features.csv", actors=range(1, 4))
    done = run("--features", features, "--protocol", "speaker", "--epochs", 2, "--out", tmp_path / "runs")
    assert done.returncode == 0, done.stderr
    folder = only_run(tmp_path / "runs")
    table = results(folder).query("table == 'Actors held out'")
    accuracies = table[table["metric"] == "test accuracy"].set_index("row")["measured"]
    assert list(accuracies.index) == list(script.COMPARED.values())
    differences = table[table["metric"] == "difference of test accuracies"].set_index("row")["measured"]
    assert differences["Variant minus: Paper"] == pytest.approx(accuracies["Variant"] - accuracies["Paper"])
    for fold in range(3):
        setting = json.loads((folder / "checkpoints" / f"variant.speaker.fold{fold}.json").read_text())["setting"]
        assert setting == {"audio_dropout": 0.5, "image_dropout": 0.2, "modes": 2, "weight": 1.0}
        for network in ("both", "variant"):
            history = pd.read_csv(folder / "history" / f"{network}.speaker.fold{fold}.csv")
            assert (history[["audio_feature_spread", "image_feature_spread"]] > 0).all(axis=None)
    inner = pd.read_csv(folder / "splits" / "inner.fold0-1.csv")
    assert (inner["partition"] == "train").sum() == 16 and (inner["partition"] == "test").sum() == 32
    assert (folder / "figures" / "spread.png").exists()


@pytest.mark.slow
def test_a_single_modality_with_speakers_held_out(run, tmp_path):
    features = write_features(tmp_path / "sound.csv", modalities=["audio"], actors=range(1, 4))
    done = run("--features", features, "--protocol", "speaker", "--epochs", 1, "--out", tmp_path / "runs")
    assert done.returncode == 0, done.stderr
    table = results(only_run(tmp_path / "runs"))
    assert set(table["row"]) == {"Audio-only", "Logistic regression, audio"} and (table["n"] == 48).all()
    assert "Left out, because no video was read: Image-only, Audio+Image" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        ([], 2, "--features is needed"),
        (["--features", "FEATURES", "--root", "."], 2, "No such option"),
        (["--features", "EMPTY_CSV"], 1, "needs a row a clip"),
        (["--features", "FEATURES", "--weighting", "gradnorm"], 2, "needs a layer that all losses share"),
    ],
)
def test_wrong_options_or_files_give_one_error_message_before_any_work(
    run, features, tmp_path, arguments, status, sentence
):
    (tmp_path / "empty.csv").write_text("clip\n")
    places = {"FEATURES": features, "EMPTY_CSV": tmp_path / "empty.csv"}
    done = run(*[places.get(argument, argument) for argument in arguments], "--out", tmp_path / "runs")
    assert done.returncode == status and sentence in done.stderr
    assert not any((tmp_path / "runs").rglob("config.json"))

import json
import shutil
import sys
from pathlib import Path

import dlib
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from kerasemo.cli import app
from kerasemo.errors import InputError
from kerasemo.export import PREPROCESSING, ServedModel
from kerasemo.features import faces, landmarks
from kerasemo.features.faces import Faces
from kerasemo.features.landmarks import Landmarks
from kerasemo.features.network_input import NetworkInput
from kerasemo.features.store import FeatureStore

BOX = (40, 30, 64, 64)


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    """Trained on one grey picture: it says the same places in any box."""
    return make_model(tmp_path_factory.mktemp("landmarks") / "any.dat", 68)


def make_model(path, n):
    options = dlib.shape_predictor_training_options()
    options.cascade_depth, options.tree_depth, options.num_trees_per_cascade_level = 1, 1, 1
    options.oversampling_amount, options.num_test_splits, options.be_verbose = 1, 1, False
    left, top, side, _ = BOX
    square = dlib.rectangle(left, top, left + side - 1, top + side - 1)
    points = [dlib.point(left + i % side, top + i // 2) for i in range(n)]
    picture = np.full((160, 160), 128, np.uint8)
    detection = dlib.full_object_detection(square, points)
    dlib.train_shape_predictor([picture, picture], [[detection], [detection]], options).save(str(path))
    return path


def test_landmarks_are_where_the_model_says_in_boxes_of_any_size(model):
    picture = np.full((700, 900, 3), 128, np.uint8)
    parts = np.array([(i % 64, i // 2) for i in range(68)]) / 63
    for left, top, side in [(40, 30, 64), (300, 200, 256), (0, 0, 90), (500, 350, 350), (-10, -4, 50)]:
        found = Landmarks(str(model)).find(picture, (left, top, side, side))
        assert found.shape == (68, 2)
        np.testing.assert_allclose(found, [left, top] + parts * side, atol=0.02 * side)


def test_a_tall_box_ends_at_the_chin(model):
    picture = np.full((300, 300, 3), 128, np.uint8)
    tall, square = (Landmarks(str(model)).find(picture, box) for box in ((50, 40, 80, 110), (50, 70, 80, 80)))
    np.testing.assert_array_equal(tall, square)


def test_other_files_are_one_sentence(tmp_path, model):
    with pytest.raises(InputError, match=r"absent\.dat is not there"):
        Landmarks(str(tmp_path / "absent.dat"))
    (tmp_path / "text.dat").write_text("no model")
    with pytest.raises(InputError, match=r"text\.dat cannot be read as a landmark model of dlib"):
        Landmarks(str(tmp_path / "text.dat"))
    (tmp_path / "cut.dat").write_bytes(model.read_bytes()[:200])
    with pytest.raises(InputError, match=r"cut\.dat cannot be read as a landmark model of dlib"):
        Landmarks(str(tmp_path / "cut.dat"))
    with pytest.raises(InputError, match="gives 5 landmarks; 68 are needed"):
        Landmarks(str(make_model(tmp_path / "five.dat", 5)))


def test_without_dlib_the_error_says_what_to_install(monkeypatch, model):
    monkeypatch.setitem(sys.modules, "dlib", None)
    landmarks._predictor.cache_clear()
    with pytest.raises(InputError, match=r"pip install kerasemo\[landmarks\]"):
        Landmarks(str(model))


def test_the_models_content_is_part_of_the_configuration(model):
    feature_set = Faces(landmarks=str(model))
    assert len(feature_set.landmarks_digest) == 40
    assert Faces(**json.loads(json.dumps(vars(feature_set)))) == feature_set
    with pytest.raises(InputError, match="is another file than before; give that, or extract anew"):
        Faces(landmarks=str(model), landmarks_digest="0" * 40)


def test_the_cache_and_a_saved_model_know_the_model_at_another_place(media, tmp_path, model, monkeypatch):
    import tensorflow as tf

    network = tf.Module()
    network.serve = tf.function(
        lambda batch: {"emotion": tf.reduce_mean(batch["image"], axis=(1, 2)) * [1.0, 0.0]},
        input_signature=[{"image": tf.TensorSpec((None, 64, 64, 1))}],
    )
    tf.saved_model.save(network, str(tmp_path / "saved"))
    first, second = (Path(shutil.copy(model, tmp_path / name)) for name in ("first.dat", "second.dat"))
    feature_set = Faces(size=64, landmarks=str(first))
    description = {
        "inputs": {"image": NetworkInput(feature_set).get_config()},
        "classes": ["happy", "sad"],
        "decision": "emotion",
    }
    (tmp_path / "saved" / PREPROCESSING).parent.mkdir()
    (tmp_path / "saved" / PREPROCESSING).write_text(json.dumps(description))
    video = media.write_video(tmp_path / "a.mp4", [media.picture_of((160, 120, 70))] * 3)
    before = ServedModel(tmp_path / "saved").predict(video)
    table = pd.DataFrame({"clip": ["a"], "video": ["a.mp4"], "start_s": np.nan, "end_s": np.nan})
    kept = FeatureStore(tmp_path / "cache").extract(table, tmp_path, feature_set)

    first.unlink()
    with pytest.raises(InputError, match=r"saved reads .*first\.dat, which is not there any more; give .* --file"):
        ServedModel(tmp_path / "saved")
    with pytest.raises(InputError, match=r"first\.dat, which is not there"):
        ServedModel(tmp_path / "saved", [video])
    pd.testing.assert_series_equal(ServedModel(tmp_path / "saved", [video, second]).predict(video), before)
    monkeypatch.setattr(Faces, "extract", lambda *_: pytest.fail("extracted again"))
    found = FeatureStore(tmp_path / "cache").extract(table, tmp_path, Faces(size=64, landmarks=str(second)))
    np.testing.assert_array_equal(found.features["a"], kept.features["a"])


def test_which_treatment_ran_is_told(model):
    [frontalised], [aligned] = Faces(landmarks=str(model)).notes(), Faces().notes()
    assert frontalised.startswith("Faces are frontalised") and aligned.endswith("not frontalised.")


def test_a_video_becomes_a_frontal_face(monkeypatch, media, tmp_path, model):
    """From file to picture with a model that is read; eyes are not searched then."""
    monkeypatch.setattr(faces, "find_face", lambda picture: (80, 60, 90, 90))
    monkeypatch.setattr(faces, "find_eyes", lambda *_: pytest.fail("eyes are searched"))
    path = media.write_video(tmp_path / "a.mp4", [media.picture_of((160, 120, 70))] * 3)
    frontal = Faces(size=64, landmarks=str(model)).extract(path)
    assert frontal.shape == (1, 64, 64, 1) and frontal.dtype == np.uint8


def test_the_command_says_which_treatment_ran(media, tmp_path, model):
    media.write_video(tmp_path / "a.mp4", [media.picture_of((160, 120, 70))] * 3)
    (tmp_path / "m.csv").write_text(
        "clip,audio,video,start_s,end_s,speaker,gender,dialogue,emotion\na,,a.mp4,,,x,,,sad\n"
    )
    call = ["features", "faces", tmp_path / "m.csv", "--root", tmp_path, "-o", tmp_path / "a.npz", "--jobs", "1"]
    for given, said in (([], "and not frontalised"), (["--landmarks", model, "--force"], "Faces are frontalised")):
        done = CliRunner().invoke(app, [str(argument) for argument in [*call, *given]])
        assert done.exit_code == 0 and said in done.stdout, done.stderr
        assert np.load(tmp_path / "a.npz")["a"].shape == (1, 128, 128, 1)

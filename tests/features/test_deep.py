import json
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import keras
import numpy as np
import pytest

from kerasemo.errors import BrokenClip, InputError
from kerasemo.features import Resnet50, Vgg16, deep, from_config
from kerasemo.features.deep import SIZE, FaceNetwork
from kerasemo.features.media import read_frames

# What keras.applications takes off blue, green and red.
CAFFE_MEAN = np.array([103.939, 116.779, 123.68])


@dataclass(frozen=True)
class MeanColour(FaceNetwork):
    """A network whose features are known: the mean colour of what it sees."""

    name: ClassVar[str] = "mean_colour"

    def network(self):
        inputs = keras.Input((SIZE, SIZE, 3))
        return keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(inputs))


@pytest.fixture
def weights(tmp_path):
    path = tmp_path / "any.h5"
    path.write_bytes(b"any")
    return str(path)


@pytest.fixture
def see_faces(monkeypatch):
    """Makes the finder see a face, the whole picture, in those frames that are bright enough."""

    def find_face(picture):
        return (0, 0, picture.shape[1], picture.shape[0]) if picture.mean() > 20 else None

    monkeypatch.setattr(deep, "find_face", find_face)


def test_rows_follow_the_clock_and_gaps_take_the_row_before(media, tmp_path, weights, see_faces):
    levels = [0, 0, 60, 0, 100, 140, 0]  # ten a second; dark: no face
    path = media.write_video(tmp_path / "a.avi", media.grey_pictures(levels))
    found = MeanColour(weights).extract(path)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found + CAFFE_MEAN, np.repeat([60, 60, 60, 60, 100, 140, 140], 3).reshape(7, 3), atol=8)
    # Fewer frames than moments: 0.05 s apart, every second one has no frame of its own.
    found = MeanColour(weights, every_s=0.05).extract(path)
    np.testing.assert_allclose((found + CAFFE_MEAN)[:, 0], [60] * 8 + [100] * 2 + [140] * 3, atol=8)


def test_more_faces_than_a_batch_and_a_part_of_a_file(media, tmp_path, weights, see_faces):
    path = media.write_video(tmp_path / "a.avi", media.grey_pictures(range(30, 230, 5)))
    levels = [pictures[0].mean(axis=(0, 1))[::-1] for _, pictures in read_frames(path, 0.1, 1)]
    found = MeanColour(weights).extract(path) + CAFFE_MEAN
    assert len(found) == 40 > 2 * deep._BATCH
    np.testing.assert_allclose(found, levels, atol=0.1)
    np.testing.assert_allclose(MeanColour(weights).extract(path, 1.0, 2.0) + CAFFE_MEAN, levels[10:20], atol=0.1)


def test_only_the_face_is_seen_blue_first(media, tmp_path, weights, monkeypatch):
    picture = np.zeros((48, 64, 3), np.uint8)
    picture[:, 32:] = (200, 100, 50)
    path = media.write_video(tmp_path / "a.avi", [picture])
    monkeypatch.setattr(deep, "find_face", lambda picture: (40, 8, 16, 32))
    np.testing.assert_allclose(MeanColour(weights).extract(path)[0] + CAFFE_MEAN, [50, 100, 200], atol=6)


def test_a_clip_without_faces_is_broken(media, tmp_path, weights):
    path = media.write_video(tmp_path / "a.avi", media.grey_pictures([0, 50]))
    with pytest.raises(BrokenClip, match="no face found"):
        MeanColour(weights).extract(path)


def test_other_weights_under_the_same_name_are_noticed(weights):
    config = json.loads(json.dumps(Resnet50(weights).get_config()))
    assert from_config(config) == Resnet50(weights)
    Path(weights).write_bytes(b"other")
    with pytest.raises(InputError, match=r"any\.h5 is another file than before"):
        from_config(config)
    assert Resnet50(weights).digest != config["digest"]


@pytest.mark.parametrize("network", [Resnet50, Vgg16])
def test_wrong_weights_are_one_sentence(media, tmp_path, see_faces, network):
    video = media.write_video(tmp_path / "a.avi", media.grey_pictures([50]))
    with pytest.raises(InputError, match=r"needs a file of weights, which is not downloaded; give weights=FILE"):
        network().extract(video)
    with pytest.raises(InputError, match=r"absent\.h5 is not there"):
        network(tmp_path / "absent.h5")
    with pytest.raises(InputError, match=r"a\.avi is no \.h5 file"):
        network(video)


@pytest.mark.filterwarnings("error::UserWarning")
@pytest.mark.parametrize("name", ["nonsense.h5", "empty.h5", "other.weights.h5"])
def test_weights_that_do_not_fit_are_one_sentence(media, tmp_path, see_faces, name):
    path = tmp_path / name
    if name == "nonsense.h5":
        path.write_bytes(b"nonsense")
    elif name == "empty.h5":
        import h5py

        h5py.File(path, "w").close()
    else:
        keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]).save_weights(path)
    video = media.write_video(tmp_path / "a.avi", media.grey_pictures([50]))
    with pytest.raises(
        InputError, match=rf"{name} does not hold the weights of resnet50 as keras.applications"
    ) as caught:
        Resnet50(path).extract(video)
    assert not isinstance(caught.value, BrokenClip)
    assert "\n" not in str(caught.value)


def through_the_original(whole, video_level):
    images = np.full((1, SIZE, SIZE, 3), video_level, np.float32)[..., ::-1] - CAFFE_MEAN.astype(np.float32)
    return whole.predict_on_batch(images)


@pytest.mark.slow
def test_resnet50_has_2048_features_of_the_weights_given(media, tmp_path, see_faces):
    keras.utils.set_random_seed(0)
    original = keras.applications.ResNet50(include_top=False, weights=None, pooling="avg", input_shape=(SIZE, SIZE, 3))
    original.save_weights(tmp_path / "resnet.weights.h5")
    video = media.write_video(tmp_path / "a.avi", media.grey_pictures([128]))
    found = Resnet50(tmp_path / "resnet.weights.h5").extract(video)
    assert found.shape == (1, 2048)
    level = float(np.mean(next(read_frames(video, 0.1, 1))[1]))
    np.testing.assert_allclose(found, through_the_original(original, level), rtol=1e-3, atol=1e-4)


@pytest.mark.slow
def test_vgg16_has_4096_features_of_the_weights_given(media, tmp_path, see_faces):
    keras.utils.set_random_seed(0)
    original = keras.applications.VGG16(weights=None)
    original.save_weights(tmp_path / "vgg.weights.h5")
    video = media.write_video(tmp_path / "a.avi", media.grey_pictures([128]))
    found = Vgg16(tmp_path / "vgg.weights.h5").extract(video)
    (tmp_path / "vgg.weights.h5").unlink()  # half a gigabyte, and pytest keeps its folders
    assert found.shape == (1, 4096)
    level = float(np.mean(next(read_frames(video, 0.1, 1))[1]))
    hidden = keras.Model(original.input, original.get_layer("fc2").output)
    np.testing.assert_allclose(found, through_the_original(hidden, level), rtol=1e-3, atol=1e-4)

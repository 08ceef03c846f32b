import keras
import numpy as np
import pytest
from keras.applications.imagenet_utils import preprocess_input

from kerasemo.errors import InputError
from kerasemo.features.pretrained import resnet50
from kerasemo.models.end_to_end import PICTURE, SAMPLES, end_to_end
from kerasemo.training.joint_model import JointModel
from kerasemo.weighting import WEIGHTINGS

TASKS = {"emotion": 4, "gender": 2}
GENERATOR = np.random.default_rng(0)


def clips(n_clips, n_frames):
    return {
        "audio": GENERATOR.normal(size=(n_clips, n_frames, SAMPLES)).astype("float32"),
        "video": GENERATOR.integers(0, 256, (n_clips, n_frames, *PICTURE)).astype("float32"),
        "n_frames": np.full(n_clips, n_frames, "int32"),
    }


@pytest.fixture(scope="module")
def both():
    keras.utils.set_random_seed(0)
    return end_to_end(TASKS)


@pytest.fixture(scope="module")
def audio():
    keras.utils.set_random_seed(0)
    return end_to_end(TASKS, modalities=("audio",))


def test_shapes_and_sizes_of_the_paper(both):
    shapes = {
        name: both.get_layer(name).output.shape[2:]
        for name in ("audio_pool", "audio_conv_2", "audio_channel_pool", "audio_frames", "video_frames", "frames")
    }
    assert shapes == {
        "audio_pool": (40,),
        "audio_conv_2": (40,),
        "audio_channel_pool": (4,),
        "audio_frames": (1280,),
        "video_frames": (2048,),
        "frames": (3328,),
    }
    sizes = {layer.name: layer.count_params() for layer in both.layers if layer.count_params()}
    assert sizes == {
        "audio_conv_1": 40 * 80 + 40,
        "audio_conv_2": 40 * 40 * 4000 + 40,
        "video_frames": 23_587_712,  # ResNet-50 without its top
        "lstm_1": 4 * 256 * (3328 + 256 + 1),
        "lstm_2": 4 * 256 * (256 + 256 + 1),
        "emotion": 256 * 4 + 4,
        "gender": 256 * 2 + 2,
    }


def test_all_kernels_of_the_lstms_use_glorot_initialisation(both):
    for name in ("lstm_1", "lstm_2"):
        config = both.get_layer(name).get_config()
        for kind in ("kernel_initializer", "recurrent_initializer"):
            assert config[kind]["class_name"] == "GlorotUniform"


def test_outputs_are_probabilities_for_clips_of_any_length(both):
    for n_frames in (1, 3):
        got = both.predict(clips(2, n_frames), verbose=0)
        for task, classes in TASKS.items():
            assert got[task].shape == (2, classes)
            np.testing.assert_allclose(got[task].sum(axis=1), 1, rtol=1e-5)


def test_padding_does_not_change_the_outputs(both):
    short = clips(1, 3)
    padded = clips(2, 5)
    for name in ("audio", "video"):
        padded[name][0, :3] = short[name][0]
        padded[name][0, 3:] = 0
    padded["n_frames"][0] = 3
    expected, outputs = (both.predict(batch, verbose=0) for batch in (short, padded))
    for task in TASKS:
        np.testing.assert_allclose(outputs[task][0], expected[task][0], rtol=1e-4)


def test_each_modality_affects_the_outputs(both):
    clip = clips(1, 3)
    reference = both.predict(clip, verbose=0)["emotion"]
    for name in ("audio", "video"):
        other = {**clip, name: clips(1, 3)[name]}
        assert np.abs(both.predict(other, verbose=0)["emotion"] - reference).max() > 1e-6


def test_sound_is_padded_and_convolved_as_in_the_authors_code(audio):
    from scipy.signal import correlate

    clip = clips(1, 2)["audio"].reshape(-1)
    frames = keras.Model(audio.input, audio.get_layer("audio_frames").output)
    got = frames.predict({"audio": clip.reshape(1, 2, SAMPLES), "n_frames": np.array([2])}, verbose=0)[0]
    kernel_1, bias_1, kernel_2, bias_2 = (
        weight for name in ("audio_conv_1", "audio_conv_2") for weight in audio.get_layer(name).get_weights()
    )
    x = np.pad(clip, (40, 39))
    x = np.stack([correlate(x, kernel_1[:, 0, k], "valid") for k in range(40)], axis=1) + bias_1
    x = np.pad(x.reshape(-1, 2, 40).max(axis=1), [(2000, 1999), (0, 0)])
    x = sum(np.stack([correlate(x[:, c], kernel_2[:, c, k], "valid") for k in range(40)], 1) for c in range(40))
    expected = (x + bias_2).reshape(-1, 4, 10).max(axis=2).reshape(2, 1280)
    np.testing.assert_allclose(got, expected, atol=1e-4 * np.abs(expected).max())


def test_pictures_are_preprocessed_as_in_keras_applications(both):
    centred = keras.Model(both.input, both.get_layer("video_centred").output)
    batch = clips(1, 2)
    np.testing.assert_allclose(
        centred.predict(batch, verbose=0), preprocess_input(batch["video"].copy(), mode="caffe"), atol=1e-4
    )


def test_weights_file_is_loaded(tmp_path):
    keras.utils.set_random_seed(1)
    network = resnet50(None, PICTURE)
    network.save_weights(tmp_path / "resnet50.weights.h5")
    loaded = end_to_end(TASKS, ("video",), imagenet=tmp_path / "resnet50.weights.h5").get_layer("video_frames").layer
    for weight, expected in zip(loaded.get_weights(), network.get_weights(), strict=True):
        np.testing.assert_array_equal(weight, expected)


def test_missing_weights_or_weights_of_another_network_are_an_error(tmp_path):
    other = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    other.save_weights(tmp_path / "other.weights.h5")
    with pytest.raises(InputError, match="does not hold the weights of resnet50"):
        end_to_end(TASKS, ("video",), imagenet=tmp_path / "other.weights.h5")
    with pytest.raises(InputError, match="is not there"):
        end_to_end(TASKS, ("video",), imagenet=tmp_path / "none.weights.h5")


@pytest.mark.parametrize("method", ["softmax", pytest.param("pcgrad", marks=pytest.mark.slow)])
def test_network_trains_with_a_weighting(audio, method):
    targets = {"emotion": np.array([0, 3]), "gender": np.array([1, 0])}
    losses = {task: keras.losses.SparseCategoricalCrossentropy() for task in TASKS}
    model = JointModel(audio.input, audio.output, losses=losses, weighting=WEIGHTINGS[method](TASKS))
    model.compile(keras.optimizers.Adam(1e-3))
    batch = {name: array for name, array in clips(2, 2).items() if name != "video"}
    before = audio.get_layer("audio_conv_2").get_weights()
    history = model.fit(batch, targets, epochs=3, verbose=0).history
    assert history["emotion_loss"][-1] < history["emotion_loss"][0]
    for old, new in zip(before, audio.get_layer("audio_conv_2").get_weights(), strict=True):
        assert np.isfinite(new).all() and (new != old).any()


@pytest.mark.parametrize("modalities", [(), ("audio", "smell")])
def test_modalities_are_checked(modalities):
    with pytest.raises(ValueError, match="Modalities are"):
        end_to_end(TASKS, modalities)

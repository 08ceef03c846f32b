import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf
from keras.losses import SparseCategoricalCrossentropy
from keras.src.legacy.saving import legacy_h5_format

from kerasemo.errors import InputError
from kerasemo.layers import InTraining
from kerasemo.models import spectrogram_cnn
from kerasemo.models.spectrogram_cnn import (
    ALEXNET_SMALLEST,
    DENSE_UNITS,
    EMBEDDING,
    LAST_CONVOLUTION,
    PIXEL_SPREAD,
    VGG16_SMALLEST,
    alexnet,
    vgg16,
)
from kerasemo.training.fit import adapt
from kerasemo.training.joint_model import JointModel
from kerasemo.training.saving import load_network
from kerasemo.weighting import Softmax

TASKS = {"emotion": 4, "gender": 2, "arousal": 1}
SMALLEST = {alexnet: (ALEXNET_SMALLEST, ALEXNET_SMALLEST, 1), vgg16: (VGG16_SMALLEST, VGG16_SMALLEST, 1)}
NETWORKS = pytest.mark.parametrize("build", [alexnet, vgg16])


@pytest.fixture
def no_draws(monkeypatch):
    """Initialise kernels with zeros, which is fast for hundreds of millions of parameters."""
    monkeypatch.setitem(spectrogram_cnn.RELU, "kernel_initializer", "zeros")


@pytest.fixture(scope="module")
def small():
    """Both networks with their smallest input."""
    keras.utils.set_random_seed(0)
    return {build: build(TASKS, shape) for build, shape in SMALLEST.items()}


def spectrograms(n: int, shape: tuple) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(n, *shape)).astype("float32")


def batch(build, n: int) -> dict[str, np.ndarray]:
    return {"spectrogram": spectrograms(n, SMALLEST[build])}


def trainable(network: keras.Model) -> int:
    return sum(int(np.prod(weight.shape)) for weight in network.trainable_weights)


def maps(network: keras.Model) -> dict[str, tuple]:
    kinds = keras.layers.Conv2D | keras.layers.MaxPooling2D | keras.layers.Concatenate
    return {layer.name: layer.output.shape[1:] for layer in network.layers if isinstance(layer, kinds)}


def test_alexnet_has_the_parameters_and_maps_of_its_paper(no_draws):
    network = alexnet({"object": 1000}, (227, 227, 3))
    assert trainable(network) == 60_965_224
    assert maps(network) == {
        "conv_1": (55, 55, 96),
        "pool_1": (27, 27, 96),
        "conv_2_1": (27, 27, 128),
        "conv_2_2": (27, 27, 128),
        "conv_2": (27, 27, 256),
        "pool_2": (13, 13, 256),
        "conv_3": (13, 13, 384),
        "conv_4_1": (13, 13, 192),
        "conv_4_2": (13, 13, 192),
        "conv_4": (13, 13, 384),
        "last_convolution_1": (13, 13, 128),
        "last_convolution_2": (13, 13, 128),
        "last_convolution": (13, 13, 256),
        "pool_5": (6, 6, 256),
    }


def test_vgg16_has_the_parameters_and_maps_of_its_paper(no_draws):
    network = vgg16({"object": 1000}, (224, 224, 3))
    assert trainable(network) == 138_357_544
    theirs = keras.applications.VGG16(include_top=False, weights=None, input_shape=(224, 224, 3))
    assert list(maps(network).values()) == list(maps(theirs).values())


def dense_parameters(n_maps: int) -> int:
    inputs = [n_maps, DENSE_UNITS, DENSE_UNITS, DENSE_UNITS, DENSE_UNITS]
    units = [DENSE_UNITS, DENSE_UNITS, *TASKS.values()]
    return sum((before + 1) * after for before, after in zip(inputs, units, strict=True))


def test_parameters_on_a_spectrogram_by_formula(no_draws):
    # One channel instead of three in the first convolution; 300 x 80 gives maps of 8 x 1 and 9 x 2.
    convolutions = 60_965_224 - 2 * 96 * 11**2 - (9217 * 4096 + 4097 * 4096 + 4097 * 1000)
    assert trainable(alexnet(TASKS, (300, 80, 1))) == convolutions + dense_parameters(8 * 1 * 256)
    convolutions = 138_357_544 - 2 * 64 * 3**2 - (25_089 * 4096 + 4097 * 4096 + 4097 * 1000)
    assert trainable(vgg16(TASKS, (300, 80, 1))) == convolutions + dense_parameters(9 * 2 * 512)


@NETWORKS
def test_a_head_for_each_task(small, build):
    outputs = small[build](batch(build, 3))
    assert {task: values.shape[1:] for task, values in outputs.items()} == {t: (n,) for t, n in TASKS.items()}
    for task in ("emotion", "gender"):
        np.testing.assert_allclose(np.sum(outputs[task], axis=1), 1, atol=1e-6)
    assert small[build].get_layer("arousal").activation is keras.activations.linear


@NETWORKS
def test_embedding_and_last_convolution_can_be_inspected(small, build):
    network = small[build]
    inside = keras.Model(
        network.input, [*(network.get_layer(name).output for name in (LAST_CONVOLUTION, EMBEDDING)), network.output]
    )
    with tf.GradientTape() as tape:
        last_maps, embedding, outputs = inside(batch(build, 2))
        probability = outputs["emotion"][:, 0]
    assert embedding.shape == (2, DENSE_UNITS) and np.std(embedding) > 0
    assert last_maps.shape[-1] == {alexnet: 256, vgg16: 512}[build] and np.min(last_maps) == 0
    assert np.any(tape.gradient(probability, last_maps))  # Grad-CAM needs this gradient


def test_the_halves_of_alexnet_equal_grouped_convolutions(small):
    network = small[alexnet]
    inside = keras.Model(network.input, [network.get_layer(name).output for name in ("pool_1", "conv_2")])
    before, after = inside(batch(alexnet, 2))
    halves = [network.get_layer(f"conv_2_{i}").get_weights() for i in (1, 2)]
    grouped = keras.layers.Conv2D(256, 5, padding="same", groups=2, activation="relu")
    grouped.build(before.shape)
    grouped.set_weights([np.concatenate(parts, axis=-1) for parts in zip(*halves, strict=True)])
    np.testing.assert_allclose(after, grouped(before), atol=1e-5)


def test_local_response_is_optional_and_has_no_parameters(small, no_draws):
    without = alexnet(TASKS, SMALLEST[alexnet], local_response=False)
    assert trainable(without) == trainable(small[alexnet])
    without.set_weights(small[alexnet].get_weights())
    inputs = batch(alexnet, 2)
    assert np.any(np.abs(without(inputs)["arousal"] - small[alexnet](inputs)["arousal"]) > 1e-3)


def test_each_band_is_standardised_over_frames_and_clips(no_draws):
    clips = spectrograms(20, (32, 33, 1)) * np.arange(1, 34)[:, None] - 50
    network = vgg16({"emotion": 2}, (32, 33, 1))
    adapt(network, {"spectrogram": clips})
    standardised = network.get_layer("spectrogram_standardised")(clips)
    np.testing.assert_allclose(np.mean(standardised, axis=(0, 1)), 0, atol=1e-4)
    np.testing.assert_allclose(np.std(standardised, axis=(0, 1)), 1, atol=1e-3)


@NETWORKS
def test_augmentation_and_dropout_are_active_only_in_training(build, no_draws):
    recorded = []
    record = keras.layers.Lambda(lambda x: recorded.append(x) or x)
    network = build({"emotion": 4}, SMALLEST[build], augmentation=InTraining(record))
    clips = batch(build, 2)
    network(clips), network(clips, training=False)
    assert not recorded
    network(clips, training=True)
    np.testing.assert_allclose(recorded[0], network.get_layer("spectrogram_standardised")(clips["spectrogram"]))
    assert [layer.rate for layer in network.layers if isinstance(layer, keras.layers.Dropout)] == [0.5, 0.5]


@pytest.mark.parametrize("build", [alexnet, pytest.param(vgg16, marks=pytest.mark.slow)])
def test_network_trains_with_a_weighting_and_can_be_reloaded(build, tmp_path, monkeypatch):
    monkeypatch.setattr(spectrogram_cnn, "DENSE_UNITS", 128)
    keras.utils.set_random_seed(0)
    labels = np.arange(8) % 2
    clips = spectrograms(8, SMALLEST[build])
    clips[labels == 1, :, :20] += 2
    network = build({"emotion": 2, "gender": 2}, SMALLEST[build])
    losses = {task: SparseCategoricalCrossentropy() for task in network.output}
    model = JointModel(network.input, network.output, losses=losses, weighting=Softmax(list(losses)))
    model.compile(keras.optimizers.Adam(1e-4))
    data = {"spectrogram": clips}, {"emotion": labels, "gender": 1 - labels}
    before = model.evaluate(*data, verbose=0, return_dict=True)
    model.fit(*data, epochs=10, verbose=0)
    after = model.evaluate(*data, verbose=0, return_dict=True)
    for task in losses:
        assert after[f"{task}_loss"] < 0.7 * before[f"{task}_loss"]
    model.network().save(tmp_path / "network.keras")
    loaded = load_network(tmp_path / "network.keras")
    for task, values in loaded.predict(data[0], verbose=0).items():
        np.testing.assert_array_equal(values, model.predict(data[0], verbose=0)[task])


def assert_loads_convolutions(source: keras.Model, file) -> None:
    network = vgg16({"emotion": 4}, SMALLEST[vgg16], imagenet=file)
    inside = keras.Model(network.input, network.get_layer(LAST_CONVOLUTION).output)
    theirs = keras.Model(source.input, source.get_layer("block5_conv3").output)
    clips = batch(vgg16, 1)
    expected = theirs(np.repeat(PIXEL_SPREAD * clips["spectrogram"], 3, axis=-1))
    np.testing.assert_allclose(inside(clips), expected, rtol=1e-3, atol=1e-4 * np.max(expected))


def test_imagenet_weights_treat_the_spectrogram_as_a_grey_picture(tmp_path, no_draws):
    keras.utils.set_random_seed(0)
    source = keras.applications.VGG16(include_top=False, weights=None)
    file = tmp_path / "vgg16.weights.h5"
    source.save_weights(file)
    assert_loads_convolutions(source, file)
    file.unlink()  # sixty megabytes, and pytest keeps its folders


@pytest.mark.slow
def test_imagenet_weights_may_include_the_top(tmp_path, no_draws):
    keras.utils.set_random_seed(0)
    source = keras.applications.VGG16(weights=None)
    file = tmp_path / "vgg16_weights_tf_dim_ordering_tf_kernels.h5"
    with h5py.File(file, "w") as written:  # the format of the files that keras.applications offers
        legacy_h5_format.save_weights_to_hdf5_group(written, source)
    convolutions = keras.applications.VGG16(include_top=False, weights=None)
    convolutions.set_weights(source.get_weights()[: len(convolutions.weights)])
    assert_loads_convolutions(convolutions, file)
    file.unlink()  # half a gigabyte, and pytest keeps its folders


def test_missing_weights_or_several_channels_are_an_error(tmp_path, no_draws):
    with pytest.raises(InputError, match="is not there"):
        vgg16(TASKS, SMALLEST[vgg16], imagenet=tmp_path / "none.h5")
    with pytest.raises(ValueError, match="one channel"):
        vgg16(TASKS, (32, 32, 3), imagenet=tmp_path / "none.h5")


@NETWORKS
@pytest.mark.parametrize("lost", [(1, 0, 0), (0, 1, 0)])
def test_a_too_small_spectrogram_is_an_error(build, lost, no_draws):
    shape = tuple(n - less for n, less in zip(SMALLEST[build], lost, strict=True))
    with pytest.raises(ValueError, match="or more frames and mels"):
        build(TASKS, shape)


@NETWORKS
def test_no_task_is_an_error(build):
    with pytest.raises(ValueError, match="needs a task"):
        build({}, SMALLEST[build])

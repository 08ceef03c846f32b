import keras
import numpy as np
import pytest

from kerasemo.reporting.grad_cam import grad_cam, grad_cam_figure


@pytest.fixture(scope="module")
def network():
    """A network with two maps, the positive and negative values; class scores: first, second, minus the first."""
    spectrogram = keras.Input((4, 6, 1), name="spectrogram")
    maps = keras.layers.Conv2D(2, 1, activation="relu", name="maps")
    x = keras.layers.GlobalAveragePooling2D()(maps(spectrogram))
    head = keras.layers.Dense(3, activation="softmax", name="emotion")
    model = keras.Model({"spectrogram": spectrogram}, {"emotion": head(x)})
    maps.set_weights([np.array([[[[1.0, -1.0]]]]), np.zeros(2)])
    head.set_weights([np.array([[1.0, 0, -1], [0, 1, 0]]), np.array([0.3, 0, 0])])
    return model


def test_heatmap_is_the_map_of_the_class(network):
    spectrogram = np.zeros((4, 6, 1), "float32")
    spectrogram[1, 2], spectrogram[3, 4], spectrogram[0, 0] = 2, 1, -3
    heatmaps = grad_cam(network, np.stack([spectrogram] * 3), "emotion", [0, 1, 2], "maps")
    # The gradient of the score is the same for all values of its map, so the result is the map itself.
    np.testing.assert_allclose(heatmaps[0], np.maximum(spectrogram[..., 0], 0) / 2, atol=1e-6)
    np.testing.assert_allclose(heatmaps[1], np.maximum(-spectrogram[..., 0], 0) / 3, atol=1e-6)
    np.testing.assert_array_equal(heatmaps[2], np.zeros((4, 6)))  # all parts decrease the score


def test_each_spectrogram_is_drawn_with_and_without_its_map():
    generator = np.random.default_rng(0)
    spectrograms, maps = generator.normal(size=(3, 8, 5)), generator.uniform(size=(3, 8, 5))
    figure = grad_cam_figure(spectrograms, maps, ["neu", "a $ b", "sad"], 3.0, "Maps")
    assert len(figure.axes) == 6
    assert [axes.get_title(loc="left") for axes in figure.axes[::2]] == ["neu", "a $ b", "sad"]
    np.testing.assert_array_equal(figure.axes[2].images[0].get_array(), spectrograms[1].T)
    np.testing.assert_array_equal(figure.axes[3].images[1].get_array(), maps[1].T)

from fractions import Fraction

import keras
import numpy as np
import pytest
import scipy.signal
import tensorflow as tf
from keras.src.testing import TestCase

from kerasemo.layers import NoisePerturbation, SpecAugment, SpeedPerturbation

LAYERS = [SpecAugment, SpeedPerturbation, NoisePerturbation]


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def inputs_of(layer) -> np.ndarray:
    return noise(5, 40, 16, 1) if layer is SpecAugment else noise(5, 900)


def in_training(layer: keras.layers.Layer, x: np.ndarray) -> np.ndarray:
    return np.asarray(layer(x, training=True))


def network(layer) -> keras.Model:
    inputs = keras.Input((None, 16, 1) if layer is SpecAugment else (None,), name="x")
    return keras.Model(inputs, layer(seed=3)(inputs))


@pytest.mark.parametrize("layer", LAYERS)
def test_nothing_changes_outside_training(layer, tmp_path):
    x, model = inputs_of(layer), network(layer)
    model.export(tmp_path, format="tf_saved_model", verbose=False)
    for outputs in (layer(seed=0)(x), model.predict(x, verbose=0), tf.saved_model.load(tmp_path).serve(x)):
        np.testing.assert_array_equal(outputs, x)


@pytest.mark.parametrize("layer", LAYERS)
def test_each_step_and_each_clip_is_changed_differently(layer):
    x = np.repeat(inputs_of(layer)[:1], 8, axis=0)
    first, second = in_training(built := layer(seed=0), x), in_training(built, x)
    assert np.any(first != second) and np.any(first[0] != first[1:])
    np.testing.assert_array_equal(in_training(layer(seed=0), x), first)
    assert np.any(in_training(layer(seed=1), x) != first)


@pytest.mark.parametrize("layer", LAYERS)
def test_resumed_training_makes_the_same_changes(layer):
    x, model, resumed = inputs_of(layer), network(layer), network(layer)
    in_training(model, x)
    state = [variable.numpy() for variable in model.variables]
    following = [in_training(model, x) for _ in range(2)]
    for variable, value in zip(resumed.variables, state, strict=True):
        variable.assign(value)
    np.testing.assert_array_equal([in_training(resumed, x) for _ in range(2)], following)


@pytest.mark.parametrize("layer", LAYERS)
def test_type_of_inputs_is_kept_under_mixed_precision(layer):
    built = layer(seed=0, dtype="mixed_float16")
    for x in (inputs_of(layer), inputs_of(layer).astype("float16")):
        changed = in_training(built, x)
        assert (changed.dtype, changed.shape) == (x.dtype, x.shape)
        assert np.isfinite(changed).all() and np.any(changed != x)


def runs(hidden: np.ndarray) -> list[int]:
    """Return the lengths of the contiguous hidden parts."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], hidden.astype(int), [0]])))
    return list(edges[1::2] - edges[::2])


@pytest.mark.parametrize("axis", [0, 1], ids=["frames", "bands"])
def test_a_mask_is_contiguous_and_of_any_width_up_to_its_limit(axis):
    x = noise(400, 40, 40, 1)
    layer = SpecAugment(frame_masks=1 - axis, frames=6, band_masks=axis, bands=6, share=0.5, seed=0)
    changed = in_training(layer, x)
    widths, starts = [], []
    for clip, changed_clip in zip(x[..., 0], changed[..., 0], strict=True):
        hidden = changed_clip != clip
        np.testing.assert_allclose(changed_clip[hidden], clip.mean(), atol=1e-6)
        # A mask hides complete rows or columns.
        line = hidden.any(axis=1 - axis)
        np.testing.assert_array_equal(hidden, np.broadcast_to(line[:, None] if axis == 0 else line[None], hidden.shape))
        assert len(runs(line)) <= 1
        widths.append(sum(runs(line)))
        starts.extend(np.flatnonzero(line)[:1])
    counts = np.bincount(widths)
    assert len(counts) == 7 and counts.min() > 30  # 400 / 7 are 57
    assert min(starts) == 0 and max(starts) > 30


def test_several_masks_are_combined():
    changed = in_training(SpecAugment(band_masks=0, frame_masks=3, frames=4, share=1.0, seed=0), noise(200, 60, 4, 1))
    hidden = (changed != noise(200, 60, 4, 1))[:, :, 0, 0]
    n_runs = [len(runs(line)) for line in hidden]
    assert max(n_runs) == 3 and 8 < hidden.sum(axis=1).max() <= 12


def test_a_mask_hides_no_more_than_its_share_of_the_frames():
    for frames, most in [(40, 8), (9, 1), (4, 0)]:
        x = noise(200, frames, 4, 1)
        hidden = in_training(SpecAugment(band_masks=0, frame_masks=1, share=0.2, seed=0), x) != x
        assert hidden.any(axis=(2, 3)).sum(axis=1).max() == most


def test_limits_above_the_number_of_bands_are_clipped():
    x = noise(50, 10, 4, 1)
    changed = in_training(SpecAugment(band_masks=1, bands=99, frame_masks=0, seed=0), x)
    assert set((changed != x).any(axis=(1, 3)).sum(axis=1)) == {0, 1, 2, 3, 4}


@pytest.mark.parametrize("speed", [0.5, 0.9, 1.0, 1.1, 1.25, 2.0, 0.37])
@pytest.mark.parametrize("samples", [1, 10, 1003])
def test_resampling_equals_scipy(speed, samples):
    x = noise(2, samples)
    ratio = Fraction(str(speed))
    expected = scipy.signal.resample_poly(x.astype(float), ratio.denominator, ratio.numerator, axis=1)[:, :samples]
    changed = in_training(SpeedPerturbation((speed,)), x)
    assert changed.shape == x.shape
    n = expected.shape[1]
    np.testing.assert_allclose(changed[:, :n], expected, atol=2e-6)
    # Zeros follow after the impulse response of the filter.
    np.testing.assert_array_equal(changed[:, n + 21 :], 0)


def test_higher_speed_raises_the_pitch():
    tone = np.sin(2 * np.pi * 0.1 * np.arange(4000))[None].astype("float32")
    for speed in (0.9, 1.1):
        spectrum = np.abs(np.fft.rfft(in_training(SpeedPerturbation((speed,)), tone)[0, :3600] * np.hanning(3600)))
        assert spectrum.argmax() / 3600 == pytest.approx(0.1 * speed, abs=1 / 3600)


def test_all_speeds_are_equally_likely():
    x = np.repeat(noise(1, 200), 600, axis=0)
    by_speed = [in_training(SpeedPerturbation((speed,)), x[:1])[0] for speed in (0.9, 1.0, 1.1)]
    changed = in_training(SpeedPerturbation(seed=0), x)
    shares = [np.isclose(changed, expected, atol=1e-6).all(axis=1).mean() for expected in by_speed]
    assert sum(shares) == pytest.approx(1)
    np.testing.assert_allclose(shares, 1 / 3, atol=0.06)


def test_noise_has_a_ratio_within_the_limits():
    x = noise(500, 2000) * np.geomspace(1e-4, 1, 500, dtype="float32")[:, None]
    added = in_training(NoisePerturbation(5.0, 15.0, seed=0), x).astype(float) - x
    ratios = 10 * np.log10((x.astype(float) ** 2).mean(axis=1) / (added**2).mean(axis=1))
    assert 5 - 0.01 < ratios.min() < 5.5 and 14.5 < ratios.max() < 15.01
    assert ratios.mean() == pytest.approx(10, abs=0.5)
    fixed = in_training(NoisePerturbation(10.0, 10.0, seed=0), x).astype(float) - x
    np.testing.assert_allclose((fixed**2).mean(axis=1), 0.1 * (x.astype(float) ** 2).mean(axis=1), rtol=1e-4)


def test_a_silent_clip_stays_silent():
    np.testing.assert_array_equal(in_training(NoisePerturbation(seed=0), np.zeros((2, 100), "float32")), 0)


@pytest.mark.parametrize(
    ("layer", "options"),
    [
        (SpecAugment, {"band_masks": -1}),
        (SpecAugment, {"bands": -1}),
        (SpecAugment, {"frame_masks": -1}),
        (SpecAugment, {"frames": -1}),
        (SpecAugment, {"share": 1.1}),
        (SpeedPerturbation, {"speeds": ()}),
        (SpeedPerturbation, {"speeds": (1.0, 0.0)}),
        (SpeedPerturbation, {"speeds": (1.005,)}),
        (NoisePerturbation, {"least_db": 31.0}),
    ],
)
def test_values_out_of_range_are_an_error(layer, options):
    with pytest.raises(ValueError, match="Received: "):
        layer(**options)


class TestHarness(TestCase):
    def harness(self, layer, shape, **options):
        self.run_layer_test(
            layer,
            init_kwargs={"seed": 0, **options},
            input_shape=shape,
            call_kwargs={"training": True},
            expected_output_shape=shape,
            expected_num_trainable_weights=0,
            expected_num_non_trainable_weights=0,
            expected_num_seed_generators=1,
            expected_num_non_trainable_variables=1,
            supports_masking=False,
            custom_objects={layer.__name__: layer},
        )

    def test_spec_augment(self):
        self.harness(SpecAugment, (2, 20, 8, 1), band_masks=1, bands=2, frame_masks=3, frames=4, share=0.5)

    def test_speed_perturbation(self):
        self.harness(SpeedPerturbation, (2, 300), speeds=(0.8, 1.2))

    def test_noise_perturbation(self):
        self.harness(NoisePerturbation, (2, 300), least_db=0.0, most_db=5.0)

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasemo.losses import SoftHGR, soft_hgr
from kerasemo.training import devices

OPTIONS = pytest.mark.parametrize(("centred", "ddof"), [(True, 1), (True, 0), (False, 1), (False, 0)])
RHO = np.array([0.9, 0.7, 0.5, 0.2])


def features(n: int = 12, k: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Two correlated feature arrays, `n x k`, float64, whose means are not 0."""
    generator = np.random.default_rng(0)
    f = generator.normal(0.5, 1, (n, k))
    return f, 0.7 * f[:, ::-1] + generator.normal(-1, 0.5, (n, k))


def value_and_gradients(f, g, **options) -> tuple[float, list[np.ndarray]]:
    pair = [tf.constant(f), tf.constant(g)]
    with tf.GradientTape() as tape:
        tape.watch(pair)
        score = soft_hgr(*pair, **options)
    return float(score), [gradient.numpy() for gradient in tape.gradient(score, pair)]


def test_value_by_hand():
    # cov f = 1, cov g = 4, cov(f, g) = 2: 2 - 4/2.
    f = np.array([[-1.0], [0.0], [1.0]])
    assert float(soft_hgr(f, 2 * f)) == pytest.approx(0, abs=1e-12)
    assert float(soft_hgr(f, f)) == pytest.approx(1 / 2)
    # Divided by N: 4/3 - (2/3)(8/3)/2.
    assert float(soft_hgr(f, 2 * f, ddof=0)) == pytest.approx(4 / 9)
    # Not centred, three times 2 and three times 1: 3 - (6)(3/2)/2.
    assert float(soft_hgr(np.full((3, 1), 2.0), np.ones((3, 1)), centred=False)) == pytest.approx(3 - 6 * 1.5 / 2)


@pytest.mark.parametrize("ddof", [0, 1])
def test_covariances_over_clips_equal_numpy(ddof):
    f, g = features()
    both = np.cov(f, g, rowvar=False, ddof=ddof)
    expected = np.trace(both[:3, 3:]) - np.trace(both[:3, :3] @ both[3:, 3:]) / 2
    assert float(soft_hgr(f, g, ddof=ddof)) == pytest.approx(expected, rel=1e-12)


def test_covariances_are_between_features_not_between_clips():
    """Some published implementations treat each clip as a variable, and compute N x N instead of k x k covariances."""
    f, g = features()
    wrong_score = np.mean(np.sum(f * g, axis=1)) - np.trace(np.cov(f) @ np.cov(g)) / 2
    assert abs(float(soft_hgr(f, g)) - wrong_score) > 1
    assert float(soft_hgr(np.tile(f, (2, 1)), np.tile(g, (2, 1)), ddof=0)) == pytest.approx(
        float(soft_hgr(f, g, ddof=0)), rel=1e-12
    )


@pytest.mark.parametrize("standardised", [False, True])
@OPTIONS
def test_gradient_by_finite_differences(centred, ddof, standardised):
    f, g = features(n=5, k=2)
    weight = np.array([1.0, 0.5, 2.0, 0.0, 1.0])
    options = {"sample_weight": weight, "centred": centred, "ddof": ddof, "standardised": standardised}
    _, gradients = value_and_gradients(f, g, **options)
    step = 1e-6
    for moved, gradient in zip((f, g), gradients, strict=True):
        for position in np.ndindex(moved.shape):
            ends = []
            for sign in (1, -1):
                original = moved[position]
                moved[position] = original + sign * step
                ends.append(float(soft_hgr(f, g, **options)))
                moved[position] = original
            assert gradient[position] == pytest.approx((ends[0] - ends[1]) / (2 * step), abs=1e-8)


def test_standardised_score_equals_the_correlations_of_numpy():
    f, g = features()
    both = np.corrcoef(f, g, rowvar=False)
    expected = np.trace(both[:3, 3:]) - np.trace(both[:3, :3] @ both[3:, 3:]) / 2
    assert float(soft_hgr(f, g, standardised=True)) == pytest.approx(expected, rel=1e-12)


def test_only_the_standardised_score_and_its_gradient_for_the_voice_do_not_depend_on_the_scale_of_the_face():
    f, g = features()
    for standardised in (False, True):
        score, (gradient, _) = value_and_gradients(f, g, standardised=standardised)
        scaled_score, (scaled_gradient, _) = value_and_gradients(f, 8 * g, standardised=standardised)
        assert (scaled_score == pytest.approx(score, rel=1e-9)) == standardised
        assert np.allclose(scaled_gradient, gradient, rtol=1e-9) == standardised


@pytest.mark.parametrize("standardised", [False, True])
@OPTIONS
@pytest.mark.parametrize("n", [1, 2, 12])
def test_constant_features_have_finite_score_and_gradient(n, centred, ddof, standardised):
    constant = np.full((n, 3), 0.1, "float32")
    options = {"centred": centred, "ddof": ddof, "standardised": standardised}
    score, gradients = value_and_gradients(constant, 7 * constant, **options)
    assert np.isfinite(score) and np.isfinite(gradients).all()
    if centred:
        assert score == pytest.approx(0, abs=1e-6 if standardised else 1e-12)


def test_one_clip_has_score_and_gradient_0_but_two_clips_have_a_gradient():
    f, g = (array.astype("float32") for array in features(n=2))
    score, gradients = value_and_gradients(f[:1], g[:1])
    assert score == 0 and not np.any(gradients)
    score, gradients = value_and_gradients(f, g)
    assert np.isfinite(score) and np.all(gradients) and np.isfinite(gradients).all()


@pytest.mark.parametrize("padding_value", [9.0, np.nan, np.inf])
def test_clips_with_weight_0_are_excluded(padding_value):
    f, g = features()
    padded = [np.concatenate([array, np.full((4, 3), padding_value)]) for array in (f, g)]
    expected, gradients = value_and_gradients(f, g)
    score, padded_gradients = value_and_gradients(*padded, sample_weight=np.arange(16) < 12)
    assert score == pytest.approx(expected, rel=1e-12)
    for gradient, padded_gradient in zip(gradients, padded_gradients, strict=True):
        np.testing.assert_allclose(padded_gradient[:12], gradient, atol=1e-14)
        assert not np.any(padded_gradient[12:])


def test_score_is_0_if_all_weights_are_0():
    f, g = features()
    score, gradients = value_and_gradients(f, g, sample_weight=np.zeros(12))
    assert score == 0 and not np.any(gradients)


def test_weights_have_the_same_effect_as_in_numpy():
    f, g = features()
    weight = np.random.default_rng(1).uniform(0.1, 3, 12)
    both = np.cov(f, g, rowvar=False, aweights=weight)
    expected = np.trace(both[:3, 3:]) - np.trace(both[:3, :3] @ both[3:, 3:]) / 2
    assert float(soft_hgr(f, g, weight)) == pytest.approx(expected, rel=1e-12)


def canonical_pair(rho: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return cov(x), cov(y) and cov(x, y) of two Gaussian modalities with the canonical correlations `rho`."""
    generator = np.random.default_rng(3)
    mix_x, mix_y = (np.eye(len(rho)) + 0.3 * generator.normal(size=(len(rho), len(rho))) for _ in range(2))
    return mix_x @ mix_x.T, mix_y @ mix_y.T, mix_x @ np.diag(rho) @ mix_y.T


def trained_maps(cov_x, cov_y, cov_xy, k: int, steps: int = 400) -> tuple[list[np.ndarray], float]:
    """Train linear maps of both modalities to k dimensions on 4000 clips; return the maps and their score."""
    n, d = 4000, len(cov_x)
    generator = np.random.default_rng(5)
    clips = generator.normal(size=(n, 2 * d))
    # The sample covariances are made exact, so that the canonical correlations of the sample are known.
    clips -= clips.mean(axis=0)
    clips = clips @ np.linalg.inv(np.linalg.cholesky(np.cov(clips, rowvar=False))).T
    clips = clips @ np.linalg.cholesky(np.block([[cov_x, cov_xy], [cov_xy.T, cov_y]])).T
    x, y = (tf.constant(array + 2, "float32") for array in (clips[:, :d], clips[:, d:]))
    maps = [keras.Variable(generator.normal(0, 0.3, (d, k))) for _ in range(2)]
    optimizer, loss = keras.optimizers.Adam(0.03), SoftHGR()
    optimizer.build(maps)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            value = loss(None, tf.stack([x @ maps[0], y @ maps[1]], axis=1))
        optimizer.apply_gradients(zip(tape.gradient(value, maps), maps, strict=True))
        return -value

    for _ in range(steps):
        score = step()
    return [np.asarray(m, "float64") for m in maps], float(score)


@pytest.mark.parametrize("k", [1, 3])
def test_linear_maps_of_gaussians_reach_half_the_sum_of_squared_canonical_correlations(k):
    cov_x, cov_y, cov_xy = canonical_pair(RHO)
    maps, score = trained_maps(cov_x, cov_y, cov_xy, k)
    assert score == pytest.approx(np.sum(RHO[:k] ** 2) / 2, rel=0.02)
    # The trained maps of x span the directions of the k largest canonical correlations.
    root = np.linalg.cholesky(cov_x)
    whitened = np.linalg.solve(root, cov_xy) @ np.linalg.inv(np.linalg.cholesky(cov_y)).T
    directions = np.linalg.svd(whitened)[0][:, :k]
    learned_directions = np.linalg.qr(root.T @ maps[0])[0]
    assert np.linalg.svd(directions.T @ learned_directions)[1].min() > 0.999


def test_independent_modalities_have_score_0():
    cov_x, cov_y, _ = canonical_pair(RHO)
    maps, score = trained_maps(cov_x, cov_y, np.zeros_like(cov_x), k=2, steps=200)
    assert score == pytest.approx(0, abs=1e-3)
    # The product of the covariances of the two features is close to 0.
    assert np.trace(maps[0].T @ cov_x @ maps[0] @ maps[1].T @ cov_y @ maps[1]) < 2e-3


def loss_of(f: np.ndarray, g: np.ndarray, **options) -> float:
    return float(SoftHGR(dtype="float64", **options)(None, np.stack([f, g], axis=1)))


@pytest.mark.parametrize("scale", [0.01, 1.0, 30.0])
def test_shifted_loss_is_larger_by_half_of_k_and_never_negative(scale):
    generator = np.random.default_rng(0)
    f = generator.normal(0, scale, (20, 4))
    for g in (f, f / scale**2, generator.normal(size=(20, 4))):
        assert loss_of(f, g, shifted=True) == pytest.approx(loss_of(f, g) + 2)
        assert loss_of(f, g, shifted=True) >= 0


def test_shifted_loss_is_0_for_equal_whitened_features():
    f = np.random.default_rng(0).normal(size=(20, 4))
    white = np.linalg.qr(f - f.mean(axis=0))[0] * np.sqrt(19)
    assert loss_of(white, white, shifted=True) == pytest.approx(0, abs=1e-12)


@pytest.mark.slow
def test_two_mirrored_devices_equal_one():
    inputs = np.random.default_rng(1).normal(size=(24, 5)).astype("float32")

    def trained(strategy) -> tuple[list, list]:
        with strategy.scope():
            keras.utils.set_random_seed(0)
            model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(6), keras.layers.Reshape((2, 3))])
            model.compile(keras.optimizers.SGD(0.1), loss=SoftHGR())
        weight = np.tile([1.0, 0.5, 0.0], 8)
        history = model.fit(
            inputs, np.zeros((24, 1)), sample_weight=weight, batch_size=12, epochs=3, shuffle=False, verbose=0
        )
        return model.get_weights(), history.history["loss"]

    one, one_losses = trained(tf.distribute.get_strategy())
    two, two_losses = trained(devices.strategy(2))
    for a, b in zip(one, two, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
    np.testing.assert_allclose(one_losses, two_losses, rtol=1e-5)


def test_config_round_trip():
    loss = SoftHGR(centred=False, ddof=0, shifted=True, standardised=True, name="common")
    restored = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    assert isinstance(restored, SoftHGR)
    assert restored.get_config() == loss.get_config()
    assert (restored.centred, restored.ddof, restored.shifted, restored.name) == (False, 0, True, "common")
    assert restored.standardised


def test_ddof_must_be_0_or_1():
    with pytest.raises(ValueError, match="Received: ddof=2"):
        SoftHGR(ddof=2)

import numpy as np
import pytest

from kerasemo.fusion.windows import Windows, gram, offsets, windows

LENGTHS = [9, 1, 6]


@pytest.fixture
def inputs():
    return np.random.default_rng(0).normal(size=(sum(LENGTHS), 4))


@pytest.mark.parametrize("reach", [0, 1, 3, 12])
def test_windows_are_clamped_to_the_recording(inputs, reach):
    expected = []
    for recording in np.split(inputs, np.cumsum(LENGTHS)[:-1]):
        for frame in range(len(recording)):
            window = np.clip(np.arange(frame - reach, frame + reach + 1), 0, len(recording) - 1)
            expected.append(recording[window].ravel())
    np.testing.assert_array_equal(windows(inputs, LENGTHS, reach), expected)


@pytest.mark.parametrize("reach", [0, 1, 3, 12])
def test_gram_equals_the_product_of_the_windows(inputs, reach):
    left, right = inputs[:, :3], inputs[:, 2:]
    for a, b in [(left, right), (left, left), (left, inputs[:, :0])]:
        expected = windows(a, LENGTHS, reach).T @ windows(b, LENGTHS, reach)
        np.testing.assert_allclose(gram(a, b, LENGTHS, reach), expected, atol=1e-12)


@pytest.mark.parametrize("reach", [0, 1, 3, 12])
def test_products_equal_products_with_the_full_matrix(inputs, reach):
    table = windows(inputs, LENGTHS, reach)
    generator = np.random.default_rng(1)
    weights, values = (generator.normal(size=(n, 3)) for n in reversed(table.shape))
    matrix = Windows(inputs, LENGTHS, reach)
    assert matrix.shape == table.shape
    np.testing.assert_allclose(matrix.dot(weights), table @ weights, atol=1e-12)
    np.testing.assert_allclose(matrix.transposed_dot(values), table.T @ values, atol=1e-12)


def test_smaller_windows_are_slices_of_larger_windows(inputs):
    np.testing.assert_array_equal(windows(inputs, LENGTHS, 5)[:, 8:-8], windows(inputs, LENGTHS, 3))


@pytest.mark.parametrize("context", [1, 2, 11, 19])
def test_quirk_keeps_the_number_of_frames_and_reduces_the_reach_by_one(context):
    plain, quirk = offsets(context, quirk=False), offsets(context, quirk=True)
    assert len(plain) == len(quirk) == 1 + 2 * context
    assert plain.max() == -plain.min() == context and quirk.max() == -quirk.min() == context - 1
    assert (quirk == 0).sum() == 3 and (plain == 0).sum() == 1

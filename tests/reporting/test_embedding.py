import numpy as np
import pytest

from kerasemo.reporting.embedding import embedding_figure, tsne


def test_tsne_keeps_neighbours_and_depends_on_the_seed():
    generator = np.random.default_rng(0)
    vectors = np.concatenate([generator.normal(centre, 1, (12, 40)) for centre in (0, 10)])
    points = tsne(vectors, seed=0)
    distances = np.linalg.norm(points[:, None] - points[None], axis=-1)
    np.fill_diagonal(distances, np.inf)
    assert (distances.argmin(axis=1) // 12 == np.arange(24) // 12).all()
    np.testing.assert_array_equal(points, tsne(vectors, seed=0))


def test_too_few_clips_are_an_error():
    assert tsne(np.random.default_rng(0).normal(size=(5, 3)), seed=0).shape == (5, 2)
    with pytest.raises(ValueError, match="needs 5 clips or more"):
        tsne(np.zeros((4, 3)), seed=0)


def test_each_class_has_its_points_and_a_different_marker():
    classes = [f"class {number}" for number in range(8)]
    labels = np.repeat(classes, 2)
    points = np.arange(32.0).reshape(16, 2)
    figure = embedding_figure(points, labels, classes, "t-SNE")
    lines = figure.axes[0].lines
    assert [line.get_label() for line in lines] == classes
    np.testing.assert_array_equal(lines[3].get_xydata(), points[6:8])
    assert len({(line.get_color(), line.get_marker()) for line in lines}) == 8

import numpy as np
import pytest

from kerasemo.features.face_finder import find_face


def middle(box):
    left, top, width, height = box
    return left + width / 2, top + height / 2


@pytest.mark.parametrize("scale", [1, 3])
def test_a_face_is_found_where_it_is_whatever_the_size_of_the_picture(media, scale):
    picture = media.picture_of((100 * scale, 130 * scale, 60 * scale), height=240 * scale, width=320 * scale)
    box = find_face(picture)
    np.testing.assert_allclose(np.array(middle(box)) / scale, (100, 130), atol=12)
    assert 80 < box[2] / scale < 150


def test_the_largest_of_two_faces_counts(media):
    np.testing.assert_allclose(middle(find_face(media.picture_of((70, 120, 35), (220, 120, 70)))), (220, 120), atol=15)
    np.testing.assert_allclose(middle(find_face(media.picture_of((100, 120, 70), (260, 120, 35)))), (100, 120), atol=15)


def test_a_picture_without_a_face_has_none(media):
    assert find_face(media.picture_of()) is None

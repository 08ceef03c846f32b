import cv2
import numpy as np
import pytest

from kerasemo.errors import InputError
from kerasemo.features.face_finder import YuNet, find_eyes, find_face, find_face_near


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


def test_a_face_near_that_of_another_frame_is_preferred_to_a_larger_one(media):
    picture = media.picture_of((70, 120, 35), (220, 120, 70))
    small = find_face(media.picture_of((64, 124, 37)))
    np.testing.assert_allclose(middle(find_face_near(picture, small)), (70, 120), atol=10)
    assert 0.7 < find_face_near(picture, small)[2] / small[2] < 1.4
    elsewhere = (130, 170, 40, 40)
    assert find_face_near(picture, elsewhere) == find_face(picture)
    assert find_face_near(media.picture_of(), small) is None


def test_a_picture_without_a_face_has_none(media):
    assert find_face(media.picture_of()) is None


@pytest.mark.parametrize(("radius", "times"), [(40, 1), (60, 1), (100, 1), (60, 5)])
def test_eyes_are_found_in_faces_of_any_size(media, radius, times):
    picture = media.picture_of((2 * radius, 2 * radius, radius), height=4 * radius, width=4 * radius)
    picture = cv2.resize(picture, None, fx=times, fy=times)
    eyes = find_eyes(picture, find_face(picture))
    np.testing.assert_allclose(eyes / (radius * times), [(1.67, 1.83), (2.33, 1.83)], atol=0.06)


def test_a_face_without_eyes_has_none(media):
    picture = media.picture_of((160, 120, 80))
    box = find_face(picture)
    picture[85:135, 90:230] = (224, 180, 150)
    assert find_eyes(picture, box) is None
    picture = media.picture_of((160, 120, 80))
    picture[85:135, 160:230] = (224, 180, 150)
    assert find_eyes(picture, box) is None


def squares(*corners, height=240, width=320):
    picture = np.zeros((height, width, 3), np.uint8)
    for left, top in corners:
        picture[top : top + 32, left : left + 32] = 255
    return picture


def test_yunet_gives_boxes_and_eyes(yunet):
    [face] = YuNet(str(yunet)).find(squares((96, 64)))
    assert face.box == (80, 40, 64, 80)
    np.testing.assert_allclose(face.eyes, [(99.2, 73.6), (124.8, 73.6)], atol=1e-3)
    assert YuNet(str(yunet)).find(squares()) == []


def test_yunet_finds_in_any_size_and_leaves_out_what_is_small(yunet):
    """Pictures are searched at 360 rows: a square of three times the size is the same one."""
    large = np.kron(squares((96, 64), height=360), np.ones((3, 3, 1), np.uint8))
    [face] = YuNet(str(yunet)).find(large)
    assert face.box == (240, 120, 192, 240)
    np.testing.assert_allclose(face.eyes, np.array([(99.2, 73.6), (124.8, 73.6)]) * 3, atol=1e-2)
    [face] = YuNet(str(yunet)).find(squares((32, 32), height=150, width=150))
    assert face.box == (16, 8, 64, 80)
    assert YuNet(str(yunet)).find(squares((32, 32), height=520, width=520)) == []


def test_yunets_faces_come_in_a_fixed_order(yunet):
    faces = YuNet(str(yunet)).find(squares((224, 64), (96, 128), (96, 32)))
    assert [face.box[:2] for face in faces] == [(80, 8), (80, 104), (208, 40)]


@pytest.mark.parametrize("content", [None, b"", b"no network"])
def test_a_file_that_is_no_network_is_named(tmp_path, content):
    path = tmp_path / "yunet.onnx"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(
        InputError, match=r"yunet\.onnx (is not there|cannot be read as an ONNX network .*); give the ONNX"
    ):
        YuNet(str(path))


def test_another_network_is_named(yunet, tmp_path):
    path = tmp_path / "other.onnx"
    path.write_bytes(yunet.read_bytes().replace(b"kps_16", b"kps_61"))
    with pytest.raises(InputError, match=r"other\.onnx is not YuNet"):
        YuNet(str(path)).find(squares())

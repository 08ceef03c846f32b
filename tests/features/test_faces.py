import cv2
import numpy as np
import pytest

from kerasemo.errors import BrokenClip
from kerasemo.features import faces
from kerasemo.features.faces import Faces, find_face
from kerasemo.features.frames import scale_to

SKIN, HAIR, BROWS = (224, 180, 150), (50, 35, 25), (70, 45, 30)
EYES, PUPILS, RIDGE = (110, 80, 70), (20, 15, 15), (240, 200, 170)
NOSTRILS, MOUTH = (150, 105, 90), (150, 60, 60)


def draw_face(picture, x, y, radius):
    """Draw a face about a point; plain as it is, the cascade takes it for one."""

    def ellipse(across, down, width, height, colour):
        centre = x + round(across * radius), y + round(down * radius)
        cv2.ellipse(picture, centre, (round(width * radius), round(height * radius)), 0, 0, 360, colour, -1)

    ellipse(0, 0, 0.8, 1, SKIN)
    ellipse(0, -0.8, 0.75, 0.3, HAIR)
    for side in (-0.33, 0.33):
        ellipse(side, -0.31, 0.2, 0.05, BROWS)
        ellipse(side, -0.15, 0.18, 0.09, EYES)
        ellipse(side, -0.15, 0.08, 0.08, PUPILS)
    ellipse(0, 0.05, 0.06, 0.15, RIDGE)
    ellipse(0, 0.25, 0.14, 0.06, NOSTRILS)
    ellipse(0, 0.52, 0.3, 0.1, MOUTH)


def picture_of(*drawn, height=240, width=320):
    """A grey picture with a face for each (x, y, radius)."""
    picture = np.full((height, width, 3), 90, np.uint8)
    for face in drawn:
        draw_face(picture, *face)
    return cv2.GaussianBlur(picture, (0, 0), 2)


def middle(box):
    left, top, width, height = box
    return left + width / 2, top + height / 2


@pytest.mark.parametrize("scale", [1, 3])
def test_a_face_is_found_where_it_is_whatever_the_size_of_the_picture(scale):
    picture = picture_of((100 * scale, 130 * scale, 60 * scale), height=240 * scale, width=320 * scale)
    box = find_face(picture)
    np.testing.assert_allclose(np.array(middle(box)) / scale, (100, 130), atol=12)
    assert 80 < box[2] / scale < 150


def test_the_largest_of_two_faces_counts():
    np.testing.assert_allclose(middle(find_face(picture_of((70, 120, 35), (220, 120, 70)))), (220, 120), atol=15)
    np.testing.assert_allclose(middle(find_face(picture_of((100, 120, 70), (260, 120, 35)))), (100, 120), atol=15)


def test_a_picture_without_a_face_has_none():
    assert find_face(picture_of()) is None


def test_images_are_cropped_to_the_face(media, tmp_path):
    picture = picture_of((220, 130, 60))
    images = Faces().extract(media.write_video(tmp_path / "a.mp4", [picture] * 7))
    assert images.dtype == np.uint8
    assert images.shape == (2, 64, 128, 3)
    left, top, width, height = find_face(picture)
    margin = round(0.2 * width)
    crop = picture[max(top - margin, 0) : top + height + margin, left - margin : left + width + margin]
    expected = scale_to(crop, 64, 64)
    for half in (images[0][:, :64], images[1][:, 64:]):
        # The find may move by a pixel or two in the compressed picture.
        assert np.abs(half.astype(int) - expected).mean() < 6


def test_one_box_serves_both_frames_and_a_pair_without_a_face_is_left_out(media, tmp_path, monkeypatch):
    """Frame k has the grey 20 k; the stand-in finds faces in frames 5 and 11 alone, at different places."""
    path = media.write_video(tmp_path / "a.mp4", media.grey_pictures(range(0, 240, 20)))
    boxes = {5: (8, 8, 16, 16), 11: (32, 16, 24, 24)}
    monkeypatch.setattr(faces, "find_face", lambda picture: boxes.get(round(float(picture.mean()) / 20)))
    crops = []
    monkeypatch.setattr(
        Faces, "_crop", lambda self, picture, box: crops.append((round(float(picture.mean()) / 20), box)) or picture
    )
    images = Faces(height=8, width=8).extract(path)
    assert crops == [(5, boxes[5]), (6, boxes[5]), (10, boxes[11]), (11, boxes[11])]
    np.testing.assert_allclose(images[:, 0, [0, 8], 0], [[100, 120], [200, 220]], atol=3)


@pytest.mark.parametrize(
    ("margin", "box", "rows", "columns"),
    [
        (0.0, (10, 20, 8, 8), (20, 28), (10, 18)),
        (0.5, (10, 20, 8, 8), (16, 32), (6, 22)),
        (0.5, (0, 2, 8, 8), (0, 14), (0, 12)),
    ],
)
def test_the_margin_is_added_on_each_side_within_the_picture(margin, box, rows, columns):
    picture = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
    crop = Faces(margin=margin)._crop(picture, box)
    np.testing.assert_array_equal(crop, picture[slice(*rows), slice(*columns)])


def test_a_video_without_a_face_is_broken(media, tmp_path):
    path = media.write_video(tmp_path / "a.mp4", media.grey_pictures([90] * 5))
    with pytest.raises(BrokenClip, match=r"a\.mp4 has no face found in any frame"):
        Faces().extract(path)

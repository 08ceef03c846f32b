import numpy as np
import pytest

from kerasemo.errors import BrokenClip
from kerasemo.features import face_pairs
from kerasemo.features.face_finder import find_face
from kerasemo.features.face_pairs import FacePairs
from kerasemo.features.frames import scale_to


def test_images_are_cropped_to_the_face(media, tmp_path):
    picture = media.picture_of((220, 130, 60))
    images = FacePairs().extract(media.write_video(tmp_path / "a.mp4", [picture] * 7))
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
    monkeypatch.setattr(face_pairs, "find_face", lambda picture: boxes.get(round(float(picture.mean()) / 20)))
    crops = []
    monkeypatch.setattr(
        FacePairs, "_crop", lambda self, picture, box: crops.append((round(float(picture.mean()) / 20), box)) or picture
    )
    images = FacePairs(height=8, width=8).extract(path)
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
    crop = FacePairs(margin=margin)._crop(picture, box)
    np.testing.assert_array_equal(crop, picture[slice(*rows), slice(*columns)])


def test_a_video_without_a_face_is_broken(media, tmp_path):
    path = media.write_video(tmp_path / "a.mp4", media.grey_pictures([90] * 5))
    with pytest.raises(BrokenClip, match=r"a\.mp4 has no face found in any frame"):
        FacePairs().extract(path)

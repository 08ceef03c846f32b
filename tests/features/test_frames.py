import numpy as np
import pytest

from kerasemo.errors import BrokenClip
from kerasemo.features.frames import Frames, scale_to


def test_two_consecutive_frames_stand_side_by_side_every_half_second(media, tmp_path):
    path = media.write_video(tmp_path / "a.mp4", media.grey_pictures(range(0, 130, 10)))
    images = Frames(height=16, width=24).extract(path)
    assert images.dtype == np.uint8
    assert images.shape == (3, 16, 48, 3)
    halves = images.reshape(3, 16, 2, 24, 3).mean(axis=(1, 3, 4))
    np.testing.assert_allclose(halves, [[0, 10], [50, 60], [100, 110]], atol=2)


def test_a_clip_of_3_7_seconds_gives_eight_images_of_64_by_128(media, tmp_path):
    path = media.write_video(tmp_path / "a.mp4", media.grey_pictures([0] * 37))
    assert Frames().extract(path).shape == (8, 64, 128, 3)


def test_a_part_gives_the_images_of_that_part(media, tmp_path):
    path = media.write_video(tmp_path / "a.mp4", media.grey_pictures(range(0, 130, 10)))
    images = Frames(height=8, width=8).extract(path, 0.3, 0.9)
    np.testing.assert_allclose(images[:, 0, [0, 8], 0], [[30, 40], [80, 80]], atol=4)


def test_a_video_of_one_frame_shows_it_twice(media, tmp_path):
    [image] = Frames().extract(media.write_video(tmp_path / "a.mp4", media.grey_pictures([120])))
    np.testing.assert_array_equal(image[:, :64], image[:, 64:])
    np.testing.assert_allclose(image, 120, atol=2)


def test_a_file_without_video_is_broken(media, tmp_path):
    with pytest.raises(BrokenClip, match="has no video stream"):
        Frames().extract(media.write_video(tmp_path / "a.mp4", samples=media.tone()))


@pytest.mark.parametrize(
    ("rows", "columns", "height", "width", "kept"),
    [
        (4, 8, 4, 4, np.s_[:, 2:6]),
        (8, 4, 4, 4, np.s_[2:6]),
        (4, 8, 4, 8, np.s_[:]),
        (8, 8, 4, 8, np.s_[2:6]),
        (8, 8, 8, 4, np.s_[:, 2:6]),
    ],
)
def test_the_middle_is_kept_in_the_aspect_asked_for(rows, columns, height, width, kept):
    picture = np.random.default_rng(0).integers(0, 256, (rows, columns, 3), np.uint8)
    np.testing.assert_array_equal(scale_to(picture, height, width), picture[kept])


def test_scaling_is_by_area():
    picture = np.random.default_rng(0).integers(0, 256, (8, 12, 3), np.uint8)
    means = picture.reshape(4, 2, 6, 2, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(scale_to(picture, 4, 6), means, atol=0.5)


def test_a_sliver_is_scaled_too():
    assert scale_to(np.full((1, 500, 3), 7, np.uint8), 64, 64).tolist() == np.full((64, 64, 3), 7).tolist()

"""The last seconds of a recording as a file."""

import cv2
import numpy as np
import pytest

from kerasemo.features.media import read_audio, read_frames
from kerasemo.serving.window import LastWindow, as_matroska

RATE, FRAME_RATE = 8000, 10


def picture(number: int) -> bytes:
    return cv2.imencode(".jpg", np.full((48, 64, 3), 4 * number, np.uint8))[1].tobytes()


def recorded(media: list[str], seconds: int) -> LastWindow:
    """Sound whose samples are their number divided by 8, and pictures that become brighter; windows of two seconds."""
    window = LastWindow(media, RATE, FRAME_RATE, window_s=2, every_s=0.5)
    for number in range(seconds * FRAME_RATE):
        block = np.arange(number * 800, (number + 1) * 800) // 8
        if "audio" in media:
            window.add_sound(block.astype("<i2").tobytes())
        if "video" in media:
            window.add_picture(picture(number))
    return window


@pytest.mark.parametrize("media", [["audio", "video"], ["video"], ["audio"]])
def test_the_file_has_the_last_seconds(tmp_path, media):
    window = recorded(media, seconds=5)
    name, content = window.due()
    assert window.time_s == 5 and window.due() is None
    path = tmp_path / name
    path.write_bytes(content)
    if "audio" in media:
        samples, rate = read_audio(path)
        assert rate == RATE
        np.testing.assert_array_equal(np.round(samples * 32_768), np.arange(24_000, 40_000) // 8)
    if "video" in media:
        times, groups = zip(*read_frames(path, 1 / FRAME_RATE, 1), strict=True)
        np.testing.assert_allclose(times, np.arange(20) / FRAME_RATE, atol=1e-3)
        assert [round(frame.mean() / 4) for (frame,) in groups] == list(range(30, 50))


def test_pictures_before_the_sound_are_left_out_and_the_first_ones_may_be_missing(tmp_path):
    sound = bytes(2 * RATE)
    for first, times in ((-2, [0, 0.1]), (3, [0.3, 0.4, 0.5, 0.6])):
        (tmp_path / "a.mkv").write_bytes(as_matroska(sound, RATE, [picture(n) for n in range(4)], FRAME_RATE, first))
        found = [time_s for time_s, _ in read_frames(tmp_path / "a.mkv", 1 / FRAME_RATE, 1)]
        np.testing.assert_allclose(found, times, atol=1e-3)


def test_less_than_a_window_is_kept_whole_and_the_next_is_due_after_the_step():
    window = recorded(["audio"], seconds=1)
    assert len(window.due()[1]) == 44 + 2 * RATE
    window.add_sound(bytes(RATE - 2))
    assert window.due() is None
    window.add_sound(bytes(2))
    assert len(window.due()[1]) == 44 + 3 * RATE

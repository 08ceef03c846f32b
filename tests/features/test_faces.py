from fractions import Fraction

import av
import cv2
import numpy as np
import pandas as pd
import pytest

from kerasemo.errors import BrokenClip, InputError
from kerasemo.features import faces
from kerasemo.features.face_finder import Face
from kerasemo.features.faces import Faces
from kerasemo.features.store import FeatureStore

LEFT_EYE, RIGHT_EYE = (0.3, 0.385), (0.7, 0.385)


@pytest.fixture
def seen(monkeypatch):
    """The grey of each frame that is searched, in tens; those of `with_face` have one, cut out as the whole frame."""

    def stand_in(*with_face):
        def find_face(picture):
            looked.append(round(float(picture.mean()) / 10))
            return (0, 0, *picture.shape[1::-1]) if looked[-1] in with_face else None

        looked = []
        monkeypatch.setattr(faces, "find_face", find_face)
        monkeypatch.setattr(faces, "find_eyes", lambda picture, box: None)
        return looked

    return stand_in


def grey(picture):
    return round(float(picture.mean()) / 10)


@pytest.mark.parametrize(
    ("with_face", "taken"),
    [
        ([5], 5),
        (range(11), 5),
        ([3, 8], 3),
        ([2, 7], 7),
        ([2, 8], 8),
        ([0], 0),
        ([10], 10),
        ([0, 1, 9, 10], 9),
    ],
)
def test_the_frame_nearest_to_the_middle_is_taken(media, tmp_path, seen, with_face, taken):
    """Of two as near, the later."""
    path = media.write_video(tmp_path / "a.mp4", media.grey_pictures(range(0, 110, 10)))
    seen(*with_face)
    assert grey(Faces().extract(path)) == taken


@pytest.mark.parametrize(("levels", "middle"), [(range(0, 110, 10), 5), (range(0, 120, 10), 6)])
def test_the_search_ends_in_the_middle_where_a_face_is_there(media, tmp_path, seen, levels, middle):
    looked = seen(*range(12))
    Faces().extract(media.write_video(tmp_path / "a.mp4", media.grey_pictures(levels)))
    assert looked == [middle]


def test_frames_farther_than_one_with_a_face_are_not_searched(media, tmp_path, seen):
    looked = seen(7)
    Faces().extract(media.write_video(tmp_path / "a.mp4", media.grey_pictures(range(0, 110, 10))))
    assert looked == [5, 6, 7, 4]


def test_a_part_of_a_file_has_its_own_middle(media, tmp_path, seen):
    path = media.write_video(tmp_path / "a.mp4", media.grey_pictures(range(0, 210, 10)))
    looked = seen(*range(21))
    for span, middle in [((0.2, 1.1), 6), ((1.0, None), 15), ((None, 0.5), 2), ((1.5, 9.0), 18)]:
        assert grey(Faces().extract(path, *span)) == middle
    assert looked == [6, 15, 2, 18]
    seen(3, 14)
    with pytest.raises(BrokenClip, match="no face found"):
        Faces().extract(path, 0.4, 1.35)


@pytest.mark.parametrize("fps", [2, 15, Fraction(30000, 1001)])
def test_any_frame_rate_will_do(media, tmp_path, seen, fps):
    path = media.write_video(tmp_path / "a.mp4", media.grey_pictures(range(0, 250, 10)), fps=fps)
    seen(12)
    assert grey(Faces().extract(path)) == 12
    seen(0)
    assert grey(Faces(step_s=1 / 30).extract(path)) == 0


def test_a_video_of_one_frame_is_its_own_middle(media, tmp_path, seen):
    looked = seen(9)
    path = media.write_video(tmp_path / "a.mp4", media.grey_pictures([90]), samples=media.tone(2.0))
    assert grey(Faces().extract(path)) == 9
    assert looked == [9]
    seen()
    with pytest.raises(BrokenClip, match="no face found"):
        Faces().extract(path)


def test_a_file_that_does_not_know_its_length_has_a_middle(media, tmp_path, seen):
    path = tmp_path / "a.mkv"
    with path.open("wb") as file:

        class Pipe:
            write = staticmethod(file.write)

        with av.open(Pipe(), "w", format="matroska") as container:
            video = container.add_stream("mpeg4", rate=10)
            video.height, video.width, video.pix_fmt = 48, 64, "yuv420p"
            for picture in media.grey_pictures(range(0, 110, 10)):
                container.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            container.mux(video.encode(None))
    with av.open(str(path)) as container:
        assert container.duration is None
    looked = seen(*range(12))
    assert grey(Faces().extract(path)) == 5 and looked == [5]


@pytest.mark.parametrize(("margin", "size"), [(0.0, 100), (0.25, 60)])
@pytest.mark.parametrize("eyes", [[(40, 60), (80, 60)], [(60, 52), (90, 70)], [(150, 90), (162, 84)]])
def test_eyes_come_to_stand_where_an_upright_face_has_them(monkeypatch, media, tmp_path, eyes, margin, size):
    """Two bright dots for the eyes, whose middles are measured in the picture that comes out."""
    y, x = np.mgrid[:160, :200] + 0.5
    dots = sum(np.exp(-((x - across) ** 2 + (y - down) ** 2) / 18) for across, down in eyes)
    picture = np.repeat((200 * np.minimum(dots, 1))[:, :, None], 3, axis=2).astype(np.uint8)
    monkeypatch.setattr(faces, "find_face", lambda picture: (0, 0, 100, 100))
    monkeypatch.setattr(faces, "find_eyes", lambda picture, box: np.array(eyes, float))
    aligned = Faces(size=size, margin=margin).extract(media.write_video(tmp_path / "a.mp4", [picture]))[0, :, :, 0]
    y, x = np.mgrid[:size, :size] + 0.5
    for half, (across, down) in ((x < size / 2, LEFT_EYE), (x >= size / 2, RIGHT_EYE)):
        weight = np.where(half & (aligned > 60), aligned.astype(float), 0)
        middle = np.array([(weight * x).sum(), (weight * y).sum()]) / weight.sum()
        expected = (np.array([across, down]) + margin) / (1 + 2 * margin) * size
        np.testing.assert_allclose(middle, expected, atol=0.4)


def test_a_face_without_eyes_is_cut_out_upright(monkeypatch):
    picture = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    cut = Faces(size=32)._normalise(picture, Face((10, 20, 32, 32), None))[0, :, :, 0]
    np.testing.assert_array_equal(cut, grey[20:52, 10:42])
    halved = Faces(size=16)._normalise(picture, Face((10, 20, 32, 32), None))[0, :, :, 0]
    np.testing.assert_allclose(halved, grey[20:52, 10:42].reshape(16, 2, 16, 2).mean(axis=(1, 3)), atol=0.6)
    with_margin = Faces(size=48, margin=0.25)._normalise(picture, Face((10, 20, 32, 32), None))[0, :, :, 0]
    np.testing.assert_array_equal(with_margin, grey[12:60, 2:50])
    beyond = Faces(size=32)._normalise(picture, Face((-8, 40, 32, 32), None))[0, :, :, 0]
    np.testing.assert_array_equal(beyond[:20, 8:], grey[40:60, :24])
    np.testing.assert_array_equal(beyond[:20, 0], grey[40:60, 0])


def test_a_tilted_face_is_set_upright(media, tmp_path):
    upright = media.picture_of((160, 120, 70))
    turn = cv2.getRotationMatrix2D((160, 120), 12, 1)
    tilted = cv2.warpAffine(upright, turn, (320, 240), borderMode=cv2.BORDER_REPLICATE)
    aligned, set_upright = (
        Faces().extract(media.write_video(tmp_path / f"{name}.mp4", [picture])).astype(float)
        for name, picture in (("upright", upright), ("tilted", tilted))
    )
    assert aligned.shape == (1, 128, 128, 1)
    assert np.corrcoef(aligned.ravel(), set_upright.ravel())[0, 1] > 0.95


def test_the_largest_of_several_faces_is_taken(media, tmp_path):
    both, one = media.picture_of((70, 120, 35), (220, 120, 70)), media.picture_of((220, 120, 70))
    of_both, of_one = (
        Faces().extract(media.write_video(tmp_path / f"{name}.mp4", [picture]))
        for name, picture in (("both", both), ("one", one))
    )
    assert of_both.dtype == np.uint8
    assert np.abs(of_both.astype(int) - of_one).mean() < 3


def test_yunet_finds_the_face_where_its_file_is_given(media, tmp_path, yunet):
    """Its eyes are a square's, .1 within its sides: the square becomes half as wide as the picture."""
    picture = np.zeros((240, 320, 3), np.uint8)
    picture[64:96, 96:128] = 255
    path = media.write_video(tmp_path / "a.mp4", [picture])
    aligned = Faces(size=100, detector=str(yunet)).extract(path)[0, :, :, 0]
    rows, columns = np.flatnonzero(aligned[:, 50] > 127), np.flatnonzero(aligned[40] > 127)
    np.testing.assert_allclose([columns[0], columns[-1] + 1], [25, 75], atol=1)
    np.testing.assert_allclose([rows[0], rows[-1] + 1], [38.5 - 15, 38.5 + 35], atol=1)
    with pytest.raises(BrokenClip, match="no face found"):
        Faces().extract(path)


def test_the_detectors_content_is_part_of_the_configuration(tmp_path, yunet):
    feature_set = Faces(detector=str(yunet))
    assert len(feature_set.digest) == 40 and Faces(**(vars(feature_set))) == feature_set
    with pytest.raises(InputError, match="is another file than before; give that, or extract anew"):
        Faces(detector=str(yunet), digest="0" * 40)
    with pytest.raises(InputError, match=r"absent\.onnx is not there"):
        Faces(detector=str(tmp_path / "absent.onnx"))


def test_what_has_no_face_is_set_aside_with_its_reason(media, tmp_path):
    media.write_video(tmp_path / "empty.mp4", media.grey_pictures([90] * 5))
    media.write_wav(tmp_path / "sound.wav")
    media.write_video(tmp_path / "face.mp4", [media.picture_of((160, 120, 70))] * 3, samples=media.tone())
    (tmp_path / "cut.mp4").write_bytes((tmp_path / "face.mp4").read_bytes()[:2000])
    names = ["empty.mp4", "sound.wav", "face.mp4", "cut.mp4"]
    table = pd.DataFrame({"clip": names, "video": names, "start_s": np.nan, "end_s": np.nan})
    extraction = FeatureStore(tmp_path / "cache").extract(table, tmp_path, Faces(), max_bad=0.8)
    assert list(extraction.features) == ["face.mp4"]
    reasons = extraction.set_aside.set_index("clip")["reason"]
    assert "has no face found in any frame" in reasons["empty.mp4"]
    assert "has no video stream" in reasons["sound.wav"]
    assert "is truncated" in reasons["cut.mp4"]

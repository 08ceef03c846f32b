from pathlib import Path

import cv2
import numpy as np
import pytest

from kerasemo.corpora.synthetic.expression import expression_of
from kerasemo.corpora.synthetic.face import draw_features
from kerasemo.corpora.synthetic.portrait import draw_looks, draw_portrait
from kerasemo.errors import BrokenClip
from kerasemo.features import FaceVideo, FeatureStore

TRACK = FaceVideo(crop="track")


def portrait(gender, seed, rows=160):
    """A person whose face is in the middle of a picture three halves as wide as high."""
    rng = np.random.default_rng(seed)
    looks = draw_looks(gender, rng)
    canvas, _ = draw_portrait(looks, rng)
    draw_features(canvas, looks, expression_of("neutral", 1), opening=0.0, blink=0.0)
    return cv2.resize(canvas[:480], (rows * 3 // 2, rows), interpolation=cv2.INTER_AREA)


WOMAN, MAN = portrait("female", 1), portrait("male", 2)


def couple(top=80, left=0, shape=(320, 480)):
    """Both on black, in two panels of 160 x 240 side by side."""
    picture = np.zeros((*shape, 3), np.uint8)
    both = np.hstack([WOMAN, MAN])
    part = picture[max(top, 0) : top + 160, max(left, 0) : left + 480]
    part[:] = both[max(-top, 0) :, max(-left, 0) :][: part.shape[0], : part.shape[1]]
    return picture


def write(media, path, picture, n_frames=30, fps=30):
    return media.write_video(path, [picture] * n_frames, fps=fps)


def is_of(frame, person):
    """Whether a frame shows a person rather than the other: the background's colour tells."""
    distance = {}
    for name, picture in (("woman", WOMAN), ("man", MAN)):
        distance[name] = np.abs(frame[5, 5].astype(int) - picture[40, 40].astype(int)).sum()
    return min(distance, key=distance.get) == person


def test_the_fixed_crop_is_the_authors(media, tmp_path):
    picture = np.zeros((480, 720, 3), np.uint8)
    picture[:, :360, 0], picture[:, 360:, 2] = 200, 200
    picture[128:352, 87:311], picture[128:352, 438:662] = 90, 160
    path = write(media, tmp_path / "a.avi", picture)
    for gender, level in (("female", 90), ("male", 160)):
        frames = FaceVideo().extract(path, gender=gender)
        assert frames.dtype == np.uint8 and frames.shape == (25, 96, 96, 3)
        np.testing.assert_allclose(frames[:, 4:-4, 4:-4].mean(axis=(1, 2, 3)), level, atol=2)
        outside = np.abs(frames[:, 48, [0, -1]].astype(int) - level).max()
        assert outside < 80  # two columns more would be red or blue


def test_twenty_five_frames_a_second_from_any_rate(media, tmp_path):
    levels = np.arange(0, 240, 12)
    for fps, expected in ((30, 17), (50, 10), (25, 20), (10, 50)):
        path = media.write_video(tmp_path / f"{fps}.avi", media.grey_pictures(levels, 480, 720), fps=fps)
        frames = FaceVideo(size=8).extract(path, gender="male")
        assert expected - 3 < len(frames) <= expected
        rows = np.arange(len(frames))
        # The first frame at or after the row's time; of slow videos, the last one that began before the row ended.
        shown = np.ceil(rows * fps / 25) if fps >= 25 else np.ceil((rows + 1) * fps / 25) - 1
        np.testing.assert_allclose(frames.mean(axis=(1, 2, 3)), levels[shown.astype(int)], atol=5)


def test_a_part_has_as_many_frames_as_whole_steps_of_time(media, tmp_path):
    path = media.write_video(tmp_path / "a.avi", media.grey_pictures(np.arange(0, 240, 2), 480, 720), fps=30)
    frames = FaceVideo(size=8).extract(path, 1.0, 2.57, "female")
    assert len(frames) == 39
    np.testing.assert_allclose(frames[[0, 25]].mean(axis=(1, 2, 3)), [60, 120], atol=5)
    assert len(FaceVideo(size=8, longest_s=0.5).extract(path, 1.0, 2.57, "female")) == 12
    assert len(FaceVideo(size=8, longest_s=0.5).extract(path, gender="female")) == 12


def test_a_video_that_ends_before_the_turn_is_broken(media, tmp_path):
    path = media.write_video(tmp_path / "a.avi", media.grey_pictures([90] * 60, 480, 720), fps=30)
    assert len(FaceVideo(size=8).extract(path, 1.0, 2.1, "female")) == 27  # a frame or two less are the rule
    with pytest.raises(BrokenClip, match=r"a\.avi ends 0\.\d\d s too early for a clip that goes on to 2\.5 s\.$"):
        FaceVideo(size=8).extract(path, 1.0, 2.5, "female")
    with pytest.raises(BrokenClip, match=r"holds no frames from 3 s on"):
        FaceVideo(size=8).extract(path, 3.0, 4.0, "female")


def test_what_the_fixed_crop_needs_is_said(media, tmp_path):
    path = write(media, tmp_path / "a.avi", couple())
    with pytest.raises(BrokenClip, match="needs the speaker's gender"):
        FaceVideo().extract(path)
    with pytest.raises(BrokenClip, match="is 480 x 320 pixels, too small for the fixed crop; track the face"):
        FaceVideo().extract(path, gender="male")


@pytest.mark.parametrize(("top", "left"), [(80, 0), (0, 0), (160, 0), (80, -60), (80, 60)])
def test_the_speakers_face_is_found_between_bars_and_beside_its_place(media, tmp_path, top, left):
    path = write(media, tmp_path / "a.avi", couple(top, left), n_frames=8)
    for gender, person in (("female", "woman"), ("male", "man")):
        frames = TRACK.extract(path, gender=gender)
        assert frames.shape == (6, 96, 96, 3) and frames.dtype == np.uint8
        for frame in frames:
            assert is_of(frame, person)


def test_a_face_that_moves_stays_in_the_middle(media, tmp_path):
    pictures = []
    for shift in range(0, 120, 2):
        picture = np.full((240, 480, 3), WOMAN[5, 5], np.uint8)
        picture[40:200, shift : shift + 240] = WOMAN
        pictures.append(picture)
    path = media.write_video(tmp_path / "a.avi", pictures, fps=30)
    frames = TRACK.extract(path, gender="female").astype(int)
    still = TRACK.extract(path, 0.0, 0.2, "female").astype(int)[0]
    assert np.abs(frames - still).mean(axis=(1, 2, 3)).max() < 12
    # Were the first place kept, the face would leave it.
    assert np.abs(pictures[0].astype(int) - pictures[-1]).mean() > 12


def test_one_person_in_the_middle_is_the_speaker(media, tmp_path):
    path = write(media, tmp_path / "a.avi", MAN, n_frames=5)
    expected = TRACK.extract(path)
    for gender in ("female", "male"):
        np.testing.assert_array_equal(TRACK.extract(path, gender=gender), expected)


def test_no_face_is_broken(media, tmp_path):
    grey = media.write_video(tmp_path / "a.avi", media.grey_pictures([90] * 5, 320, 480))
    with pytest.raises(BrokenClip, match=r"a\.avi has no face found in any frame"):
        TRACK.extract(grey, gender="female")
    alone = couple()
    alone[:, :240] = 30
    path = write(media, tmp_path / "b.avi", alone, n_frames=5)
    assert len(TRACK.extract(path, gender="male"))
    with pytest.raises(BrokenClip, match=r"b\.avi has no face found on the left, where the female speaker is"):
        TRACK.extract(path, gender="female")


def test_arrays_may_stay_on_disk(media, tmp_path):
    write(media, tmp_path / "a.avi", couple(), n_frames=8)
    manifest = media.audio_manifest(tmp_path).reindex([0, 1])
    manifest = manifest.assign(clip=["her", "him"], video="a.avi", speaker=["f", "m"], gender=["female", "male"])
    store = FeatureStore(tmp_path / "store")
    for _ in range(2):
        features = store.extract(manifest, tmp_path, TRACK, in_memory=False).features
        for clip, gender in zip(manifest["clip"], manifest["gender"], strict=True):
            assert isinstance(features[clip], np.memmap) and not features[clip].flags.writeable
            np.testing.assert_array_equal(features[clip], TRACK.extract(tmp_path / "a.avi", gender=gender))
    with Path(features["her"].filename).open("r+b") as entry:
        entry.truncate(500)
    again = store.extract(manifest, tmp_path, TRACK, in_memory=False).features
    np.testing.assert_array_equal(again["her"], TRACK.extract(tmp_path / "a.avi", gender="female"))

import numpy as np
import pytest

from kerasemo.corpora.synthetic.erasure import accuracy_ceiling, draw_shown


@pytest.mark.parametrize("audio_share", [0, 0.3, 0.5, 1])
@pytest.mark.parametrize("video_share", [0, 0.25, 0.6, 1])
def test_every_class_has_its_quota(audio_share, video_share):
    classes = ["a"] * 20 + ["b"] * 7 + ["c"]
    audio, video = draw_shown(classes, audio_share, video_share, np.random.default_rng(3))
    for name in "abc":
        own = np.array([label == name for label in classes])
        assert audio[own].sum() == np.floor(own.sum() * audio_share + 0.5)
        assert video[own].sum() == np.floor(own.sum() * video_share + 0.5)


def test_modalities_are_erased_independently():
    audio, video = draw_shown(["a"] * 40, 0.25, 0.6, np.random.default_rng(0))
    assert (audio & video).sum() == 6
    assert (~audio & ~video).sum() == 12


def test_chance_decides_which_clips_are_shown():
    first, _ = draw_shown(["a"] * 40, 0.5, 0.5, np.random.default_rng(0))
    again, _ = draw_shown(["a"] * 40, 0.5, 0.5, np.random.default_rng(0))
    other, _ = draw_shown(["a"] * 40, 0.5, 0.5, np.random.default_rng(1))
    assert (first == again).all()
    assert (first != other).any()


def test_ceiling_is_what_a_perfect_observer_reaches():
    classes = [name for name in "abcd" for _ in range(20)]
    audio, video = draw_shown(classes, 0.4, 0.75, np.random.default_rng(0))
    reached = {
        name: np.where(seen, 1, 1 / 4).mean()
        for name, seen in {"audio": audio, "video": video, "joint": audio | video}.items()
    }
    assert accuracy_ceiling(0.4, 0.75, n_classes=4) == pytest.approx(reached, abs=1e-12)


@pytest.mark.parametrize(("share", "ceiling"), [(0, 1 / 8), (1, 1)])
def test_ceiling_runs_from_chance_to_one(share, ceiling):
    assert accuracy_ceiling(share, share) == pytest.approx(dict.fromkeys(["audio", "video", "joint"], ceiling))

import cv2
import numpy as np
import pytest
from scipy.stats import binom
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict
from threadpoolctl import threadpool_limits

from kerasemo.corpora.synthetic.expression import EXPRESSIONS
from kerasemo.corpora.synthetic.face import ONSET_S, film
from kerasemo.corpora.synthetic.portrait import draw_looks

ACTORS = range(1, 9)
FRAME_RATE = 5


def shoot(emotion, *, intensity=2, actor=1, seed=0, opening=(0.0, 0.3, 0.6, 0.0), **how):
    looks = draw_looks("male" if actor % 2 else "female", np.random.default_rng([0, actor]))
    rng = np.random.default_rng([actor, seed])
    return list(film(emotion, intensity, looks, np.array(opening), rng, frame_rate=FRAME_RATE, **how))


@pytest.fixture(scope="module")
def films():
    """The frames of each emotion by each of eight actors, half of them at each intensity."""
    return {
        (actor, emotion): shoot(emotion, intensity=1 + actor // 2 % 2, actor=actor, seed=label)
        for actor in ACTORS
        for label, emotion in enumerate(EXPRESSIONS)
    }


@pytest.mark.parametrize("size", [(320, 240), (160, 160), (640, 360)])
def test_frames_have_the_size_asked_for(size):
    frames = shoot("happy", size=size)
    assert len(frames) == 4
    assert all(frame.shape == (size[1], size[0], 3) and frame.dtype == np.uint8 for frame in frames)


def test_same_chance_gives_the_same_frames():
    np.testing.assert_array_equal(shoot("sad"), shoot("sad"))
    assert not np.array_equal(shoot("sad"), shoot("sad", seed=1))
    assert not np.array_equal(shoot("sad"), shoot("sad", actor=3))


def test_every_clip_starts_from_the_blank_face_and_leaves_it_at_once():
    blank = shoot(None)
    for emotion in EXPRESSIONS:
        frames = shoot(emotion)
        np.testing.assert_array_equal(frames[0], blank[0])
        assert not np.array_equal(frames[1], blank[1])


def test_expression_is_complete_after_its_onset():
    seen = shoot("surprised", opening=np.zeros(6))
    blank = shoot(None, opening=np.zeros(6))
    change = [np.abs(a.astype(float) - b).mean() for a, b in zip(seen, blank, strict=True)]
    onset = int(np.ceil(ONSET_S * FRAME_RATE))
    assert 0 == change[0] < change[1] < change[onset]
    np.testing.assert_allclose(change[onset], change[onset + 1], rtol=0.2)


def test_blank_face_hides_voice_and_intensity():
    np.testing.assert_array_equal(shoot(None, opening=[0, 0, 0]), shoot(None, opening=[1, 1, 1], intensity=1))


def test_mouth_opens_with_the_voice():
    shut, open_ = (shoot("neutral", opening=[0, 0, level])[2].astype(float) for level in (0, 1))
    changed = np.argwhere(np.abs(shut - open_).max(axis=2) > 20)
    assert len(changed) > 50
    assert changed[:, 0].min() > 140
    assert np.abs(changed[:, 1] - 160).max() < 60


def test_face_detector_finds_the_face(films):
    detector = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")
    frames = [frame for frames in films.values() for frame in frames[1::2]]
    grey = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in frames]
    found = [len(detector.detectMultiScale(frame, 1.1, 5, minSize=(90, 90))) == 1 for frame in grey]
    assert np.mean(found) > 0.95


def accuracy_across_actors(frames, actors, labels):
    """Of logistic regression on oriented gradients, each actor tested by a model of the others."""
    gradients = cv2.HOGDescriptor((48, 48), (16, 16), (8, 8), (8, 8), 9)
    crops = [cv2.resize(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)[50:220, 75:245], (48, 48)) for frame in frames]
    features = [gradients.compute(crop) for crop in crops]
    with threadpool_limits(1):
        predicted = cross_val_predict(
            LogisticRegression(max_iter=200), features, labels, groups=actors, cv=GroupKFold(4)
        )
    return np.mean(predicted == np.array(labels))


def test_emotions_are_learnable_across_actors(films):
    actors, labels = zip(*films, strict=True)
    assert accuracy_across_actors([frames[-1] for frames in films.values()], actors, labels) >= 0.7


def test_blank_faces_stay_at_chance():
    actors, labels = zip(*[(actor, label) for actor in ACTORS for label in EXPRESSIONS], strict=True)
    frames = [shoot(None, actor=actor, seed=index, opening=[0])[0] for index, actor in enumerate(actors)]
    chance = binom.ppf(0.999, len(frames), 1 / len(EXPRESSIONS)) / len(frames)
    assert accuracy_across_actors(frames, actors, labels) <= chance

import itertools

import cv2
import numpy as np
import pytest

from kerasemo.corpora.synthetic import films_scene
from kerasemo.corpora.synthetic.films_scene import FRAME_RATE, SIZE, draw_film, record, shoot
from kerasemo.features.face_finder import find_faces

FILMS = 8


@pytest.fixture(scope="module")
def films():
    return [draw_film(np.random.default_rng([0, number])) for number in range(FILMS)]


def pictures(film, scene, *, actor=0, seed=0, frames=30, only=None):
    shot = shoot(film, actor, scene, "angry", 2, np.zeros(frames), np.random.default_rng(seed))
    return list(itertools.islice(shot, only))


def difference(one, other):
    return np.abs(one.astype(int) - other).mean()


@pytest.mark.parametrize("scene", films_scene.WITH_FACE + films_scene.WITHOUT_FACE)
def test_pictures_have_their_size_and_follow_from_the_seed(films, scene):
    shot = pictures(films[0], scene, frames=4)
    assert len(shot) == 4
    assert all(picture.shape == (SIZE[1], SIZE[0], 3) and picture.dtype == np.uint8 for picture in shot)
    np.testing.assert_array_equal(shot, pictures(films[0], scene, frames=4))


def test_people_come_and_go(films):
    [empty] = pictures(films[0], "empty", only=1)
    enters, leaves = (pictures(films[0], scene, frames=80) for scene in ("enters", "leaves"))
    np.testing.assert_array_equal(enters[0], empty)
    np.testing.assert_array_equal(leaves[-1], empty)
    assert difference(enters[-1], empty) > 5 < difference(leaves[0], empty)
    there = [difference(picture, empty) > 1 for picture in enters]
    assert there == sorted(there)  # once there, for good


def test_half_of_those_who_come_or_go_are_away_in_the_middle():
    rng = np.random.default_rng(0)
    for scene in ("enters", "leaves"):
        away = [films_scene._moves(scene, 75, 1, rng)[37] > 0.5 for _ in range(400)]
        assert 0.35 < np.mean(away) < 0.65
    assert not films_scene._moves("stays", 75, 1, rng).any()


def test_clear_faces_are_found_and_the_others_are_not(films):
    """By the finder that the features take; of two people, who speaks is the larger."""
    for number, film in enumerate(films):
        found = {
            scene: find_faces(pictures(film, scene, actor=number % 2, seed=number, only=1)[0])
            for scene in ("stays", "two", "behind", "blurred", "empty")
        }
        assert [len(found[scene]) for scene in ("stays", "behind", "blurred", "empty")] == [1, 0, 0, 0]
        speaker, bystander = found["two"]
        assert 0.4 < bystander[2] / speaker[2] < 0.8


def test_what_is_out_of_focus_keeps_its_colours(films):
    [sharp], [blurred] = (pictures(films[1], scene, only=1) for scene in ("stays", "blurred"))
    coarse = [cv2.resize(picture, (4, 2), interpolation=cv2.INTER_AREA) for picture in (sharp, blurred)]
    assert difference(*coarse) < 8


def test_no_green_of_the_wall_is_left(films):
    for film in films:
        [picture], [empty] = (pictures(film, scene, only=1) for scene in ("stays", "empty"))
        greener = picture[:, :, 1].astype(int) - np.maximum(picture[:, :, 0], picture[:, :, 2])
        assert greener[difference_map(picture, empty) > 10].max() < 40


def difference_map(one, other):
    return np.abs(one.astype(int) - other).max(axis=2)


def test_a_film_is_known_by_its_look_and_its_room(films):
    """Of two clips of each actor of each film, the nearest to each is the other: what leaks where films are split."""
    looks, rooms = [], []
    for film, actor, seed in itertools.product(films, (0, 1), (1, 2)):
        [picture] = pictures(film, "stays", actor=actor, seed=seed, only=1)
        looks.append(cv2.resize(picture[:90], (8, 3), interpolation=cv2.INTER_AREA).astype(float).ravel())
        silence = record(film, actor, "sad", 2, np.random.default_rng(seed))[:14_400]
        power = np.abs(np.fft.rfft(silence.reshape(3, 4800) * np.hanning(4800))) ** 2
        rooms.append(10 * np.log10(power.mean(axis=0)[:120]))
    assert nearest_is_twin(looks) > 0.8
    # A room is the same for both actors.
    assert nearest_is_twin(rooms, clips=4) > 0.9


def nearest_is_twin(features, clips=2):
    features = np.array(features)
    distances = np.linalg.norm(features[:, None] - features, axis=2)
    np.fill_diagonal(distances, np.inf)
    return np.mean(distances.argmin(axis=1) // clips == np.arange(len(features)) // clips)


def test_a_recording_is_a_voice_in_a_room(films):
    loud, blank = (record(films[0], 0, emotion, 2, np.random.default_rng(1)) for emotion in ("angry", None))
    assert loud.dtype == np.float32 and 2.5 * 48_000 <= len(loud) <= 3.5 * 48_000
    assert loud.std() > 3 * blank.std()
    room = 10 * np.log10(np.mean(loud[:12_000].astype(float) ** 2))
    assert films[0].noise_db - 1 < room < max(films[0].noise_db, films[0].hum_db) + 4


def test_a_move_takes_less_than_half_a_second():
    away = films_scene._moves("enters", 80, 1, np.random.default_rng(0))
    assert 5 < ((away > 0) & (away < away.max())).sum() <= 0.5 * FRAME_RATE

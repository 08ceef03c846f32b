import numpy as np
import pytest

from kerasemo.features.face_track import choose_track

LEFT, RIGHT = (80, 100, 60, 60), (300, 110, 60, 60)
PICTURE = (0, 440)


def seen(*boxes, moments=10, every=5):
    return [(every * moment, list(boxes)) for moment in range(moments)]


def middle(box):
    return box[0] + box[2] / 2, box[1] + box[3] / 2


@pytest.mark.parametrize("shift", [-80, 0, 80])
def test_of_two_people_the_side_counts_wherever_the_picture_is(shift):
    boxes = [(left + shift, *rest) for left, *rest in (LEFT, RIGHT)]
    for side, box in zip(("left", "right"), boxes, strict=True):
        track = choose_track(seen(*boxes[::-1]), side, PICTURE)
        assert (track.centres == middle(box)).all() and track.width == 60
        assert track.rows.tolist() == list(range(0, 50, 5))


def test_who_is_alone_is_the_speaker_but_on_the_other_side():
    assert choose_track(seen(LEFT), "left", PICTURE) and choose_track(seen(RIGHT), "right", PICTURE)
    assert choose_track(seen(LEFT), "right", PICTURE) is None
    assert choose_track(seen(RIGHT), "left", PICTURE) is None
    for side in ("left", "right", None):
        assert choose_track(seen((190, 100, 60, 60)), side, PICTURE)
    # Beside a black bar of 200 columns the same place is in the middle of the picture.
    assert choose_track(seen(RIGHT), "left", (200, 440))


def test_without_a_side_the_largest_face_counts():
    track = choose_track(seen(LEFT, (300, 100, 70, 70)), None, PICTURE)
    assert track.width == 70


def test_mistakes_of_the_finder_do_not_count():
    found = seen(LEFT, RIGHT)
    found[3][1].append((400, 10, 40, 40))  # beside him, once
    found[4][1].append((85, 170, 60, 60))  # her collar, in one moment
    found[5] = (25, [(82, 300, 60, 60), RIGHT])  # not her at all
    assert (choose_track(found, "right", PICTURE).centres == middle(RIGHT)).all()
    track = choose_track(found, "left", PICTURE)
    assert (track.centres == middle(LEFT)).all() and 25 not in track.rows


def test_one_jump_is_steadied_and_moments_between_are_on_the_line():
    found = [
        (0, [(100, 100, 60, 60)]),
        (5, [(130, 100, 60, 60)]),
        (10, [(110, 100, 60, 60)]),
        (15, [(110, 90, 60, 60)]),
    ]
    track = choose_track(found, "left", PICTURE)
    assert track.centres[:, 0].tolist() == [130, 140, 140, 140]
    path = track.at(18)
    np.testing.assert_allclose(path[:6, 0], [130, 132, 134, 136, 138, 140])
    np.testing.assert_allclose(path[15:], [track.centres[-1]] * 3)


def test_a_face_that_jumps_far_is_still_one():
    track = choose_track([(0, [(100, 0, 60, 60)]), (5, [(100, 400, 60, 60)])], "left", PICTURE)
    assert track.centres.tolist() == [[130, 30], [130, 430]]


def test_nobody_gives_no_track():
    assert choose_track(seen(), "left", PICTURE) is None
    assert choose_track([], None, PICTURE) is None

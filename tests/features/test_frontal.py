import cv2
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.spatial.transform import Rotation

from kerasemo.features.face_finder import Face
from kerasemo.features.faces import Faces
from kerasemo.features.frontal import EYES, MEAN_FACE, Pose, pose_of, surface
from kerasemo.features.landmarks import Landmarks

SIDE = 240
POSES = [(0, 0, 0), (30, 0, 0), (-30, 10, 0), (0, -20, 25), (15, 15, -40)]


def posed(yaw, pitch, roll, scale=1.0, shift=(120.0, 110.0)):
    rotation = Rotation.from_euler("zxy", [roll, pitch, yaw], degrees=True).as_matrix()
    return Pose(scale, rotation[:2], np.array(shift))


@pytest.fixture
def landmarks_are(monkeypatch):
    """Faces that are told these landmarks instead of what a model says."""

    def told(landmarks, **parameters):
        faces = Faces(**parameters)
        object.__setattr__(faces, "landmarks", "model.dat")
        monkeypatch.setattr(Landmarks, "__post_init__", lambda self: None)
        monkeypatch.setattr(Landmarks, "find", lambda self, picture, box: landmarks)
        monkeypatch.setattr("kerasemo.features.faces.find_face", lambda picture: (0, 0, SIDE, SIDE))
        return faces

    return told


def test_the_mean_face_is_symmetric_and_in_order():
    assert np.isfinite(MEAN_FACE).all() and len(np.unique(MEAN_FACE, axis=0)) == 68
    mirrored = {tuple(place) for place in MEAN_FACE * [-1, 1, 1]}
    assert mirrored == {tuple(place) for place in MEAN_FACE}
    across = MEAN_FACE[:, 0]
    for run in (range(17), range(17, 27), range(31, 36), range(48, 55), range(60, 65)):
        assert (np.diff(across[list(run)]) > 0).all()
    assert (np.diff(MEAN_FACE[27:31, 1]) > 0).all()
    assert EYES[0][0] < 0 < EYES[1][0]


@pytest.mark.parametrize("angles", POSES)
def test_a_known_pose_is_found(angles):
    pose = posed(*angles, scale=1.7)
    found = pose_of(pose.project(MEAN_FACE))
    assert found.scale == pytest.approx(pose.scale)
    np.testing.assert_allclose(found.turn, pose.turn, atol=1e-9)
    np.testing.assert_allclose(found.shift, pose.shift, atol=1e-9)


def test_expressions_do_not_turn_the_head():
    """Brows, mouth and jaw may be anywhere."""
    pose = posed(20, 5, 0)
    landmarks = pose.project(MEAN_FACE)
    landmarks[[*range(2, 15), *range(17, 27), *range(48, 68)]] += [3, 12]
    np.testing.assert_allclose(pose_of(landmarks).turn, pose.turn, atol=1e-9)


def test_the_surface_passes_through_the_landmarks():
    depth = surface(400, 400, 2.0, -100.0, -60.0)[:, :, 2]
    inner = MEAN_FACE[17:]
    rows, columns = np.round(2 * (inner[:, 1] + 60) - 0.5), np.round(2 * (inner[:, 0] + 100) - 0.5)
    np.testing.assert_allclose(depth[rows.astype(int), columns.astype(int)], inner[:, 2], atol=2.5)
    np.testing.assert_allclose(depth, depth[:, ::-1], atol=1e-6)


@pytest.mark.parametrize("angles", POSES)
@pytest.mark.parametrize(("margin", "size"), [(0.0, 100), (0.25, 160)])
def test_dots_on_a_turned_face_come_to_stand_where_its_front_has_them(landmarks_are, angles, margin, size):
    pose = posed(*angles)
    seen = pose.project(MEAN_FACE)
    y, x = np.mgrid[:SIDE, :SIDE] + 0.5
    left_eye, right_eye = EYES
    scale = 0.4 * size / (1 + 2 * margin) / (right_eye - left_eye)[0]
    for landmark in (30, 36, 39, 42, 45, 48, 54, 57):
        across, down = seen[landmark]
        dot = 200 * np.exp(-((x - across) ** 2 + (y - down) ** 2) / 30)
        picture = np.repeat(dot[:, :, None], 3, axis=2).round().astype(np.uint8)
        faces = landmarks_are(seen, size=size, margin=margin)
        front = faces._normalise(picture, faces._largest(picture))[0, :, :, 0].astype(float)
        eye = (np.array([0.3, 0.385]) + margin) / (1 + 2 * margin) * size
        column, row = (eye + scale * (MEAN_FACE[landmark, :2] - left_eye)).astype(int)
        # 4 pixels of the picture away it would be 117.
        assert front[row, column] > 160


@pytest.mark.parametrize("yaw", [-25, 15])
def test_a_turned_face_comes_nearer_to_its_front_than_by_its_eyes_alone(landmarks_are, yaw):
    """Painted on a surface that is deeper than the mean face by a seventh."""
    rng = np.random.default_rng(0)
    paint = gaussian_filter(rng.normal(size=(720, 720)), 9).ravel()
    places = surface(720, 720, 4.0, -90.0, -60.0).reshape(-1, 3) * [1, 1, 8 / 7]
    pictures, landmarks = {}, {}
    for name, pose in (("front", posed(0, 0, 0)), ("turned", posed(yaw, 0, 0))):
        nearness = places @ np.cross(*pose.turn)
        order = np.argsort(nearness)
        across, down = np.clip(pose.project(places)[order].astype(int), 0, SIDE - 1).T
        seen = np.zeros((SIDE, SIDE))
        seen[down, across] = paint[order]
        grey = np.clip(128 + 40 * seen / paint.std(), 0, 255).astype(np.uint8)
        pictures[name] = cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB)
        landmarks[name] = pose.project(MEAN_FACE * [1, 1, 8 / 7])

    def alike(normalise):
        middle = (slice(40, 120), slice(40, 120))
        pair = [normalise(pictures[name], landmarks[name])[0][middle].astype(float).ravel() for name in pictures]
        return np.corrcoef(*pair)[0, 1]

    def frontalise(picture, seen):
        faces = landmarks_are(seen, size=160, margin=0.25)
        return faces._normalise(picture, faces._largest(picture))

    def align(picture, seen):
        eyes = np.array([seen[36:42].mean(axis=0), seen[42:48].mean(axis=0)])
        return Faces(size=160, margin=0.25)._normalise(picture, Face((0, 0, SIDE, SIDE), eyes))

    assert alike(frontalise) > alike(align) + 0.1
    assert alike(frontalise) > 0.8

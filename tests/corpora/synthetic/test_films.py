import hashlib
from fractions import Fraction

import av
import numpy as np
import pandas as pd
import pytest

from kerasemo.corpora import folder
from kerasemo.corpora.synthetic import SyntheticFilms, is_synthetic
from kerasemo.corpora.synthetic import films as writer
from kerasemo.errors import InputError

DEFAULTS = {"films": 8, "clips": 20, "lean": 0.4, "faceless": 0.1, "audio_share": 0.5, "video_share": 0.75, "seed": 0}


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    root = tmp_path_factory.mktemp("small") / "films"
    SyntheticFilms(films=2, clips=2, faceless=0.5, seed=5).write(root)
    return root


def plan(**parameters):
    return pd.DataFrame(map(vars, SyntheticFilms(**DEFAULTS | parameters)._plan()))


def test_the_folder_reader_knows_classes_and_films(small):
    table = folder.Folder().read(small).set_index("clip")
    truth = pd.read_csv(small / "truth.csv", index_col="clip")
    assert len(table) == 4 and table.index.tolist() == truth.index.tolist()
    assert table["emotion"].tolist() == truth["emotion"].tolist()
    assert table["speaker"].tolist() == table["source"].tolist() == truth["source"].tolist()
    assert truth["source"].value_counts().to_dict() == {"film_01": 2, "film_02": 2}
    assert sorted(truth["scene"])[:2] == ["behind", "blurred"]


def test_a_clip_is_h264_with_the_sound_of_its_pictures_length(small):
    for path in small.rglob("*.mp4"):
        with av.open(str(path)) as container:
            picture, sound = container.streams.video[0], container.streams.audio[0]
            assert (picture.codec_context.name, sound.codec_context.name) == ("h264", "aac")
            assert (picture.width, picture.height, picture.average_rate) == (480, 270, Fraction(25))
            heard = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(sound)])
            assert abs(len(heard) / 48_000 - picture.frames / 25) < 0.06
            assert 0.01 < heard.std() < 0.3


def test_a_file_does_not_depend_on_those_written_before(small, tmp_path):
    parameters = {"films": 2, "clips": 2, "faceless": 0.5, "audio_share": 1.0, "video_share": 1.0, "seed": 5}
    clips = SyntheticFilms(**DEFAULTS | parameters)._plan()
    for clip in clips[1:3]:
        (tmp_path / clip.emotion).mkdir(exist_ok=True)
        writer._perform(tmp_path, clip, seed=5)
    written = list(tmp_path.rglob("*.mp4"))
    assert len(written) == 2
    for path in written:
        twin = small / path.relative_to(tmp_path)
        assert hashlib.sha256(path.read_bytes()).digest() == hashlib.sha256(twin.read_bytes()).digest()


def test_a_film_leans_to_an_emotion_and_the_corpus_does_not():
    clips = plan()
    assert clips["emotion"].value_counts().to_dict() == dict.fromkeys(writer.EMOTIONS, 40)
    for film, emotions in clips.groupby("source")["emotion"]:
        assert (emotions == writer.EMOTIONS[(int(film[-2:]) - 1) % 4]).sum() == 8
        assert emotions.value_counts().tolist() == [8, 4, 4, 4]
    assert (plan(lean=0.25).groupby("source")["emotion"].value_counts() == 5).all()
    assert (plan(lean=1).groupby("source")["emotion"].nunique() == 1).all()


def test_shares_hold_in_every_emotion_among_clear_faces():
    clips = plan()
    assert clips["clip"].is_unique
    without = clips["scene"].isin(["behind", "blurred", "empty"])
    assert without.sum() == 16 and not clips["video_shows"][without].any()
    assert clips["scene"][without].value_counts().tolist() == [6, 5, 5]
    for _, group in clips[~without].groupby("emotion"):
        assert abs(group["audio_shows"].sum() - 0.5 * len(group)) <= 0.5
        assert abs(group["video_shows"].sum() - 0.75 * len(group)) <= 0.5
        both = (group["audio_shows"] & group["video_shows"]).sum()
        assert abs(both - 0.375 * len(group)) <= 1
    assert clips["scene"][~without].value_counts().to_dict() == {"stays": 58, "enters": 29, "leaves": 29, "two": 28}
    assert not plan(faceless=1)["video_shows"].any()


def test_what_a_clip_shows_does_not_tell_its_number():
    """No emotion comes first in a film."""
    clips = plan(clips=400, films=4)
    number = clips["clip"].str[-3:].astype(int)
    means = number.groupby([clips["source"], clips["emotion"]]).mean()
    assert np.abs(means - 200).max() < 5 * 400 / np.sqrt(12 * 80)


def test_same_parameters_leave_the_corpus_alone(small):
    before = (small / "synthetic.json").stat().st_mtime_ns
    SyntheticFilms(films=2, clips=2, faceless=0.5, seed=5).write(small)
    assert (small / "synthetic.json").stat().st_mtime_ns == before
    assert is_synthetic(small)
    with pytest.raises(InputError, match="other parameters"):
        SyntheticFilms(films=2, clips=2, faceless=0.5, seed=6).write(small)


def test_an_interrupted_corpus_leaves_nothing(tmp_path, monkeypatch):
    def interrupted(root, clip, seed):
        (root / f"{clip.clip}.mp4").touch()
        raise KeyboardInterrupt

    monkeypatch.setattr(writer, "_perform", interrupted)
    with pytest.raises(KeyboardInterrupt):
        SyntheticFilms().write(tmp_path / "c")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"films": 0}, "films must lie between 1 and 99"),
        ({"clips": 1000}, "clips must lie between 1 and 999"),
        ({"lean": 0.2}, "lean must lie between 0.25 and 1"),
        ({"faceless": 1.1}, "faceless must lie between 0 and 1"),
        ({"audio_share": -0.1}, "audio_share must lie between 0 and 1"),
        ({"video_share": float("nan")}, "video_share must lie between 0 and 1"),
        ({"seed": -1}, "seed must be at least 0"),
    ],
)
def test_wrong_parameters_are_named_before_any_work(tmp_path, wrong, message):
    with pytest.raises(InputError, match=message):
        SyntheticFilms(**wrong).write(tmp_path / "c")
    assert list(tmp_path.iterdir()) == []

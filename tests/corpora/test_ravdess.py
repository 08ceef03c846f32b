import re
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerasemo import manifest
from kerasemo.corpora import ravdess
from kerasemo.errors import InputError

MANIFESTS = Path(__file__).parents[2] / "data_manifests"


def write(root: Path, *paths: str) -> Path:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()
    return root


@pytest.mark.parametrize("channel", ["speech", "song"])
def test_published_manifests_follow_from_the_naming_rule(channel):
    published = manifest.load(MANIFESTS / f"ravdess_{channel}.csv")
    pd.testing.assert_frame_equal(published, ravdess.official_manifest(channel))


def test_published_folds_follow_from_the_rule_and_are_balanced():
    published = pd.read_csv(MANIFESTS / "ravdess_folds.csv", index_col="speaker")["fold"]
    pd.testing.assert_series_equal(published, ravdess.folds())
    actors = published.index.str[-2:].astype(int)
    assert (published.groupby([published.values, actors % 2]).size() == 2).all()


def test_counts_are_the_owners():
    speech, song = ravdess.official_manifest("speech"), ravdess.official_manifest("song")
    assert (len(speech), len(song)) == (1440, 1012)
    assert 3 * len(speech) + 3 * len(song) == 7356
    assert "actor_18" not in set(song["speaker"])
    assert set(song["emotion"]) == set(list(ravdess.EMOTIONS.values())[:6])
    assert (speech.groupby("speaker").size() == 60).all()
    assert set(speech[speech["emotion"] == "neutral"]["intensity"]) == {"normal"}


def test_audio_and_video_of_one_performance_are_one_clip(tmp_path):
    root = write(
        tmp_path,
        "Audio_Speech_Actors_01-24/Actor_02/03-01-05-02-01-01-02.wav",
        "Video_Speech_Actor_02/Actor_02/01-01-05-02-01-01-02.mp4",
        "Video_Speech_Actor_02/Actor_02/02-01-05-02-01-01-02.mp4",
        "Video_Song_Actor_02/Actor_02/01-02-03-01-02-01-02.mp4",
        "Video_Song_Actor_02/Actor_02/02-02-04-01-02-01-02.mp4",
        "Audio_Speech_Actors_01-24/Actor_02/notes.txt",
        "Audio_Speech_Actors_01-24/Actor_02/._03-01-05-02-01-02-02.wav",
    )
    table = ravdess.Ravdess().read(root).set_index("clip")
    assert list(table.index) == ["01-05-02-01-01-02", "02-03-01-02-01-02", "02-04-01-02-01-02"]
    spoken, sung, silent = (table.loc[clip] for clip in table.index)
    assert spoken["audio"] == "Audio_Speech_Actors_01-24/Actor_02/03-01-05-02-01-01-02.wav"
    assert spoken["video"] == "Video_Speech_Actor_02/Actor_02/01-01-05-02-01-01-02.mp4"
    assert (spoken["speaker"], spoken["gender"], spoken["emotion"]) == ("actor_02", "female", "angry")
    assert (spoken["intensity"], spoken["statement"], spoken["repetition"]) == ("strong", 1, 1)
    assert sung["audio"] == sung["video"] == "Video_Song_Actor_02/Actor_02/01-02-03-01-02-01-02.mp4"
    assert pd.isna(silent["audio"]) and silent["channel"] == "song"


@given(st.from_regex(r"0[0-4](-[0-9]{2}){6}\.(wav|mp4)", fullmatch=True))
def test_names_are_read_by_the_rule(name):
    codes = name[:-4].split("-")
    follows_the_rule = (
        codes[0] in ("01", "02", "03")
        and codes[1] in ("01", "02")
        and "01" <= codes[2] <= "08"
        and all(code in ("01", "02") for code in codes[3:6])
        and "01" <= codes[6] <= "24"
    )
    assert bool(ravdess._NAME.fullmatch(name)) == follows_the_rule


@pytest.mark.parametrize(
    ("paths", "sentence"),
    [
        ([], "is empty"),
        (["Session1/dialog/EmoEvaluation/Ses01F_impro01.txt"], "holds no file named like 03-01-05-02-01-01-12.wav"),
        (["a/03-01-05-02-01-01-12.wav", "b/03-01-05-02-01-01-12.wav"], "holds one recording twice, a/.* and b/"),
    ],
)
def test_wrong_roots_are_one_sentence(tmp_path, paths, sentence):
    with pytest.raises(InputError, match=sentence):
        ravdess.Ravdess().read(write(tmp_path, *paths))


def test_a_root_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(InputError, match=re.escape(f"{tmp_path / 'absent'} is no folder")):
        ravdess.Ravdess().read(tmp_path / "absent")


def features(path, **columns):
    table = {"clip": ["01-01-05-02-01-01-12", "01-01-01-01-02-01-07"], "audio_0": [1.5, -2.0], "au_0": [0, 1]} | columns
    pd.DataFrame({name: values for name, values in table.items() if values}).to_csv(path, index=False)
    return path


def test_features_have_the_labels_of_their_clips(tmp_path):
    table, arrays = ravdess.read_features(features(tmp_path / "features.csv", other=["x", "y"]))
    assert table["speaker"].tolist() == ["actor_12", "actor_07"]
    assert table["emotion"].tolist() == ["angry", "neutral"]
    assert arrays["audio"].tolist() == [[1.5], [-2.0]] and arrays["image"].tolist() == [[0.0], [1.0]]
    assert set(ravdess.read_features(features(tmp_path / "sound.csv", au_0=None))[1]) == {"audio"}


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"clip": None}, "needs a row a clip"),
        ({"audio_0": None, "au_0": None}, "needs a row a clip"),
        ({"clip": ["01-01-05-02-01-01-12", "happy_7"]}, "'happy_7' is no code of RAVDESS"),
        ({"clip": ["01-01-05-02-01-01-12", "03-01-05-02-01-01-12"]}, "holds the clip 01-05-02-01-01-12 twice"),
        ({"au_0": [0, "much"]}, "a feature of 01-01-01-02-01-07 is no finite number"),
        ({"au_0": [0, float("inf")]}, "a feature of 01-01-01-02-01-07 is no finite number"),
    ],
)
def test_broken_features_are_one_sentence(tmp_path, columns, sentence):
    with pytest.raises(InputError, match=sentence):
        ravdess.read_features(features(tmp_path / "features.csv", **columns))

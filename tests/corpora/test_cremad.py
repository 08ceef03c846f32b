import numpy as np
import pytest

from kerasemo.corpora import CremaD, cremad, ravdess
from kerasemo.corpora.synthetic import SyntheticCremaD
from kerasemo.errors import InputError
from kerasemo.features.media import read_audio, read_frames


def test_the_synthetic_corpus_has_the_labels_of_its_names(tmp_path):
    SyntheticCremaD(actors=2, statements=2, modalities=["audio"]).write(tmp_path / "root")
    table = CremaD().read(tmp_path / "root").set_index("clip")
    assert len(table) == 2 * (5 * 3 + 1 + 6) and set(table["emotion"]) == set(cremad.EMOTIONS.values())
    assert table.loc[
        "1001_IEO_ANG_HI", ["audio", "speaker", "gender", "emotion", "intensity", "statement"]
    ].tolist() == [*("AudioWAV/1001_IEO_ANG_HI.wav", "1001", "male", "angry", "high", "IEO")]
    assert table.loc["1002_TIE_SAD_XX", ["gender", "emotion"]].tolist() == ["female", "sad"]
    assert table["intensity"].isna().sum() == 2 * (1 + 6) and table["video"].isna().all()


def test_video_has_the_voice_of_the_wav(tmp_path):
    SyntheticCremaD(actors=1, statements=1).write(tmp_path / "root")
    clip = CremaD().read(tmp_path / "root").iloc[0]
    sound, rate = read_audio(tmp_path / "root" / clip["audio"])
    track, track_rate = read_audio(tmp_path / "root" / clip["video"])
    assert clip["video"].endswith(".flv") and abs(len(sound) / rate - len(track) / track_rate) < 0.1
    correlation = np.correlate(track[::3], sound[4000:20000]).max()  # the encoder's delay is unknown
    assert correlation > 0.95 * np.sum(sound[4000:20000] ** 2)
    assert len(list(read_frames(tmp_path / "root" / clip["video"], 1.0, 1))) == 3


def test_words_are_those_of_ravdess():
    assert set(cremad.EMOTIONS.values()) < set(ravdess.EMOTIONS.values())


def test_a_copy_without_demographics_and_wavs(tmp_path):
    (tmp_path / "1040_ITH_SAD_X.flv").touch()
    [clip] = CremaD().read(tmp_path).to_dict("records")
    assert clip["audio"] == clip["video"] == "1040_ITH_SAD_X.flv"
    assert clip["emotion"] == "sad" and str(clip["gender"]) == "nan" and clip["intensity"] is None


def test_wrong_folders_are_named(tmp_path):
    (tmp_path / "1001_DFA_ANG_XX.mp3").touch()
    with pytest.raises(InputError, match=r"holds no file named like AudioWAV/1001_DFA_ANG_XX\.wav"):
        CremaD().read(tmp_path)
    (tmp_path / "1001_DFA_ANG_XX.wav").touch()
    (tmp_path / "VideoDemographics.csv").write_text("Actor,Sex\n1001,Male\n")
    with pytest.raises(InputError, match="needs the columns ActorID and Sex; it has: Actor, Sex"):
        CremaD().read(tmp_path)
    (tmp_path / "VideoDemographics.csv").write_text("ActorID,Sex\n1001,X\n")
    with pytest.raises(InputError, match="gender is none of female, male"):
        CremaD().read(tmp_path)

import hashlib
from fractions import Fraction

import av
import numpy as np
import pandas as pd
import pytest
import soundfile

from kerasemo.corpora import emo_evaluation
from kerasemo.corpora import iemocap as reader
from kerasemo.corpora.synthetic import SyntheticIemocap, is_synthetic
from kerasemo.corpora.synthetic import iemocap as writer
from kerasemo.corpora.synthetic.iemocap_dialogue import Part, perform
from kerasemo.errors import InputError


def digests(root):
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in root.rglob("*.*")
        if path.suffix in (".wav", ".avi", ".txt")
    }


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    root = tmp_path_factory.mktemp("small") / "iemocap"
    SyntheticIemocap(sessions=[2], scenarios=["improvised"], dialogues=1, turns=2, seed=3).write(root)
    return root


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    """All sessions, sound only, half of the turns with a voice that shows the emotion."""
    root = tmp_path_factory.mktemp("sounds") / "iemocap"
    SyntheticIemocap(modalities=["audio"], dialogues=2, turns=8, audio_share=0.5, video_share=0.25).write(root, jobs=2)
    return root


def test_folders_and_names_are_the_official_ones(small):
    written = digests(small)
    turns = [name.removesuffix(".wav").rsplit("/", 1)[1] for name in written if name.endswith(".wav")]
    assert len(turns) == 2
    media = {reader.official_path(turn, medium) for turn in turns for medium in ("audio", "video", "labels")}
    assert set(written) == media
    assert sorted(path.name for path in small.iterdir() if path.is_file()) == ["synthetic.json", "truth.csv"]
    assert is_synthetic(small)


def test_wavs_and_avi_are_as_long_as_the_labels_say(small):
    table = reader.Iemocap(emotions=list(emo_evaluation.EMOTIONS)).read(small)
    for row in table.itertuples():
        info = soundfile.info(small / row.audio)
        assert (info.samplerate, info.channels) == (16_000, 2)
        assert info.frames == round((row.end_s - row.start_s) * 16_000)
        assert 2.4 < info.duration < 3.6
    with av.open(str(small / table["video"][0])) as container:
        picture = container.streams.video[0]
        assert (picture.width, picture.height, picture.average_rate) == (720, 480, Fraction(30000, 1001))
        assert picture.codec_context.name == "mpeg4"
        length_s = table["end_s"].max() + 0.5
        assert picture.frames == round(length_s * 30000 / 1001)
        heard = np.concatenate([frame.to_ndarray().reshape(-1, 2) for frame in container.decode(audio=0)])
    assert len(heard) == round(length_s * 16_000)
    first = table.iloc[0]
    part = slice(round(first["start_s"] * 16_000), round(first["end_s"] * 16_000))
    wav, _ = soundfile.read(small / first["audio"], dtype="int16")
    np.testing.assert_allclose(heard[part], wav, atol=1)


def test_who_speaks_is_louder_in_the_own_channel(sounds):
    table = reader.Iemocap().read(sounds)
    for path, gender in zip(table["audio"], table["gender"], strict=True):
        samples, _ = soundfile.read(sounds / path)
        left, right = 10 * np.log10(np.mean(samples**2, axis=0))
        louder = left - right if gender == "female" else right - left
        assert 6 < louder < 12.5


def test_emotions_are_balanced_and_ties_hold_the_true_one(sounds):
    truth = pd.read_csv(sounds / "truth.csv", index_col="clip")
    assert list(truth.columns) == ["emotion", "tied", "audio_shows", "video_shows"]
    table = reader.Iemocap(emotions=list(emo_evaluation.EMOTIONS), ties="drop").read(sounds).set_index("clip")
    assert (truth["emotion"][table.index] == table["emotion"]).all()
    assert len(truth) == 80 and truth["tied"].sum() == 8 and len(table) == 72
    counts = table.groupby(["scenario", "emotion", "gender"]).size().unstack(level=[1, 2])
    assert (counts[["neu", "ang", "hap", "sad"]] == 4).all(axis=None) and (counts["exc"] == 2).all(axis=None)
    tied = reader.Iemocap(emotions=list(emo_evaluation.EMOTIONS)).read(sounds).set_index("clip").drop(table.index)
    for clip, votes in tied["votes"].items():
        labels = [label for vote in votes.split() for label in vote.split(":")[1].split(",")]
        most = max(labels.count(label) for label in labels)
        tops = {label for label in labels if labels.count(label) == most}
        assert len(tops) > 1 and truth["emotion"][clip] in tops and tied["emotion"][clip] in tops


def test_majorities_are_those_of_the_votes(sounds):
    for row in reader.Iemocap(ties="drop").read(sounds).itertuples():
        votes = [vote.split(":")[1] for vote in row.votes.split()]
        assert votes.count(row.majority) > len(votes) / 2


def test_the_same_share_of_each_emotion_is_shown(sounds):
    truth = pd.read_csv(sounds / "truth.csv")
    truth["scripted"] = truth["clip"].str.contains("script")
    for _, group in truth[truth["tied"] == 0].groupby(["scripted", "emotion"]):
        assert group["audio_shows"].sum() == len(group) / 2
        assert group["video_shows"].sum() == len(group) / 4


def test_wavs_follow_the_truth(sounds):
    truth = pd.read_csv(sounds / "truth.csv").query("emotion == 'ang'")

    def level_db(clip):
        samples, _ = soundfile.read(sounds / reader.official_path(clip, "audio"))
        return 10 * np.log10(np.mean(samples**2, axis=0).max())

    levels = truth["clip"].map(level_db)
    assert levels[truth["audio_shows"] == 1].min() > levels[truth["audio_shows"] == 0].max() + 6


def test_some_turns_overlap(sounds):
    table = reader.Iemocap(emotions=list(emo_evaluation.EMOTIONS)).read(sounds)
    gap_s = table.groupby("dialogue")["start_s"].shift(-1) - table["end_s"]
    assert 3 <= (gap_s < 0).sum() <= 30 and gap_s.min() > -0.3
    assert (table["start_s"] * 100).round(6).mod(1).eq(0).all()


def frames_of(parts):
    dialogue = perform(parts, seed=0)
    spans = [[round(sample / 16_000 * 30000 / 1001) for sample in span] for span in dialogue.spans]
    return spans, np.stack([frame for frame in dialogue.frames])


def test_each_actor_moves_in_the_own_turns_between_black_bars():
    (woman, man), frames = frames_of(
        [Part("Ses01F_impro01_F000", "hap", False, True, True), Part("Ses01F_impro01_M000", "ang", False, True, True)]
    )
    assert frames.shape[1:] == (480, 720, 3)
    assert frames[:, :120].max() == frames[:, 360:].max() == 0
    middle = frames[:, 240].mean(axis=(0, 2))
    assert middle[:360].min() > 10 and middle[360:].min() > 10
    # The mouth's place: below the middle of each crop.
    mouths = [frames[:, 262:300, x - 35 : x + 35].astype(int) for x in (199, 550)]
    moved = [np.abs(np.diff(mouth, axis=0)).mean(axis=(1, 2, 3)) for mouth in mouths]
    for own, other, mouth in ((woman, man, moved[0]), (man, woman, moved[1])):
        assert mouth[slice(*own)].mean() > 1.5 * mouth[slice(*other)].mean()


def test_a_blank_face_shows_no_emotion():
    def mouth(emotion, shows):
        (span,), frames = frames_of([Part("Ses03F_impro01_F000", emotion, False, True, shows)])
        return frames[span[0] + 20, 220:310, 150:250].astype(int)

    assert np.abs(mouth("hap", True) - mouth("sad", True)).mean() > 2
    np.testing.assert_array_equal(mouth("hap", False), mouth("sad", False))


def test_files_depend_neither_on_jobs_nor_on_what_else_is_written(small, tmp_path):
    SyntheticIemocap(sessions=[2], scenarios=["improvised"], modalities=["audio"], dialogues=1, turns=2, seed=3).write(
        tmp_path / "c", jobs=2
    )
    assert digests(tmp_path / "c").items() <= digests(small).items()
    assert len(digests(tmp_path / "c")) == 3


def test_same_parameters_leave_the_corpus_alone_and_others_are_an_error(small):
    before = (small / "synthetic.json").stat().st_mtime_ns
    same = {"sessions": (2,), "scenarios": ("improvised",), "dialogues": 1, "turns": 2}
    SyntheticIemocap(**same, seed=3).write(small, jobs=2)
    assert (small / "synthetic.json").stat().st_mtime_ns == before
    with pytest.raises(InputError, match="other parameters"):
        SyntheticIemocap(**same, seed=4).write(small)


def test_an_interrupted_corpus_leaves_nothing(tmp_path, monkeypatch):
    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(writer, "write_wav", interrupted)
    with pytest.raises(KeyboardInterrupt):
        SyntheticIemocap(sessions=[1], dialogues=1, turns=1).write(tmp_path / "c")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"sessions": [0, 1]}, "sessions must lie between 1 and 5"),
        ({"sessions": []}, "sessions must have an entry"),
        ({"scenarios": ["sung"]}, "scenarios must be one of improvised, scripted"),
        ({"modalities": ["text"]}, "modalities must be one of audio, video"),
        ({"dialogues": 31}, "dialogues must lie between 1 and 30"),
        ({"dialogues": 15, "scenarios": ["scripted"]}, "dialogues must lie between 1 and 14"),
        ({"turns": 0}, "turns must be at least 1"),
        ({"audio_share": 1.1}, "audio_share must lie between 0 and 1. Received: 1.1"),
        ({"video_share": float("nan")}, "video_share must lie between 0 and 1. Received: nan"),
        ({"seed": -1}, "seed must be at least 0"),
    ],
)
def test_wrong_parameters_are_named_before_any_work(tmp_path, wrong, message):
    with pytest.raises(InputError, match=message):
        SyntheticIemocap(**wrong).write(tmp_path / "c")
    assert list(tmp_path.iterdir()) == []

import hashlib
import json
from fractions import Fraction

import av
import numpy as np
import pandas as pd
import pytest
import soundfile

from kerasemo.corpora import ravdess as reader
from kerasemo.corpora.synthetic import SyntheticRavdess, is_synthetic
from kerasemo.corpora.synthetic import ravdess as writer
from kerasemo.errors import InputError
from kerasemo.features.face_finder import find_face


def digests(root):
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in root.rglob("*.*")
        if path.suffix in (".wav", ".mp4")
    }


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    root = tmp_path_factory.mktemp("small") / "ravdess"
    SyntheticRavdess(actors=[1, 2], channels=["song"], clips_per_emotion=1, seed=5).write(root)
    return root


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    root = tmp_path_factory.mktemp("sounds") / "ravdess"
    SyntheticRavdess(actors=[18, 3], modalities=["audio"], audio_share=0.5, video_share=0.25).write(root)
    return root


def test_folders_and_names_are_the_official_ones(small):
    expected = [
        reader.official_path(f"02-{emotion:02d}-01-01-01-{actor:02d}", medium)
        for actor in (1, 2)
        for emotion in range(1, 7)
        for medium in ("audio", "video")
    ]
    assert sorted(digests(small)) == sorted(expected)
    assert sorted(path.name for path in small.iterdir() if path.is_file()) == ["synthetic.json", "truth.csv"]


def test_the_corpus_reader_knows_it(small):
    table = reader.Ravdess().read(small)
    assert len(table) == 12
    assert table[["audio", "video"]].notna().all(axis=None)
    assert table.groupby("speaker")["emotion"].nunique().to_dict() == {"actor_01": 6, "actor_02": 6}


def test_every_performance_of_an_actor_is_there_and_few_are_stereo(sounds):
    written = {path.rsplit("/03-", 1)[1].removesuffix(".wav") for path in digests(sounds)}
    official = {
        code for channel in ("speech", "song") for code in reader.performances(channel) if code[-2:] in ("03", "18")
    }
    assert written == official
    channels = [soundfile.info(path).channels for path in sounds.rglob("*.wav")]
    assert 1 <= channels.count(2) <= 15


def test_truth_tells_what_is_shown_in_equal_shares(sounds):
    truth = pd.read_csv(sounds / "truth.csv")
    assert list(truth.columns) == ["clip", "emotion", "audio_shows", "video_shows"]
    assert len(truth) == 60 + 44 + 60
    for (channel, emotion), group in truth.groupby([truth["clip"].str[:2], "emotion"]):
        assert emotion in reader.EMOTIONS.values(), channel
        assert group["audio_shows"].sum() == len(group) / 2
        assert group["video_shows"].sum() == len(group) / 4


def test_wavs_follow_the_truth(sounds):
    truth = pd.read_csv(sounds / "truth.csv", index_col="clip")

    def level_db(code):
        samples, _ = soundfile.read(sounds / reader.official_path(code, "audio"), always_2d=True)
        return 10 * np.log10(np.mean(samples[:, 0] ** 2))

    angry = truth[(truth["emotion"] == "angry") & truth.index.str.startswith("01-05-02")]
    levels = angry.index.map(level_db)
    assert levels[angry["audio_shows"] == 1].min() > levels[angry["audio_shows"] == 0].max() + 6


def test_video_has_the_voice_of_the_wav(small):
    code = "02-06-01-01-01-02"
    samples, rate = soundfile.read(small / reader.official_path(code, "audio"))
    with av.open(str(small / reader.official_path(code, "video"))) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height, stream.average_rate) == (320, 240, Fraction(30000, 1001))
        frames = stream.frames
        heard = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    assert rate == 48_000
    assert frames == round(len(samples) / rate * 30000 / 1001)
    assert np.corrcoef(heard[: len(samples)], samples)[0, 1] > 0.99


def test_files_depend_neither_on_jobs_nor_on_other_clips(small, tmp_path):
    SyntheticRavdess(actors=[2], channels=["song"], clips_per_emotion=1, seed=5).write(tmp_path / "alone", jobs=2)
    alone = digests(tmp_path / "alone")
    together = digests(small)
    assert len(alone) == 12
    assert alone.items() <= together.items()


def test_first_clips_are_spread_over_the_factors(tmp_path):
    SyntheticRavdess(actors=[4], channels=["song"], modalities=["audio"], clips_per_emotion=4).write(tmp_path / "c")
    codes = pd.read_csv(tmp_path / "c" / "truth.csv")["clip"].str.split("-", expand=True)
    assert (codes[1].value_counts() == 4).all()
    others = codes[codes[1] != "01"]
    for first, second in [(2, 3), (2, 4), (3, 4)]:
        assert (others.groupby([1, first, second]).size() == 1).all()


def test_same_parameters_leave_the_corpus_alone(small):
    before = (small / "synthetic.json").stat().st_mtime_ns
    SyntheticRavdess(actors=(2, 1), channels=("song",), clips_per_emotion=1, seed=5).write(small, jobs=2)
    assert (small / "synthetic.json").stat().st_mtime_ns == before
    assert is_synthetic(small)
    assert json.loads((small / "synthetic.json").read_text())["parameters"]["actors"] == [1, 2]


def test_other_parameters_or_foreign_files_are_an_error(small, tmp_path):
    with pytest.raises(InputError, match="other parameters"):
        SyntheticRavdess(actors=[1, 2], channels=["song"], clips_per_emotion=1, seed=6).write(small)
    (tmp_path / "mine.txt").touch()
    with pytest.raises(InputError, match="no synthetic corpus"):
        SyntheticRavdess().write(tmp_path)


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_an_interrupted_corpus_leaves_nothing(tmp_path, monkeypatch, error):
    perform, calls = writer._perform, []

    def interrupted(*arguments):
        calls.append(arguments)
        if len(calls) == 3:
            raise error
        perform(*arguments)

    monkeypatch.setattr(writer, "_perform", interrupted)
    with pytest.raises(error):
        SyntheticRavdess(actors=[1], modalities=["audio"]).write(tmp_path / "c")
    assert len(calls) == 3
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"actors": [0, 1]}, r"actors must lie between 1 and 24"),
        ({"actors": []}, "actors must have an entry"),
        ({"channels": ["dance"]}, "channels must be one of speech, song"),
        ({"modalities": ["text"]}, "modalities must be one of audio, video"),
        ({"audio_share": 1.1}, "audio_share must lie between 0 and 1. Received: 1.1"),
        ({"video_share": float("nan")}, "video_share must lie between 0 and 1. Received: nan"),
        ({"clips_per_emotion": 0}, "clips_per_emotion must be at least 1"),
        ({"seed": -1}, "seed must be at least 0"),
        ({"actors": [18], "channels": ["song"]}, "actor 18 has no song"),
    ],
)
def test_wrong_parameters_are_named_before_any_work(tmp_path, wrong, message):
    with pytest.raises(InputError, match=message):
        SyntheticRavdess(**wrong).write(tmp_path / "c")
    assert list(tmp_path.iterdir()) == []


def test_videos_may_have_the_size_of_the_real_ones(tmp_path, monkeypatch):
    corpus = SyntheticRavdess(actors=[1], modalities=["video"], clips_per_emotion=1, size="official")
    first = corpus._clips()[:1]
    monkeypatch.setattr(SyntheticRavdess, "_clips", lambda self: first)
    corpus.write(tmp_path / "corpus")
    (path,) = (tmp_path / "corpus").rglob("*.mp4")
    with av.open(str(path)) as container:
        picture = next(container.decode(video=0)).to_ndarray(format="rgb24")
    assert picture.shape == (720, 1280, 3)
    assert find_face(picture)

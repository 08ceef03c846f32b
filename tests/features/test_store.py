import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from kerasemo.errors import InputError
from kerasemo.features import FeatureSet, FeatureStore, Mfcc
from kerasemo.features.media import read_audio

QUICK = Mfcc(n_mfcc=5, resampler="soxr_hq")
extracted: list[str] = []


@dataclass(frozen=True)
class Loudness(FeatureSet):
    """The root mean square, times a gain; `extracted` lists the names of the files it has read."""

    name: ClassVar[str] = "loudness"
    medium: ClassVar[str] = "audio"
    version: ClassVar[int] = 1

    gain: float = 1.0

    def extract(self, path, start_s=None, end_s=None):
        extracted.append(Path(path).name)
        samples, _ = read_audio(path, start_s, end_s)
        return np.array([self.gain * np.sqrt(np.mean(samples**2))])


@dataclass(frozen=True)
class NewLoudness(Loudness):
    version: ClassVar[int] = 2


@pytest.fixture
def corpus(media, tmp_path):
    """Twenty wavs of different loudness, c00 to c19, and an empty list of what was extracted."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    for number in range(20):
        media.write_wav(folder / f"c{number:02}.wav", media.tone() * (number + 1) / 20, subtype="FLOAT")
    extracted.clear()
    return folder


@pytest.fixture
def store(tmp_path):
    return FeatureStore(tmp_path / "store")


def unfinished(store):
    return [path.name for path in store.folder.rglob("*") if ".unfinished" in str(path)]


def test_arrays_left_on_disk_hold_no_file_open(media, corpus, store):
    manifest = media.audio_manifest(corpus)
    in_memory = store.extract(manifest, corpus, Loudness()).features
    opened = len(list(Path("/proc/self/fd").iterdir()))
    extraction = store.extract(manifest, corpus, Loudness(), in_memory=False)
    assert len(list(Path("/proc/self/fd").iterdir())) <= opened
    for clip, array in extraction.features.items():
        assert isinstance(array, np.memmap)
        np.testing.assert_array_equal(array, in_memory[clip])
    assert len(extraction.files) == len(extraction.features) == 20


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_clip_gets_what_extract_gives_in_the_manifests_order(media, corpus, store, jobs):
    manifest = media.audio_manifest(corpus).iloc[::-1]
    extraction = store.extract(manifest, corpus, QUICK, jobs=jobs)
    assert list(extraction.features) == list(manifest["clip"])
    with threadpool_limits(1):
        for clip, array in extraction.features.items():
            np.testing.assert_array_equal(array, QUICK.extract(corpus / f"{clip}.wav"))
    assert extraction.set_aside.columns.tolist() == ["clip", "file", "feature_set", "reason"]
    assert extraction.set_aside.empty
    assert len(list(store.folder.rglob("*.npy"))) == 20
    assert not unfinished(store)


def test_what_is_kept_is_not_extracted_again(media, corpus, store):
    manifest = media.audio_manifest(corpus)
    first = store.extract(manifest, corpus, Loudness())
    assert len(extracted) == 20
    again = FeatureStore(store.folder).extract(manifest, corpus, Loudness())
    assert len(extracted) == 20
    assert first.features == again.features


def test_only_what_changed_is_extracted_again(media, corpus, store):
    manifest = media.audio_manifest(corpus)
    store.extract(manifest, corpus, Loudness())
    shutil.copy(corpus / "c19.wav", corpus / "c03.wav")
    media.write_wav(corpus / "c05.wav", media.tone(hertz=500))
    (corpus / "c07.wav").touch()
    extracted.clear()
    features = store.extract(manifest, corpus, Loudness()).features
    assert extracted == ["c05.wav"]  # the copy of c19 is found by its content, a new date is no change
    assert features["c03"] == features["c19"]


def test_another_parameter_version_or_span_is_another_entry(media, corpus, store):
    manifest = media.audio_manifest(corpus).head(1)
    variants = [
        (manifest, Loudness()),
        (manifest, Loudness(gain=2.0)),
        (manifest, NewLoudness()),
        (manifest.assign(start_s=0.1), Loudness()),
        (manifest.assign(end_s=0.1), Loudness()),
    ]
    for number, (table, feature_set) in enumerate(variants):
        for _ in range(2):
            features = store.extract(table, corpus, feature_set).features
            assert len(extracted) == number + 1
            start_s, end_s = (None if np.isnan(second) else second for second in table.iloc[0][["start_s", "end_s"]])
            assert features["c00"] == replace(feature_set).gain * np.sqrt(
                np.mean(read_audio(corpus / "c00.wav", start_s, end_s)[0] ** 2)
            )


def test_copies_are_computed_once(media, corpus, store):
    for number in range(1, 20):
        shutil.copy(corpus / "c00.wav", corpus / f"c{number:02}.wav")
    features = store.extract(media.audio_manifest(corpus), corpus, Loudness()).features
    assert extracted == ["c00.wav"]
    assert len(features) == 20
    features["c00"][:] = -1  # the copies are arrays of their own
    assert features["c01"] > 0


def test_only_clips_with_the_medium_are_taken(media, corpus, store):
    manifest = media.audio_manifest(corpus)
    manifest.loc[2:, "audio"] = None
    assert list(store.extract(manifest, corpus, Loudness()).features) == ["c00", "c01"]
    with pytest.raises(InputError, match="no clip of the manifest has audio, which loudness needs"):
        store.extract(manifest.iloc[2:], corpus, Loudness())


def test_paths_stay_under_the_root(media, corpus, store):
    manifest = media.audio_manifest(corpus)
    manifest.loc[0, "audio"] = "../corpus/c00.wav"
    with pytest.raises(InputError, match="leaves the corpus' root"):
        store.extract(manifest, corpus, Loudness())
    assert not extracted


@pytest.mark.parametrize("jobs", [1, 2])
def test_broken_clips_are_set_aside_with_their_reasons(media, corpus, store, jobs):
    (corpus / "c02.wav").write_bytes(b"")
    (corpus / "c04.wav").unlink()
    (corpus / "c06.wav").write_text("no sound here")
    samples = media.tone()
    samples[3] = np.nan
    media.write_wav(corpus / "c01.wav", samples, subtype="FLOAT")
    shutil.copy(corpus / "c01.wav", corpus / "c08.wav")  # written again, it would contain another time
    manifest = media.audio_manifest(corpus)
    manifest.loc[len(manifest)] = {**manifest.iloc[0], "clip": "c04", "audio": "c04.wav"}
    extraction = store.extract(manifest, corpus, QUICK, jobs=jobs, max_bad=0.25)
    reasons = {
        "c01": f"{corpus / 'c01.wav'} holds NaN or infinite samples.",
        "c02": f"{corpus / 'c02.wav'} is empty (0 bytes).",
        "c06": f"{corpus / 'c06.wav'} is no sound file or is damaged: Error opening {str(corpus / 'c06.wav')!r}: "
        "Format not recognised.",
        "c08": f"{corpus / 'c08.wav'} has the same content as {corpus / 'c01.wav'}: "
        f"{corpus / 'c01.wav'} holds NaN or infinite samples.",
        "c04": f"{corpus / 'c04.wav'} does not exist.",
    }
    expected = pd.DataFrame([(clip, f"{clip}.wav", "mfcc", reason) for clip, reason in reasons.items()])
    assert extraction.set_aside.to_numpy().tolist() == expected.to_numpy().tolist()
    assert sorted({*extraction.features, *reasons}) == sorted(manifest["clip"])
    assert len(extraction.features) == 15


def test_more_than_max_bad_ends_the_run(media, corpus, store):
    for name in ["c06", "c03"]:
        (corpus / f"{name}.wav").write_text("no sound here")
    manifest = media.audio_manifest(corpus)
    assert len(store.extract(manifest, corpus, Loudness(), max_bad=0.1).set_aside) == 2
    message = r"^2 of 20 clips are broken, more than --max-bad 0\.05 allows; .*the first: .*c03\.wav is no sound file"
    with pytest.raises(InputError, match=message):
        store.extract(manifest, corpus, Loudness())
    with pytest.raises(InputError, match=r"more than --max-bad 0\.099 allows"):
        store.extract(manifest, corpus, Loudness(), max_bad=0.099)


def test_a_wrong_root_ends_the_run_before_anything_is_extracted(media, corpus, store, tmp_path):
    with pytest.raises(InputError, match=r"^20 of 20 clips are broken.*c00\.wav does not exist"):
        store.extract(media.audio_manifest(corpus), tmp_path, Loudness())
    assert not extracted


@dataclass(frozen=True)
class Endless(Loudness):
    def extract(self, path, start_s=None, end_s=None):
        return super().extract(path) * (np.inf if Path(path).name == "c01.wav" else 1.0)


def test_features_that_are_not_finite_are_broken(media, corpus, store):
    extraction = store.extract(media.audio_manifest(corpus), corpus, Endless())
    assert extraction.set_aside["reason"].tolist() == [
        f"{corpus / 'c01.wav'} gives NaN or infinite values as loudness."
    ]


@dataclass(frozen=True)
class Faulty(Loudness):
    def extract(self, path, start_s=None, end_s=None):
        raise ZeroDivisionError("a bug")


def test_a_bug_is_no_broken_clip(media, corpus, store):
    with pytest.raises(ZeroDivisionError, match="a bug"):
        store.extract(media.audio_manifest(corpus), corpus, Faulty(), max_bad=1.0)
    assert not unfinished(store)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_entry_is_mended(media, tmp_path_factory, data):
    corpus = tmp_path_factory.mktemp("corpus")
    media.write_wav(corpus / "c00.wav")
    manifest = media.audio_manifest(corpus)
    store = FeatureStore(corpus / "store")
    expected = store.extract(manifest, corpus, Loudness()).features["c00"]
    [entry] = store.folder.rglob("*.npy")
    content = entry.read_bytes()
    damage = data.draw(
        st.one_of(
            st.binary(max_size=40),  # too short for a valid file
            st.integers(0, len(content) - 1).map(lambda size: content[:size]),
            st.tuples(st.integers(0, 9), st.binary(min_size=1, max_size=9)).map(
                lambda change: content[: change[0]] + change[1] + content[change[0] + len(change[1]) :]
            ),
        ).filter(lambda damaged: damaged != content)
    )
    entry.write_bytes(damage)
    assert store.extract(manifest, corpus, Loudness()).features["c00"] == expected
    assert entry.read_bytes() == content


@pytest.mark.parametrize("in_memory", [True, False])
def test_an_entry_whose_header_says_less_than_the_file_holds_is_mended(media, corpus, store, in_memory):
    manifest = media.audio_manifest(corpus).iloc[:1]
    expected = store.extract(manifest, corpus, Loudness()).features["c00"]
    [entry] = store.folder.rglob("*.npy")
    content = entry.read_bytes()
    entry.write_bytes(content[:8] + b"9" + content[9:])  # a shorter header: padding would be read as the value
    assert store.extract(manifest, corpus, Loudness(), in_memory=in_memory).features["c00"] == expected


def test_an_entry_with_a_pickle_is_not_opened(media, corpus, store, tmp_path):
    class Trap:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "sprung"),))

    manifest = media.audio_manifest(corpus).head(1)
    store.extract(manifest, corpus, Loudness())
    [entry] = store.folder.rglob("*.npy")
    np.save(entry, np.array([Trap()], dtype=object), allow_pickle=True)
    store.extract(manifest, corpus, Loudness())
    assert not (tmp_path / "sprung").exists()
    assert len(extracted) == 2


def test_a_store_that_cannot_be_written_is_an_input_error(media, corpus, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="set KERASEMO_CACHE to a folder"):
        FeatureStore(tmp_path / "file").extract(media.audio_manifest(corpus), corpus, Loudness())


def test_the_default_folder_heeds_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("KERASEMO_CACHE", str(tmp_path))
    assert FeatureStore().folder == tmp_path / "features"
    monkeypatch.delenv("KERASEMO_CACHE")
    assert FeatureStore().folder.parts[-2:] == ("kerasemo", "features")


@dataclass(frozen=True)
class Interrupted(Loudness):
    def extract(self, path, start_s=None, end_s=None):
        if len(extracted) == 7:
            raise KeyboardInterrupt
        return super().extract(path)


def test_an_interrupted_run_leaves_nothing_unfinished_and_goes_on(media, corpus, store):
    manifest = media.audio_manifest(corpus)
    with pytest.raises(KeyboardInterrupt):
        store.extract(manifest, corpus, Interrupted())
    assert not unfinished(store)
    assert len(list(store.folder.rglob("*.npy"))) == 7
    extraction = store.extract(manifest, corpus, Loudness())
    assert len(extracted) == len(set(extracted)) == 20
    assert len(extraction.features) == 20


SLOW_RUN = """
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd

from kerasemo.features import FeatureSet, FeatureStore


@dataclass(frozen=True)
class Large(FeatureSet):
    name: ClassVar[str] = "large"
    medium: ClassVar[str] = "audio"
    version: ClassVar[int] = 1

    def extract(self, path, start_s=None, end_s=None):
        time.sleep(0.1)  # the interruption comes before the last clip
        return np.full(2_000_000, len(Path(path).name), np.float32)


root, folder, jobs = sys.argv[1:]
files = sorted(path.name for path in Path(root).glob("*.wav"))
manifest = pd.DataFrame({"clip": files, "audio": files, "start_s": np.nan, "end_s": np.nan})
extraction = FeatureStore(folder).extract(manifest, root, Large(), jobs=int(jobs))
print(len(extraction.features), {array.shape for array in extraction.features.values()})
"""


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")
@pytest.mark.parametrize("whole_group", [True, False], ids=["as a terminal does", "the parent alone"])
def test_an_interrupted_pool_leaves_nothing_unfinished_and_goes_on(corpus, store, tmp_path, whole_group, interruptible):
    script = tmp_path / "run.py"
    script.write_text(SLOW_RUN)
    command = [sys.executable, str(script), str(corpus), str(store.folder)]
    run = subprocess.Popen([*command, "2"], stderr=subprocess.PIPE, **interruptible)
    waited_until = time.monotonic() + 60
    while not (entries := list(store.folder.rglob("large/*.npy"))):
        assert run.poll() is None and time.monotonic() < waited_until, "nothing was extracted"
        time.sleep(0.001)
    (os.killpg if whole_group else os.kill)(run.pid, signal.SIGINT)
    _, errors = run.communicate(timeout=60)
    assert run.returncode != 0
    # joblib's tracker of resources may have a word to say behind it, of what the killed workers had with them.
    said = [line for line in errors.decode().splitlines() if "resource_tracker" not in line]
    assert said[-1] == "KeyboardInterrupt"
    assert not unfinished(store)
    finished = {path: path.stat().st_mtime_ns for path in store.folder.rglob("*.npy")}
    assert set(entries) <= set(finished)
    assert len(finished) < 20
    assert all(np.load(path, allow_pickle=False).shape == (2_000_000,) for path in finished)
    again = subprocess.run([*command, "1"], capture_output=True, text=True, timeout=120, check=True)
    assert re.fullmatch(r"20 \{\(2000000,\)\}\n", again.stdout)
    assert {path: path.stat().st_mtime_ns for path in finished} == finished

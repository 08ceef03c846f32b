"""Arrays that others computed."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from kerasemo.cli import app
from kerasemo.errors import BrokenClip, InputError
from kerasemo.features import FeatureStore, Npy, from_config

FRAMES = np.arange(12.0).reshape(4, 3)


@pytest.fixture
def folder(tmp_path):
    """A folder with the arrays of the clips a (frames) and b (a row)."""
    folder = tmp_path / "arrays"
    folder.mkdir()
    np.save(folder / "a.npy", FRAMES)
    np.save(folder / "b.npy", np.array([1, 2, 3], np.int16))
    return folder


@pytest.fixture
def manifest(media, tmp_path):
    """Of the clips a and b; there are no media files."""
    for name in ("a", "b"):
        (tmp_path / f"{name}.wav").touch()
    table = media.audio_manifest(tmp_path)
    for name in ("a", "b"):
        (tmp_path / f"{name}.wav").unlink()
    return table


@pytest.fixture
def extract(manifest, tmp_path):
    def extract(feature_set, table=manifest, **options):
        return FeatureStore(tmp_path / "store").extract(table, tmp_path, feature_set, **options)

    return extract


def test_the_arrays_of_clips_are_found_without_media_files(folder, extract):
    features = extract(Npy(folder=folder)).features
    assert list(features) == ["a", "b"] and {array.dtype for array in features.values()} == {np.dtype(np.float32)}
    np.testing.assert_array_equal(features["a"], FRAMES)
    np.testing.assert_array_equal(features["b"], [[1, 2, 3]])
    features = extract(Npy(folder=folder, pool="mean")).features
    np.testing.assert_array_equal(features["a"], [[4.5, 5.5, 6.5]])
    np.testing.assert_array_equal(features["b"], [[1, 2, 3]])


def test_the_medium_says_which_clips_have_an_array(folder, manifest, extract):
    table = manifest.assign(video=["a.mp4", None])
    assert list(extract(Npy(folder=folder, medium="video"), table).features) == ["a"]


def test_the_cache_depends_on_the_content_of_the_array(folder, manifest, extract, tmp_path, monkeypatch):
    extract(Npy(folder=folder))
    np.save(folder / "a.npy", FRAMES + 1)
    np.testing.assert_array_equal(extract(Npy(folder=folder)).features["a"], FRAMES + 1)
    (tmp_path / "a.wav").write_bytes(b"another recording")
    moved = folder.rename(tmp_path / "moved")
    monkeypatch.setattr(Npy, "extract", lambda *_: pytest.fail("extracted again"))
    np.testing.assert_array_equal(extract(Npy(folder=moved)).features["a"], FRAMES + 1)


class Trap:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_wrong_arrays_are_set_aside_with_a_sentence(folder, manifest, extract, tmp_path):
    cut = (folder / "a.npy").read_bytes()[:-8]
    wrong = {
        "missing": (None, "does not exist"),
        "empty": (b"", "is empty"),
        "cut": (cut, "is no .npy file of numbers, or is damaged or empty"),
        "text": (b"1,2,3", "is no .npy file of numbers"),
        "pickle": (np.array([Trap(str(tmp_path / "sprung"))], object), "is no .npy file of numbers"),
        "letters": (np.array(["x", "y", "z"]), "holds an array of <U1 and shape (3,); numbers, frames x features or"),
        "cube": (np.zeros((2, 2, 3)), "holds an array of float64 and shape (2, 2, 3); numbers, frames x features or"),
        "columns": (np.zeros((2, 4)), "has 4 features, where the first array of the folder has 3"),
        "frameless": (np.zeros((0, 3)), "holds an array of float64 and shape (0, 3); numbers"),
        "nan": (np.array([1, np.nan, 3]), "gives NaN or infinite values as npy"),
        "large": (np.array([1, 1e300, 3]), "gives NaN or infinite values as npy"),
    }
    for name, (content, _) in wrong.items():
        if isinstance(content, bytes):
            (folder / f"{name}.npy").write_bytes(content)
        elif content is not None:
            np.save(folder / f"{name}.npy", content, allow_pickle=True)
    table = manifest.iloc[[0] * (2 + len(wrong))].assign(clip=["a", "b", *wrong])
    extraction = extract(Npy(folder=folder), table, max_bad=1)
    assert list(extraction.features) == ["a", "b"] and not (tmp_path / "sprung").exists()
    reasons = dict(zip(extraction.set_aside["clip"], extraction.set_aside["reason"], strict=True))
    assert list(reasons) == list(wrong)
    for name, (_, reason) in wrong.items():
        assert reasons[name].startswith(f"{folder / name}.npy {reason}") and reasons[name].endswith(".")


def test_a_folder_without_arrays_or_none_is_one_sentence(tmp_path, extract):
    (tmp_path / "text.npy").write_text("no array")
    with pytest.raises(
        InputError, match=r"has no \.npy file with an array frames x features or features; give another"
    ):
        Npy(folder=tmp_path)
    with pytest.raises(InputError, match=r"npy needs the folder of the arrays; give folder=DIR\.$"):
        extract(Npy())


def test_a_clip_cannot_leave_the_folder(folder, manifest, extract):
    with pytest.raises(InputError, match=r"'\.\./a\.npy' leaves"):
        extract(Npy(folder=folder), manifest.assign(clip=["../a", "b"]))


def test_a_configuration_reads_arrays_without_the_folder(folder, tmp_path):
    config = json.loads(json.dumps(Npy(folder=folder).get_config()))
    array = folder.rename(tmp_path / "moved") / "a.npy"
    np.testing.assert_array_equal(from_config(config).extract(array), FRAMES)
    np.save(array, np.zeros((2, 4)))
    with pytest.raises(BrokenClip, match="has 4 features"):
        from_config(config).extract(array)


def test_the_command_reads_a_folder(folder, tmp_path):
    columns = "clip,audio,video,start_s,end_s,speaker,gender,dialogue,emotion"
    (tmp_path / "m.csv").write_text(f"{columns}\na,a.wav,,,,x,,,sad\nb,b.wav,,,,x,,,sad\n")
    call = ["features", "npy", "m.csv", "--root", ".", "--folder", "arrays", "-o", "x.npz", "--jobs", "1"]
    call = [str(tmp_path / part) if part in ("m.csv", ".", "arrays", "x.npz") else part for part in call]
    done = CliRunner().invoke(app, call)
    assert done.exit_code == 0, done.stderr
    np.testing.assert_array_equal(np.load(tmp_path / "x.npz")["a"], FRAMES)
    Path(folder, "a.npy").unlink()
    done = CliRunner().invoke(app, [*call, "--force"])
    assert done.exit_code == 1 and "a.npy does not exist" in done.stderr

import re

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerasemo import manifest
from kerasemo.errors import InputError


def clips(**columns) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "clip": ["007", "NA"],
            "audio": ["a/1.wav", "a/2.wav"],
            "video": [None, "v/2.mp4"],
            "start_s": [None, 1.5],
            "end_s": [None, 3.0],
            "speaker": ["01", "02"],
            "gender": ["female", None],
            "dialogue": [None, "d"],
            "emotion": ["sad", "happy"],
        }
    ).astype({"start_s": float, "end_s": float, "video": "str", "gender": "str", "dialogue": "str"})
    return table.assign(**columns)


def test_loaded_manifest_equals_the_saved_one(tmp_path):
    manifest.save(clips(), tmp_path / "m.csv")
    pd.testing.assert_frame_equal(manifest.load(tmp_path / "m.csv"), clips())


def test_all_faults_are_reported_at_once():
    broken = clips(
        clip=["x", "x"], audio=[None, "../2.wav"], start_s=[-1.0, 4.0], gender=["female", "f"], speaker=["", "02"]
    ).drop(columns="dialogue")
    with pytest.raises(InputError) as error:
        manifest.check(broken, "broken.csv")
    message = str(error.value)
    assert "\n" not in message
    for fault in [
        "broken.csv",
        "column dialogue is missing",
        "clip stands twice (line 2, line 3)",
        "audio leaves the corpus' root (line 3)",
        "start_s is negative (line 2)",
        "ends before it starts (end_s <= start_s) (line 3)",
        "a clip has neither audio nor video (line 2)",
        "gender",
        "speaker is empty (line 2)",
    ]:
        assert fault in message, message


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "cannot be read as a manifest CSV"),
        (b"\xff\xfe\x00", "cannot be read as a manifest CSV"),
        (b"clip,audio\na,b\n", "is missing"),
        (
            b"clip,audio,video,start_s,end_s,speaker,gender,dialogue\na,a.wav,,0,soon,s,,\n",
            "end_s is no number of seconds (line 2)",
        ),
        (
            b"clip,audio,video,start_s,end_s,speaker,gender,dialogue\na,/a.wav,,0,soon,,,\n",
            "end_s is no number of seconds (line 2); audio leaves the corpus' root (line 2); speaker is missing",
        ),
        (b"clip,audio,video,start_s,end_s,speaker,gender,dialogue,clip\n", "column clip stands twice"),
        (
            b"clip,audio,video,start_s,end_s,speaker,gender,dialogue\na,a.wav,,0,inf,s,,\n",
            "end_s is infinite",
        ),
    ],
)
def test_faults_of_manifest_files_are_an_error(tmp_path, content, sentence):
    path = tmp_path / "m.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=re.escape(sentence)):
        manifest.load(path)


def test_a_missing_column_causes_no_other_faults(tmp_path):
    with pytest.raises(InputError) as error:
        manifest.check(clips().drop(columns=["end_s", "video"]), "m.csv")
    assert str(error.value) == "m.csv is no valid manifest: column video, end_s is missing; mend these rows."


def test_a_missing_manifest_is_an_error(tmp_path):
    with pytest.raises(InputError, match=r"absent\.csv cannot be read"):
        manifest.load(tmp_path / "absent.csv")


def test_an_invalid_table_is_not_written(tmp_path):
    with pytest.raises(InputError):
        manifest.save(clips(clip=["x", "x"]), tmp_path / "m.csv")
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    "path", ["../x.wav", "a/../../x.wav", "/x.wav", "C:/x.wav", "C:x.wav", "..\\x.wav", "a\\b.wav"]
)
def test_paths_that_leave_the_root_are_an_error(path):
    assert not manifest.stays_under_root(path)
    with pytest.raises(InputError, match="leaves the corpus' root"):
        manifest.locate("root", path)


@given(st.lists(st.text(st.characters(exclude_characters="/\\\0", exclude_categories=["Cs"]), min_size=1), min_size=1))
def test_accepted_paths_resolve_below_the_root(parts):
    path = "/".join(parts)
    if manifest.stays_under_root(path):
        resolved = manifest.locate("/corpus", path)
        assert not resolved.is_absolute() or resolved.resolve().is_relative_to("/corpus")

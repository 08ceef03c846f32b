import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kerasemo import manifest
from kerasemo.corpora import CORPORA, avec2019
from kerasemo.errors import InputError

MANIFESTS = Path(__file__).parents[2] / "data_manifests"
HEADER = "name;timestamp;arousal;valence;liking"
GOOD = [HEADER, "'a';0.000000;0.1;0.2;0.3", "'a';0.100000;0.1;0.2;0.3", "'a';0.200000;0.1;0.2;0.3"]

six_decimals = st.integers(-2_000_000, 2_000_000).map(lambda millionths: millionths / 1e6)
traces = st.dictionaries(
    st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,8}", fullmatch=True),
    arrays(float, st.tuples(st.integers(1, 12), st.just(3)), elements=six_decimals),
    min_size=1,
    max_size=3,
)


def folder_with(folder, lines, name="a.csv"):
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("\n".join(lines) + "\n")
    return folder


@settings(max_examples=40, deadline=None)
@given(traces)
def test_traces_come_back_as_written(tmp_path_factory, written):
    folder = tmp_path_factory.mktemp("traces") / "labels"
    avec2019.write_traces(folder, written)
    found = avec2019.read_traces(folder)
    assert list(found) == sorted(written)
    for recording, trace in found.items():
        assert trace.dtype == np.float64
        np.testing.assert_array_equal(trace, written[recording])


def test_predictions_have_1768_rows_and_go_on_with_their_last(tmp_path):
    trace = np.random.default_rng(0).normal(size=(5, 3)).round(6)
    avec2019.write_predictions(tmp_path / "set", {"Devel_DE_01": trace})
    lines = (tmp_path / "set" / "Devel_DE_01.csv").read_text().splitlines()
    assert len(lines) == 1769
    assert lines[0] == HEADER
    assert re.fullmatch(r"'Devel_DE_01';176\.700000(;-?\d\.\d{6}){3}", lines[-1])
    found = avec2019.read_traces(tmp_path / "set")["Devel_DE_01"]
    np.testing.assert_array_equal(found[:5], trace)
    np.testing.assert_array_equal(found[5:], np.tile(trace[-1], (1763, 1)))


def test_a_folder_is_replaced_only_if_it_is_of_the_same_recordings(tmp_path):
    one, two = np.zeros((1, 3)), np.ones((2, 3))
    avec2019.write_traces(tmp_path / "set", {"a": one, "b": one})
    avec2019.write_traces(tmp_path / "set", {"a": two, "b": two})
    assert len(avec2019.read_traces(tmp_path / "set")["b"]) == 2
    with pytest.raises(InputError, match="something else"):
        avec2019.write_traces(tmp_path / "set", {"a": one})
    assert len(avec2019.read_traces(tmp_path / "set")["a"]) == 2


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ({}, "no traces to write"),
        ({"../a": np.zeros((2, 3))}, "no name for a recording's file"),
        ({"a": np.zeros((0, 3))}, r"shape \(0, 3\)"),
        ({"a": np.zeros((3, 2))}, r"shape \(3, 2\)"),
        ({"a": np.array([[0, 0, np.nan]])}, "NaN or infinity"),
        ({"a": np.zeros((1769, 3))}, "at most 1768"),
    ],
)
def test_traces_that_cannot_be_written_leave_nothing(tmp_path, written, sentence):
    with pytest.raises(InputError, match=sentence):
        avec2019.write_predictions(tmp_path / "set", written)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ([line.replace(";", ",") for line in GOOD], "a.csv separates its columns by commas"),
        ([line.replace(";", "\t") for line in GOOD], "a.csv separates its columns by tabs"),
        ([HEADER.replace("arousal;valence", "valence;arousal"), *GOOD[1:]], "columns in another order"),
        ([HEADER + ";liking", *GOOD[1:]], "right columns and others"),
        ([HEADER.replace(";liking", ""), *GOOD[1:]], "lacks liking in its header"),
        (GOOD[1:], "lacks name, timestamp, arousal, valence, liking"),
        ([HEADER], "no rows below its header"),
        ([""], "is empty or begins with an empty line"),
        ([GOOD[0], *(line + ";1" for line in GOOD[1:])], "has 6 values a row"),
        ([*GOOD[:3], GOOD[3] + ";1"], "a.csv cannot be read as csv: .*line 4"),
        ([*GOOD[:3], "'a';0.200000;0.1;0.2"], r"line 4, column 5 must be a number, not ''"),
        ([*GOOD[:3], "'a';0.200000;0.1;;0.3"], r"line 4, column 4 must be a number, not ''"),
        ([*GOOD[:3], "'a';0.200000;0.1;NaN;0.3"], r"line 4, column 4 must be a number, not '(?i:nan)'"),
        ([*GOOD[:3], "'a';0.200000;inf;0.2;0.3"], r"line 4, column 3 must be a number, not 'inf'"),
        ([*GOOD[:3], "'a';0.200000;0,1;0.2;0.3"], r"line 4, column 3 must be a number, not '0,1'"),
        ([HEADER, "'a';0.0;True;0.2;0.3"], r"line 2, column 3 must be a number, not 'True'"),
        ([*GOOD[:3], GOOD[3].replace("'a'", "'b'")], "line 4 is of 'b', not of a"),
        ([GOOD[0], *GOOD[2:]], "line 2 has timestamp 0.1 where 0.0 must stand"),
        ([*GOOD[:2], GOOD[3]], "line 3 has timestamp 0.2 where 0.1 must stand"),
    ],
)
def test_faults_of_trace_files_are_one_sentence(tmp_path, lines, sentence):
    with pytest.raises(InputError, match=sentence) as caught:
        avec2019.read_traces(folder_with(tmp_path / "labels", lines))
    assert "a.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_folders_without_traces_are_one_sentence(tmp_path):
    for folder, sentence in [(tmp_path / "absent", "is no folder"), (tmp_path, "holds no csv")]:
        for read in (avec2019.read_traces, avec2019.read_features):
            with pytest.raises(InputError, match=re.escape(str(folder)) + " " + sentence):
                read(folder)


def test_windows_line_ends_and_hidden_files_do_not_matter(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"\xef\xbb\xbf" + "\r\n".join(GOOD).encode())
    (tmp_path / "._a.csv").write_bytes(b"\x00\x05\x16\x07")
    np.testing.assert_array_equal(avec2019.read_traces(tmp_path)["a"], [[0.1, 0.2, 0.3]] * 3)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.text(alphabet="'a;,.01-+eN\"\x00 \t", max_size=30), max_size=4).map("\n".join) | st.binary(max_size=60),
    st.booleans(),
)
def test_any_file_is_read_or_refused_in_one_sentence(tmp_path_factory, content, headed):
    folder = tmp_path_factory.mktemp("any")
    content = content if isinstance(content, bytes) else content.encode()
    (folder / "a.csv").write_bytes((HEADER + "\n").encode() * headed + content)
    for read in (avec2019.read_traces, avec2019.read_features):
        try:
            array = read(folder)["a"]
        except InputError as error:
            assert "\n" not in str(error)
        else:
            assert array.ndim == 2
            assert np.isfinite(array).all()


@pytest.mark.parametrize("separator", [";", ","])
@pytest.mark.parametrize("header", [[], ["name{0}timestamp{0}f1{0}f2"]])
@pytest.mark.parametrize("name", ["'a'", "a", "a.wav"])
def test_features_are_read_with_and_without_header(tmp_path, separator, header, name):
    lines = [line.format(separator) for line in header]
    lines += [separator.join([name, f"{0.1 * row:.2f}", f"{row}", f"{-row / 3}"]) for row in range(4)]
    found = avec2019.read_features(folder_with(tmp_path / "set", lines))
    assert list(found) == ["a"]
    np.testing.assert_array_equal(found["a"], [[row, -row / 3] for row in range(4)])


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (["'b';0.0;1", "'b';0.1;1"], "line 1 is of 'b', not of b2"),
        (["'b2';0.00;1", "'b2';0.01;1", "'b2';0.02;1"], "does not have a row every 0.1 s"),
        (["'b2';0.0;1;2", "'b2';0.1;1;2"], r"b2.csv has 2 features and a has 1"),
        (["'b2';0.0", "'b2';0.1"], "has no features"),
        (["'b2'|0.0|1"], "has no features"),
        (["'b2';0.0;x"], "line 1, column 3 must be a number, not 'x'"),
    ],
)
def test_faults_of_feature_files_are_one_sentence(tmp_path, lines, sentence):
    folder = folder_with(tmp_path / "set", ["'a';0.0;1", "'a';0.1;1"])
    with pytest.raises(InputError, match=sentence):
        avec2019.read_features(folder_with(folder, lines, "b2.csv"))


def test_dialogues_are_pairs_of_one_language():
    devel = avec2019.recordings("Devel")
    dialogues = pd.Series(avec2019.dialogues(devel))
    assert list(dialogues.index) == devel
    assert (dialogues.groupby(dialogues).size() == 2).all()
    assert dialogues.nunique() == 14
    for recording, dialogue in dialogues.items():
        _, language, number = recording.split("_")
        assert dialogue.startswith(f"Devel_{language}_")
        assert number in dialogue.rsplit("_", 1)[1].split("+")
    with pytest.raises(InputError, match=r"Train_DE_01, Devel_XX_01, x and others"):
        avec2019.dialogues(["Devel_DE_01", "Train_DE_01", "Devel_XX_01", "x", "y"])


def test_counts_partitions_and_languages_are_the_owners():
    counts = {name: len(avec2019.recordings(name)) for name in avec2019.PARTITIONS}
    assert counts == {"Train": 68, "Devel": 28, "Test": 104}
    assert (avec2019.partition("Test_CN_70"), avec2019.language("Test_CN_70")) == ("Test", "CN")
    for wrong in ["Devel_DE_15", "Devel_DE_00", "Devel_CN_01", "devel_DE_01", "Devel_DE_1", "Devel_DE_01.csv"]:
        with pytest.raises(InputError, match="no recording"):
            avec2019.partition(wrong)
    with pytest.raises(InputError, match="choose from Train, Devel, Test"):
        avec2019.recordings("train")


def test_published_manifest_follows_from_the_counts():
    published = manifest.load(MANIFESTS / "avec2019.csv")
    pd.testing.assert_frame_equal(published, avec2019.official_manifest())
    paired = published.dropna(subset="dialogue").set_index("clip")["dialogue"]
    assert paired.to_dict() == avec2019.dialogues(avec2019.recordings("Devel"))


def test_sound_and_video_of_one_recording_are_one_clip(tmp_path):
    for path in ["audio/Devel_DE_02.wav", "video/Devel_DE_02.mp4", "video/Train_HU_34.avi", "audio/notes.wav"]:
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).touch()
    table = CORPORA["avec2019"]().read(tmp_path)
    assert list(table["clip"]) == ["Train_HU_34", "Devel_DE_02"]
    assert list(table["partition"]) == ["Train", "Devel"]
    assert table["audio"].isna().tolist() == [True, False]
    assert table["video"].tolist() == ["video/Train_HU_34.avi", "video/Devel_DE_02.mp4"]
    assert table["dialogue"].tolist()[1] == "Devel_DE_02+05"
    (tmp_path / "video/Devel_DE_02.avi").touch()
    with pytest.raises(InputError, match="holds Devel_DE_02 twice"):
        avec2019.Avec2019().read(tmp_path)


def test_roots_without_recordings_are_one_sentence(tmp_path):
    with pytest.raises(InputError, match="is no folder"):
        avec2019.Avec2019().read(tmp_path / "absent")
    with pytest.raises(InputError, match="holds no recording such as"):
        avec2019.Avec2019().read(tmp_path)


def test_features_that_begin_late_or_have_another_rate_are_refused(tmp_path):
    rows = "".join(f"'r';{30 + frame / 10:.6f};1.0\n" for frame in range(5))
    (tmp_path / "r.csv").write_text(rows)
    with pytest.raises(InputError, match=r"begins at 30 s; give rows from 0 on"):
        avec2019.read_features(tmp_path)

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kerasemo.corpora import avec2019_files
from kerasemo.errors import InputError

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


def read_features(folder):
    return {recording: array for recording, _, array in avec2019_files.iterate_features(folder)}


@settings(max_examples=40, deadline=None)
@given(traces)
def test_traces_come_back_as_written(tmp_path_factory, written):
    folder = tmp_path_factory.mktemp("traces") / "labels"
    avec2019_files.write_traces(folder, written)
    found = avec2019_files.read_traces(folder)
    assert list(found) == sorted(written)
    for recording, trace in found.items():
        assert trace.dtype == np.float64
        np.testing.assert_array_equal(trace, written[recording])


def test_predictions_have_1768_rows_and_go_on_with_their_last(tmp_path):
    trace = np.random.default_rng(0).normal(size=(5, 3)).round(6)
    avec2019_files.write_predictions(tmp_path / "set", {"Devel_DE_01": trace})
    lines = (tmp_path / "set" / "Devel_DE_01.csv").read_text().splitlines()
    assert len(lines) == 1769
    assert lines[0] == HEADER
    assert re.fullmatch(r"'Devel_DE_01';176\.700000(;-?\d\.\d{6}){3}", lines[-1])
    found = avec2019_files.read_traces(tmp_path / "set")["Devel_DE_01"]
    np.testing.assert_array_equal(found[:5], trace)
    np.testing.assert_array_equal(found[5:], np.tile(trace[-1], (1763, 1)))


def test_a_folder_is_replaced_only_if_it_is_of_the_same_recordings(tmp_path):
    one, two = np.zeros((1, 3)), np.ones((2, 3))
    avec2019_files.write_traces(tmp_path / "set", {"a": one, "b": one})
    avec2019_files.write_traces(tmp_path / "set", {"a": two, "b": two})
    assert len(avec2019_files.read_traces(tmp_path / "set")["b"]) == 2
    with pytest.raises(InputError, match="something else"):
        avec2019_files.write_traces(tmp_path / "set", {"a": one})
    assert len(avec2019_files.read_traces(tmp_path / "set")["a"]) == 2


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
        avec2019_files.write_predictions(tmp_path / "set", written)
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
        avec2019_files.read_traces(folder_with(tmp_path / "labels", lines))
    assert "a.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_folders_without_traces_are_one_sentence(tmp_path):
    for folder, sentence in [(tmp_path / "absent", "is no folder"), (tmp_path, "holds no csv")]:
        for read in (avec2019_files.read_traces, read_features):
            with pytest.raises(InputError, match=re.escape(str(folder)) + " " + sentence):
                read(folder)


def test_windows_line_ends_and_hidden_files_do_not_matter(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"\xef\xbb\xbf" + "\r\n".join(GOOD).encode())
    (tmp_path / "._a.csv").write_bytes(b"\x00\x05\x16\x07")
    np.testing.assert_array_equal(avec2019_files.read_traces(tmp_path)["a"], [[0.1, 0.2, 0.3]] * 3)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.text(alphabet="'a;,.01-+eN\"\x00 \t", max_size=30), max_size=4).map("\n".join) | st.binary(max_size=60),
    st.booleans(),
)
def test_any_file_is_read_or_refused_in_one_sentence(tmp_path_factory, content, headed):
    folder = tmp_path_factory.mktemp("any")
    content = content if isinstance(content, bytes) else content.encode()
    (folder / "a.csv").write_bytes((HEADER + "\n").encode() * headed + content)
    for read in (avec2019_files.read_traces, read_features):
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
    found = read_features(folder_with(tmp_path / "set", lines))
    assert list(found) == ["a"]
    np.testing.assert_array_equal(found["a"], [[row, -row / 3] for row in range(4)])


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (["'b';0.0;1", "'b';0.1;1"], "line 1 is of 'b', not of b2"),
        (["'b2';0.00;1", "'b2';0.01;1", "'b2';0.52;1"], "has rows at irregular times"),
        (["'b2';0.0;1;2", "'b2';0.1;1;2"], r"b2.csv has 2 features and a has 1"),
        (["'b2';0.0", "'b2';0.1"], "has no features"),
        (["'b2'|0.0|1"], "has no features"),
        (["'b2';0.0;x"], "line 1, column 3 must be a number, not 'x'"),
    ],
)
def test_faults_of_feature_files_are_one_sentence(tmp_path, lines, sentence):
    folder = folder_with(tmp_path / "set", ["'a';0.0;1", "'a';0.1;1"])
    with pytest.raises(InputError, match=sentence):
        read_features(folder_with(folder, lines, "b2.csv"))


def test_features_that_begin_late_or_have_another_rate_are_refused(tmp_path):
    rows = "".join(f"'r';{30 + frame / 10:.6f};1.0\n" for frame in range(5))
    (tmp_path / "r.csv").write_text(rows)
    with pytest.raises(InputError, match=r"begins at 30 s; give rows from 0 on"):
        read_features(tmp_path)

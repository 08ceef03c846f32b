"""Tables of clips: reading, names of columns, and what is wrong with them."""

import json

import pytest

from kerasemo import manifest
from kerasemo.corpora.table import Nkululeko, Table
from kerasemo.errors import InputError


@pytest.fixture
def root(tmp_path):
    for path in ("root/a.wav", "root/b.wav", "root/film/c.mp4"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    return tmp_path / "root"


def read(root, text, columns="", name="clips.csv"):
    path = root.parent / name
    path.write_text(text, encoding="utf-8")
    return Table(clips=path, columns=columns).read(root)


ROWS = [["path", "label", "who"], ["a.wav", "sad", "007"], ["film/c.mp4", "angry", "NA"]]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("clips.csv", "\n".join(map(",".join, ROWS))),
        ("clips.csv", "\ufeff" + "\r\n".join(map(";".join, ROWS)) + "\r\n"),
        ("clips.tsv", "\n".join(map("\t".join, ROWS))),
        ("clips.jsonl", "\n".join(json.dumps(dict(zip(ROWS[0], row, strict=True))) for row in ROWS[1:]) + "\n\n"),
    ],
)
def test_any_kind_of_table_gives_the_same_manifest(root, name, text):
    table = read(root, text, "file=path, emotion=label ,speaker=who", name)
    assert table["clip"].tolist() == ["a", "film/c"]
    assert table["audio"].tolist() == ["a.wav", "film/c.mp4"]
    assert table["video"].isna().tolist() == [True, False] and table["video"][1] == "film/c.mp4"
    assert table["emotion"].tolist() == ["sad", "angry"] and table["speaker"].tolist() == ["007", "NA"]
    assert table.columns.tolist() == [*manifest.COLUMNS, "emotion"]


def test_a_manifest_is_a_table_too(root):
    header, row = (
        "clip,audio,video,start_s,end_s,speaker,gender,dialogue,fold",
        "x,a.wav,film/c.mp4,0.5,1.0,s,female,d,3",
    )
    [clip] = read(root, f"{header}\n{row}\n").to_dict("records")
    assert [*clip] == header.split(",") and [str(value) for value in clip.values()] == row.split(",")


def test_values_of_others_are_understood(root):
    rows = f"{root}/a.wav,0 days 00:00:01.5,2,F,03\n./b.wav,0,,unknown,\nfilm\\c.mp4,,,,\n"
    first, second, third = read(root, f"file,start_s,end_s,gender,kept\n{rows}").to_dict("records")
    assert third["audio"] == "film/c.mp4"
    assert (first["audio"], first["start_s"], first["end_s"]) == ("a.wav", 1.5, 2.0)
    assert (first["gender"], first["kept"]) == ("female", "03")
    assert second["audio"] == "b.wav" and str(second["start_s"]) == str(second["gender"]) == "nan"


def test_json_keeps_numbers_and_leaves_null_empty(root):
    table = read(root, '{"file": "a.wav", "n": 1, "x": 0.1, "t": true, "s": null}\n{"file": "b.wav"}\n', name="c.jsonl")
    assert table.loc[0, ["n", "x", "t"]].tolist() == ["1", "0.1", "true"]
    assert table.loc[1, ["n", "x", "t"]].isna().all() and table["s"].isna().all()


def test_parts_of_one_file_have_names_of_their_own(root):
    table = read(root, "file,start_s,end_s\na.wav,0,1.5\na.wav,1.5,3\nb.wav,,\n")
    assert table["clip"].tolist() == ["a.wav@0", "a.wav@1.5", "b"]


def test_one_column_can_be_two_of_the_manifest(root):
    [clip] = read(root, "file,film\na.wav,x\n", "speaker=film,dialogue=film").to_dict("records")
    assert clip["speaker"] == clip["dialogue"] == "x"


def test_a_named_column_counts_before_one_of_the_same_name(root):
    table = read(root, "file,emotion,label\na.wav,1,sad\nb.wav,happy,\n", "emotion=label")
    assert table["emotion"].tolist() == ["sad", "happy"] and "label" not in table


def test_what_is_not_known_is_said(root):
    table = read(root, "file,mood,speaker\na.wav,sad,s\nb.wav,calm,\n")
    assert table["speaker"].tolist() == ["s", "b"]
    emotion, speaker = Table().notes(table)
    assert emotion.startswith("There is no column emotion;") and emotion.endswith(": mood.")
    assert speaker.startswith("The speaker of 1 of 2 clips is not known")
    [single] = Table().notes(read(root, "file,emotion,speaker\na.wav,sad,s\nb.wav,sad,t\n"))
    assert single.startswith("All 2 clips are of one class, sad:")
    assert Table().notes(read(root, "file,emotion,speaker\na.wav,sad,s\nb.wav,calm,t\n")) == []


@pytest.mark.parametrize(
    ("text", "columns", "sentence"),
    [
        ("", "", "cannot be read as a CSV"),
        ("file\n", "", "lists no clip"),
        ("path,label\na.wav,sad\n", "", "needs a column file, video or audio .*; it has: path, label"),
        ("path,label\na.wav,sad\n", "file=path,emotion=mood", "has no column mood; it has: path, label"),
        ("file,emotion\na.wav,sad\nb.wav,\n", "", "1 clips without an emotion, the first in line 3"),
        (
            "file\nz.wav\n",
            "",
            "none of the files that .* lists is in .*; give the folder that its paths start",
        ),
        ("file\n/elsewhere/a.wav\n", "", "none of the files"),
        ("file\na.wav\n../a.wav\n", "", r"leaves the corpus' root \(line 3\)"),
        ("file\na.wav\na.wav\n", "", "clip stands twice"),
        ("file,gender\na.wav,lady\n", "", "gender is none of female, male"),
        ("file,start_s\na.wav,soon\n", "", "start_s in line 2 is no number of seconds: soon"),
        ("file,emotion\na.wav,speaker\n", "", "no class can be called speaker"),
    ],
)
def test_a_wrong_table_is_named(root, text, columns, sentence):
    with pytest.raises(InputError, match=sentence):
        read(root, text, columns)


@pytest.mark.parametrize("text", ["{", "[1]\n", '"a"\n', "\x00"])
def test_wrong_json_lines_are_named(root, text):
    with pytest.raises(InputError, match=r"cannot be read as a CSV \(or \.jsonl\) of clips"):
        read(root, text, name="c.jsonl")


def test_a_root_that_is_not_there_is_named(root):
    read(root, "file\na.wav\n")
    with pytest.raises(InputError, match="absent is no folder; give the folder that the paths of"):
        Table(clips=root.parent / "clips.csv").read(root / "absent")


@pytest.mark.parametrize("columns", ["file", "file=", "=path", "file=a=b", "file=a,,emotion=b"])
def test_columns_are_pairs(columns):
    with pytest.raises(InputError, match=r"columns must look like file=path,emotion=label,speaker=who\. Received: "):
        Table(columns=columns)


def test_a_format_names_the_column_that_it_needs(root):
    (root.parent / "n.csv").write_text("path,emotion\na.wav,sad\n")
    with pytest.raises(InputError, match="has no column file; it has: path, emotion"):
        Nkululeko(clips=root.parent / "n.csv").read(root)

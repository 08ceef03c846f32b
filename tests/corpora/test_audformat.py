"""Databases in audformat, made by its owners' package."""

import pickle
import sys

import pandas as pd
import pytest

from kerasemo import manifest
from kerasemo.corpora import Audformat
from kerasemo.errors import InputError

audformat = pytest.importorskip("audformat", reason="needs the extra `audformat`")


def column(table, name, values, scheme=None):
    table[name] = audformat.Column(scheme_id=scheme)
    table[name].set(values)


@pytest.fixture
def database():
    """Parts of two files; speakers, their gender and the split are in other places."""
    db = audformat.Database("db")
    db.schemes["emotion"] = audformat.Scheme("str", labels=["anger", "joy"])
    people = {3: {"gender": "male", "age": 31}, 8: {"gender": "female", "age": 34}}
    db.schemes["speaker"] = audformat.Scheme("int", labels=people)
    db.schemes["valence"] = audformat.Scheme("float")
    db["files"] = audformat.Table(audformat.filewise_index(["a.wav", "b.wav", "c.wav"]))
    column(db["files"], "speaker", [3, 8, 8], "speaker")
    parts = audformat.segmented_index(["a.wav", "a.wav", "b.wav"], ["0s", "1.25s", "0s"], ["1.25s", "2s", pd.NaT])
    db["emotion"] = audformat.Table(parts)
    column(db["emotion"], "emotion", ["anger", "joy", "joy"], "emotion")
    column(db["emotion"], "valence", [0.5, None, 1.0], "valence")
    for split, files in {"train": ["a.wav"], "test": ["b.wav", "c.wav"]}.items():
        db.splits[split] = audformat.Split(split)
        db[f"files.{split}"] = audformat.Table(audformat.filewise_index(files), split_id=split)
    return db


@pytest.fixture
def save(tmp_path):
    """Save a database with empty media files, and return its root."""

    def saved(db, **options):
        db.save(tmp_path, **options)
        for name in "abc":
            (tmp_path / f"{name}.wav").touch()
        return tmp_path

    return saved


@pytest.mark.parametrize("storage_format", ["csv", "parquet"])
def test_speakers_genders_and_splits_are_looked_up(database, save, storage_format):
    table = Audformat(table="emotion").read(save(database, storage_format=storage_format))
    assert table.columns.tolist() == [*manifest.COLUMNS, "emotion", "valence", "partition"]
    assert table["clip"].tolist() == ["a.wav@0", "a.wav@1.25", "b"]
    assert table["start_s"].tolist()[:2] == [0.0, 1.25] and table["start_s"].isna()[2]
    assert table["end_s"].tolist()[:2] == [1.25, 2.0] and table["end_s"].isna()[2]
    assert table["speaker"].tolist() == ["3", "3", "8"] and table["gender"].tolist() == ["male", "male", "female"]
    assert table["emotion"].tolist() == ["anger", "joy", "joy"]
    assert table["partition"].tolist() == ["train", "train", "test"]


def test_speakers_in_a_table_of_their_own(database, save):
    index = pd.Index([3, 8], name="speaker", dtype="Int64")
    database["speaker"] = audformat.MiscTable(index)
    database.schemes["gender"] = audformat.Scheme("str", labels=["female", "male"])
    column(database["speaker"], "gender", ["female", "male"], "gender")
    database.schemes["speaker"].replace_labels("speaker")
    table = Audformat(table="emotion").read(save(database))
    assert table["speaker"].tolist() == ["3", "3", "8"] and table["gender"].tolist() == ["female", "female", "male"]


def test_several_tables_with_a_split_each(database, save):
    for split, files, emotions in (("train", ["a.wav", "b.wav"], ["joy", "anger"]), ("test", ["c.wav"], ["joy"])):
        name = f"gold.{split}"
        database[name] = audformat.Table(audformat.filewise_index(files), split_id=split)
        column(database[name], "category", emotions, "emotion")
    table = Audformat(table="gold.train, gold.test", columns="emotion=category").read(save(database))
    assert table["clip"].tolist() == ["a", "b", "c"] and table["emotion"].tolist() == ["joy", "anger", "joy"]
    assert table["partition"].tolist() == ["train", "train", "test"]


def test_a_file_in_several_splits_is_in_no_partition(database, save):
    database["more"] = audformat.Table(audformat.filewise_index(["b.wav"]), split_id="train")
    table = Audformat(table="emotion").read(save(database))
    assert table["partition"].tolist()[:2] == ["train", "train"] and table["partition"].isna()[2]


def test_a_table_without_emotions_is_read_with_a_note(database, save):
    table = Audformat(table="files").read(save(database))
    assert table["clip"].tolist() == ["a", "b", "c"] and table["gender"].tolist() == ["male", "female", "female"]
    assert table["partition"].tolist() == ["train", "test", "test"] and "emotion" not in table
    [note] = Audformat(table="files").notes(table)
    assert note.startswith("There is no column emotion;")


class Trap:
    def __reduce__(self):
        return exec, ("import sys; sys.kerasemo_trap = True",)


def test_pickled_tables_are_never_read(database, save):
    root = save(database)
    (root / "db.emotion.pkl").write_bytes(pickle.dumps(Trap()))
    assert len(Audformat(table="emotion").read(root)) == 3
    (root / "db.emotion.parquet").unlink()
    with pytest.raises(InputError, match="cannot be read as a database in audformat"):
        Audformat(table="emotion").read(root)
    assert not hasattr(sys, "kerasemo_trap")


def test_a_split_becomes_tables_of_the_database(tmp_path):
    rows = "clip,audio,video,start_s,end_s,speaker,gender,dialogue,emotion,partition\n"
    rows += "x,a.wav,,,,s,female,,sad,train\ny,b.wav,,,,t,male,,joy,valid\nz,c.wav,,,,t,,,joy,\n"
    (tmp_path / "m.csv").write_text(rows)
    Audformat.write(manifest.load(tmp_path / "m.csv"), tmp_path, tmp_path / "new")
    db = audformat.Database.load(tmp_path / "new")
    assert {split: each.type for split, each in db.splits.items()} == {"train": "train", "valid": "dev"}
    assert db["clips"].index.tolist() == ["a.wav", "b.wav", "c.wav"] and db["clips.valid"].index.tolist() == ["b.wav"]
    assert db["clips"]["emotion"].get().tolist() == ["sad", "joy", "joy"]
    assert db.schemes["gender"].labels == ["female", "male"]
    assert not list((tmp_path / "new").glob("*.pkl"))


def test_wrong_databases_are_named(database, save, tmp_path, monkeypatch):
    with pytest.raises(InputError, match=r"holds no db\.yaml; give the root of a database"):
        Audformat(table="emotion").read(tmp_path)
    root = save(database)
    with pytest.raises(InputError, match=r"has no table emotions, x; it has: emotion, files, files\.test, "):
        Audformat(table="emotions,x").read(root)
    with pytest.raises(InputError, match="has no column mood; it has: file, start, end, emotion"):
        Audformat(table="emotion", columns="emotion=mood").read(root)
    (root / "db.yaml").write_text("name: [")
    with pytest.raises(InputError, match="cannot be read as a database in audformat"):
        Audformat(table="emotion").read(root)
    monkeypatch.setitem(sys.modules, "audformat", None)
    with pytest.raises(InputError, match=r"do `pip install kerasemo\[audformat\]`"):
        Audformat(table="emotion").read(root)


def test_two_clips_of_the_same_part_are_named(tmp_path):
    rows = "clip,audio,video,start_s,end_s,speaker,gender,dialogue\nx,a.wav,,,,s,,\ny,a.wav,,,,s,,\n"
    (tmp_path / "m.csv").write_text(rows)
    with pytest.raises(InputError, match="the clip y is the same"):
        Audformat.write(manifest.load(tmp_path / "m.csv"), tmp_path, tmp_path)

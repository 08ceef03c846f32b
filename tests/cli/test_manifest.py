"""`kerasemo manifest`."""

import typing

import pandas as pd
import pytest

from kerasemo import manifest
from kerasemo.cli.manifest import To
from kerasemo.corpora import FORMATS


def test_manifest_is_written_and_valid(corpus):
    assert len(manifest.load(corpus / "manifest.csv")) == 12


def test_manifest_of_a_folder_says_what_is_not_known_of_it(kerasemo, tmp_path):
    for path in ("root/sad/a__1.wav", "root/sad/b__1.wav", "root/happy/a__2.wav", "root/happy/3.wav"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    done = kerasemo("manifest", "folder", "--root", tmp_path / "root", "-o", tmp_path / "m.csv")
    assert done.exit_code == 0, done.output
    first, note = done.output.splitlines()
    assert first.endswith("m.csv: 4 clips of 3 groups") and note.startswith("Of 1 of 4 clips neither source nor")
    (tmp_path / "c.csv").write_text("audio,emotion,source\nsad/a__1.wav,sad,a\nhappy/a__2.wav,happy,b\n")
    csv = ("--force", "--root", tmp_path / "root", "-o", tmp_path / "m.csv", "--clips", tmp_path / "c.csv")
    assert kerasemo("manifest", "folder", *csv).output.splitlines()[0].endswith("m.csv: 2 clips of 2 groups")


def test_the_manifest_of_dialogues_heeds_its_options(kerasemo, dialogues, tmp_path):
    call = ("manifest", "iemocap", "--root", dialogues / "root", "-o", tmp_path / "m.csv", "--emotion")
    assert kerasemo(*call, "neu", "--ties", "drop", "--merge-excited", "--improvised-only").exit_code == 0
    table = manifest.load(tmp_path / "m.csv")
    assert list(table["emotion"]) == ["neu"] and set(table["scenario"]) == {"improvised"}
    done = kerasemo(*call, "happy")
    assert done.exit_code == 2 and "emotions must be one of neu, ang" in done.stderr


def test_every_format_can_be_asked_for():
    (choices, _) = typing.get_args(typing.get_args(To)[0])
    assert [*typing.get_args(choices)] == [*FORMATS]


def test_a_file_that_exists_is_replaced_only_with_force(kerasemo, corpus, tmp_path):
    output = tmp_path / "m.csv"
    output.write_text("precious")
    call = ("manifest", "ravdess", "--root", corpus / "root", "-o", output)
    done = kerasemo(*call)
    assert done.exit_code == 2 and "m.csv exists; give another --output, or replace it with --force." in done.stderr
    assert output.read_text() == "precious"
    assert kerasemo(*call, "--force").exit_code == 0 and len(manifest.load(output)) == 12


@pytest.mark.parametrize(("name", "output"), [("nkululeko", "n.csv"), ("emobox", "e.jsonl")])
def test_a_corpus_goes_to_another_tool_and_comes_back(kerasemo, corpus, tmp_path, name, output):
    call = ("--root", corpus / "root", "-o")
    done = kerasemo("manifest", "ravdess", *call, tmp_path / output, "--to", name)
    assert done.exit_code == 0 and done.output.endswith(f"{output}: 12 clips of 2 speakers\n"), done.output
    done = kerasemo("manifest", name, "--clips", tmp_path / output, *call, tmp_path / "m.csv")
    assert done.exit_code == 0, done.output
    pd.testing.assert_frame_equal(manifest.load(tmp_path / "m.csv"), manifest.load(corpus / "manifest.csv"))


def test_a_database_in_audformat_is_written_beside_its_files(kerasemo, corpus, tmp_path):
    pytest.importorskip("audformat", reason="needs the extra `audformat`")
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "wavs").symlink_to(corpus / "root")
    call = ("--root", tmp_path / "root", "-o")
    assert kerasemo("manifest", "ravdess", "--root", corpus / "root", "-o", tmp_path / "r.csv").exit_code == 0
    table = manifest.load(tmp_path / "r.csv")
    manifest.save(table.assign(audio="wavs/" + table["audio"]), tmp_path / "r.csv")
    to = ("manifest", "table", "--clips", tmp_path / "r.csv", *call, tmp_path / "root", "--to", "audformat")
    assert kerasemo(*to).exit_code == 0 and (tmp_path / "root" / "db.yaml").is_file()
    assert kerasemo(*to).exit_code == 2 and kerasemo(*to, "--force").exit_code == 0
    done = kerasemo("manifest", "audformat", *call, tmp_path / "m.csv", "--table", "clips")
    assert done.exit_code == 0 and done.output.endswith("m.csv: 12 clips of 2 speakers\n"), done.output
    pd.testing.assert_frame_equal(manifest.load(tmp_path / "m.csv"), manifest.load(tmp_path / "r.csv"))


def test_wrong_columns_are_a_wrong_call(kerasemo, tmp_path):
    (tmp_path / "c.csv").touch()
    call = ("table", "--clips", tmp_path / "c.csv", "--root", tmp_path, "-o", tmp_path / "m.csv", "--columns", "label")
    done = kerasemo("manifest", *call)
    assert done.exit_code == 2 and "columns must look like file=path,emotion=label,speaker=who." in done.stderr

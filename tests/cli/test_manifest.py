"""`kerasemo manifest`."""

from kerasemo import manifest


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

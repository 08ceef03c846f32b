"""`kerasemo synth`."""

from kerasemo.corpora import avec2019_files


def test_synth_writes_a_corpus_once(kerasemo, tmp_path):
    arguments = ("synth", "ravdess", "-o", tmp_path / "r", "--actors", 1, "--clips-per-emotion", 1, "--jobs", 2)
    assert kerasemo(*arguments).exit_code == 0
    written = {path: path.stat().st_mtime_ns for path in (tmp_path / "r").rglob("*.*")}
    assert len([path for path in written if path.suffix == ".mp4"]) == 14
    assert kerasemo(*arguments).exit_code == 0
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "r").rglob("*.*")} == written


def test_synth_films_are_a_folder_of_classes(kerasemo, tmp_path):
    arguments = ("synth", "films", "-o", tmp_path / "f", "--films", 1, "--clips", 1, "--lean", 1, "--faceless", 1)
    assert kerasemo(*arguments, "--jobs", 1).exit_code == 0
    done = kerasemo("manifest", "folder", "--root", tmp_path / "f", "-o", tmp_path / "m.csv")
    assert done.exit_code == 0 and "1 clips of 1 groups\nAll 1 clips are of one class, angry" in done.output


def test_synth_leaves_other_folders_alone(kerasemo, tmp_path):
    (tmp_path / "precious.txt").touch()
    done = kerasemo("synth", "ravdess", "-o", tmp_path)
    assert done.exit_code == 1 and done.stderr.startswith("Error: ")
    assert [path.name for path in tmp_path.iterdir()] == ["precious.txt"]


def test_synth_writes_the_other_corpus(kerasemo, tmp_path):
    done = kerasemo("synth", "avec2019", "-o", tmp_path / "s", "--train", 2, "--devel", 2, "--width", 8, "--jobs", 2)
    assert done.exit_code == 0, done.output
    assert len(avec2019_files.read_traces(tmp_path / "s" / "labels")) == 8

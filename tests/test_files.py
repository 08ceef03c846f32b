import pytest

from kerasemo import files


def test_an_error_in_the_block_keeps_only_the_old_file(tmp_path):
    path = tmp_path / "scores.csv"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt), files.whole(path) as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_replaces_an_existing_one(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "old").touch()
    with files.whole(folder) as temporary:
        temporary.mkdir()
        (temporary / "new").touch()
    assert [path.name for path in folder.iterdir()] == ["new"]
    assert list(tmp_path.iterdir()) == [folder]


def test_sweep_removes_only_incomplete_files(tmp_path):
    whole = files.whole(tmp_path / "a" / "half.txt")
    whole.__enter__().write_text("h")  # killed here
    (tmp_path / "a" / "done.txt").touch()
    files.sweep(tmp_path)
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["done.txt"]


def test_user_cache_depends_on_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("KERASEMO_CACHE", str(tmp_path))
    assert files.user_cache("features", "mfcc") == tmp_path / "features" / "mfcc"

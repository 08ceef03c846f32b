import pytest

from kerasemo.corpora.synthetic import is_synthetic, marker
from kerasemo.errors import InputError


def test_marked_folder_is_recognised(tmp_path):
    assert not is_synthetic(tmp_path)
    assert not is_synthetic(tmp_path / "missing")
    marker.write(tmp_path, "ravdess", {"seed": 1})
    assert is_synthetic(tmp_path)


@pytest.mark.parametrize("content", ["", "{", "[]", '"synthetic_corpus"', '{"seed": 1}', "\udcff"])
def test_other_json_is_no_mark(tmp_path, content):
    (tmp_path / marker.NAME).write_bytes(content.encode("utf-8", "surrogateescape"))
    assert not is_synthetic(tmp_path)


def test_nothing_stands_in_a_missing_or_empty_folder(tmp_path):
    assert not marker.stands(tmp_path, "ravdess", {})
    assert not marker.stands(tmp_path / "missing", "ravdess", {})


def test_only_the_same_corpus_stands(tmp_path):
    marker.write(tmp_path, "ravdess", {"actors": [1, 2], "clips_per_emotion": None})
    assert marker.stands(tmp_path, "ravdess", {"clips_per_emotion": None, "actors": [1, 2]})
    for corpus, parameters in [
        ("ravdess", {"actors": [1]}),
        ("iemocap", {"actors": [1, 2], "clips_per_emotion": None}),
    ]:
        with pytest.raises(InputError, match="other parameters"):
            marker.stands(tmp_path, corpus, parameters)


def test_foreign_files_are_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match="no synthetic corpus"):
        marker.stands(tmp_path, "ravdess", {})
    with pytest.raises(InputError, match="is a file"):
        marker.stands(tmp_path / "thesis.txt", "ravdess", {})

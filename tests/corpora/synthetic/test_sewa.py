import json

import numpy as np
import pytest

from kerasemo.corpora import avec2019, avec2019_files
from kerasemo.corpora.synthetic import SyntheticSewa, is_synthetic
from kerasemo.corpora.synthetic import sewa as writer
from kerasemo.errors import InputError

SMALL = {"train": 4, "devel": 2, "frames": (30, 50), "width": 9, "seed": 5}


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    root = tmp_path_factory.mktemp("small") / "sewa"
    SyntheticSewa(**SMALL).write(root)
    return root


def contents(root):
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*.csv")}


def test_folders_are_the_official_ones_and_hold_the_same_recordings(small):
    assert sorted(path.name for path in small.iterdir()) == sorted(
        ["labels", "synthetic.json", *avec2019.FEATURE_SETS.values()]
    )
    expected = ["Devel_DE_01", "Devel_DE_12", "Devel_HU_01", "Devel_HU_14"]
    expected += [f"Train_{language}_{number:02d}" for language in ("DE", "HU") for number in (1, 2, 3, 4)]
    labels = avec2019_files.read_traces(small / "labels")
    assert list(labels) == sorted(expected)
    assert all(30 <= len(trace) <= 50 for trace in labels.values())
    assert np.abs(np.concatenate([*labels.values()])).max() <= 1
    for name in avec2019.FEATURE_SETS.values():
        features = {recording: array for recording, _, array in avec2019_files.iterate_features(small / name)}
        assert {recording: array.shape for recording, array in features.items()} == {
            recording: (len(trace), 9) for recording, trace in labels.items()
        }


def test_partners_share_sound_but_not_sight(small):
    dialogues = [["Devel_DE_01", "Devel_DE_12"], ["Devel_HU_01", "Devel_HU_14"], ["Train_DE_03", "Train_DE_04"]]
    for name in avec2019.FEATURE_SETS.values():
        features = {recording: array for recording, _, array in avec2019_files.iterate_features(small / name)}
        for one, other in dialogues:
            assert np.array_equal(features[one], features[other]) == name.startswith("audio")
        assert not np.array_equal(features["Train_DE_01"][:30], features["Train_DE_03"][:30])
    labels = avec2019_files.read_traces(small / "labels")
    assert not np.array_equal(labels["Devel_DE_01"], labels["Devel_DE_12"])


def test_both_kinds_of_file_are_there(small):
    first = {
        name: (small / name / "Train_DE_01.csv").read_text().split("\n")[0] for name in avec2019.FEATURE_SETS.values()
    }
    with_header = {name for name, line in first.items() if line.startswith("name;timestamp;")}
    assert len(with_header) == 9
    assert all(first[name].startswith("Train_DE_01,0.0,") for name in first.keys() - with_header)


def test_recordings_depend_neither_on_jobs_nor_on_each_other(small, tmp_path):
    one_set = ["visual_features_xbow"]
    less = SMALL | {"train": 2}
    SyntheticSewa(**less, languages=["HU"], feature_sets=one_set).write(tmp_path / "less", jobs=2)
    less, whole = contents(tmp_path / "less"), contents(small)
    assert len(less) == 8
    assert less.items() <= whole.items()


def test_same_parameters_leave_the_corpus_alone_and_others_are_an_error(small):
    before = (small / "synthetic.json").stat().st_mtime_ns
    SyntheticSewa(**SMALL, languages=("HU", "DE")).write(small, jobs=2)
    assert (small / "synthetic.json").stat().st_mtime_ns == before
    assert is_synthetic(small)
    assert json.loads((small / "synthetic.json").read_text())["parameters"]["languages"] == ["DE", "HU"]
    with pytest.raises(InputError, match="other parameters"):
        SyntheticSewa(**SMALL | {"seed": 6}).write(small)


def test_whole_size_is_the_real_corpus():
    sides = SyntheticSewa()._sides()
    names = [side.name for side in sides]
    assert sorted(names) == sorted(avec2019.recordings("Train") + avec2019.recordings("Devel"))
    lengths = [side.n_frames for side in sides]
    assert min(lengths) >= 974
    assert max(lengths) <= 1768
    partners: dict[tuple, list[str]] = {}
    for side in sides:
        partners.setdefault(side.dialogue, []).append(side.name)
    known = avec2019.dialogues(avec2019.recordings("Devel"))
    for pair in partners.values():
        assert len(pair) == 2
        assert len({known.get(name) for name in pair}) == 1


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_an_interrupted_corpus_leaves_nothing(tmp_path, monkeypatch, error):
    perform, calls = writer._perform, []

    def interrupted(*arguments):
        calls.append(arguments)
        if len(calls) == 3:
            raise error
        perform(*arguments)

    monkeypatch.setattr(writer, "_perform", interrupted)
    with pytest.raises(error):
        SyntheticSewa(**SMALL).write(tmp_path / "c")
    assert len(calls) == 3
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"train": 3}, "train must be even"),
        ({"devel": 16}, "devel must lie between 2 and 14"),
        ({"languages": []}, "languages must have an entry"),
        ({"languages": ["CN"]}, "languages must be one of DE, HU"),
        ({"feature_sets": ["au"]}, "feature_sets must be one of audio_features_egemaps"),
        ({"frames": (0, 10)}, "frames must be shortest and longest"),
        ({"frames": (11, 10)}, "frames must be shortest and longest"),
        ({"frames": (1, 1769)}, "frames must be shortest and longest"),
        ({"width": 7}, "width must be at least 8"),
        ({"seed": -1}, "seed must be at least 0"),
    ],
)
def test_wrong_parameters_are_named_before_any_work(tmp_path, wrong, message):
    with pytest.raises(InputError, match=message):
        SyntheticSewa(**wrong).write(tmp_path / "c")
    assert list(tmp_path.iterdir()) == []

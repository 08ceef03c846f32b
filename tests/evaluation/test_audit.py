import numpy as np
import pandas as pd
import pytest
import soundfile

from kerasemo.errors import InputError
from kerasemo.evaluation.audit import audit, find_sounds, read_split, without_side


@pytest.fixture
def corpus(tmp_path):
    """Four clips; c is a copy of a under another name, and belongs to the same dialogue as b."""
    for name, content in {"a": b"1", "b": b"2", "c": b"1", "d": b"3"}.items():
        (tmp_path / f"{name}.wav").write_bytes(content)
    return tmp_path, pd.DataFrame(
        {
            "clip": list("abcd"),
            "audio": [f"{name}.wav" for name in "abcd"],
            "video": None,
            "speaker": ["s1", "s2", "s3", "s1"],
            "dialogue": ["x", "y", "y", None],
        }
    )


def split(**sides: str) -> pd.DataFrame:
    rows = [(clip, side) for side, clips in sides.items() for clip in clips]
    return pd.DataFrame(rows, columns=["clip", "side"])


def leak_names(leaks: pd.DataFrame) -> set[tuple]:
    return set(leaks[["kind", "name"]].itertuples(index=False, name=None))


def test_all_kinds_of_leaks_are_found(corpus):
    root, manifest = corpus
    leaks = audit(manifest, split(train="ab", test="cda"), root)
    digest = next(name for kind, name in leak_names(leaks) if kind == "content")
    assert leak_names(leaks) == {
        ("clip", "a"),
        ("speaker", "s1"),
        ("dialogue", "x"),
        ("dialogue", "y"),
        ("file", "a.wav"),
        ("content", digest),
    }
    assert leaks.set_index("kind").loc["speaker", ["sides", "clips"]].tolist() == ["test | train", 2]
    assert leaks.set_index("kind").loc["content", "clips"] == 2


def test_without_the_root_contents_are_not_compared(corpus):
    _, manifest = corpus
    assert leak_names(audit(manifest, split(train="a", test="c"))) == set()


def test_a_clean_split_has_no_leak(corpus):
    root, manifest = corpus
    assert audit(manifest, split(train="acd", test=""), root).empty


def test_clips_missing_in_the_split_are_counted(corpus):
    _, manifest = corpus
    assert without_side(manifest, split(train="a", test="c")) == 2


def test_folds_of_speakers_are_accepted_as_a_split(corpus, tmp_path):
    _, manifest = corpus
    path = tmp_path / "folds.csv"
    path.write_text("speaker,fold\ns1,0\ns2,0\ns3,1\n")
    assert leak_names(audit(manifest, read_split(path))) == {("dialogue", "y")}


def test_rows_without_a_side_are_left_out(tmp_path):
    (tmp_path / "m.csv").write_text("clip,speaker,partition\na,s,train\nb,s,\n")
    assert read_split(tmp_path / "m.csv").to_numpy().tolist() == [["a", "train"]]


@pytest.mark.parametrize(
    "content", ["", "clip\na\n", "clip,partition\n", "clip,partition\na,\n", "clip,fold\n,1\n", "name,side\na,b\n"]
)
def test_invalid_split_files_are_an_error(tmp_path, content):
    (tmp_path / "split.csv").write_text(content)
    with pytest.raises(InputError, match="split"):
        read_split(tmp_path / "split.csv")


def test_clips_missing_in_the_manifest_are_an_error(corpus):
    with pytest.raises(InputError, match="does not have: z"):
        audit(corpus[1], split(train="a", test="z"))


def test_a_missing_file_is_an_error(corpus, tmp_path):
    root, manifest = corpus
    (root / "b.wav").unlink()
    with pytest.raises(InputError, match=r"b\.wav is not there"):
        audit(manifest, split(train="a", test="b"), root)


@pytest.fixture
def noises(tmp_path):
    """Clips a, b of one noise in two formats; c, d parts of one file that overlap, but not with e; f is broken."""
    rng = np.random.default_rng(0)
    one, long = 0.1 * rng.standard_normal((2, 16_000 * 6))
    soundfile.write(tmp_path / "a.wav", one[:48_000], 16_000)
    soundfile.write(tmp_path / "b.flac", one[:48_000], 16_000)
    soundfile.write(tmp_path / "long.wav", long, 16_000)
    (tmp_path / "f.wav").write_bytes(b"no sound")
    soundfile.write(tmp_path / "g.wav", one[:8000], 16_000)
    rows = [("a", "a.wav", None, None), ("b", "b.flac", None, None), ("f", "f.wav", None, None)]
    rows += [("c", "long.wav", 0.0, 2.0), ("d", "long.wav", 1.0, 3.0), ("e", "long.wav", 3.0, 6.0)]
    rows += [("g", "g.wav", None, None)]
    table = pd.DataFrame(rows, columns=["clip", "audio", "start_s", "end_s"])
    return tmp_path, table.assign(video=None, speaker=table["clip"], dialogue=None)


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_same_sound_in_other_files_is_found(noises, jobs):
    root, manifest = noises
    sounds, unheard = find_sounds(manifest, root, jobs)
    assert {clip: names for clip, names in sounds.items() if names} == {clip: ["a.wav = b.flac"] for clip in "ab"}
    assert unheard.keys() == {"f.wav", "g.wav"}
    assert "is no sound file" in unheard["f.wav"] and unheard["g.wav"].endswith("g.wav is too short to be compared.")
    leaks = audit(manifest, split(train="ac", test="bf"), root, sounds)
    assert leaks.to_numpy().tolist() == [["sound", "a.wav = b.flac", "test | train", 2]]
    assert audit(manifest, split(train="ab", test="c"), root, sounds).empty


def test_a_clip_s_own_sound_and_video_are_no_leak(noises):
    root, manifest = noises
    both = manifest[:1].assign(video="b.flac")
    sounds, _ = find_sounds(both, root)
    assert sounds == {"a": ["a.wav = b.flac"]}
    assert "sound" not in set(audit(both, split(train="a", test="a"), root, sounds)["kind"])


def test_times_apply_to_the_medium_that_has_no_file_of_its_own(noises):
    root, manifest = noises
    soundfile.write(root / "part.flac", soundfile.read(root / "long.wav")[0][48_000:], 16_000)
    clip = manifest[manifest["clip"] == "e"].assign(audio="part.flac", video="long.wav", whole_file="audio")
    assert find_sounds(clip, root)[0] == {"e": ["long.wav (3 s to 6 s) = part.flac"]}


def test_other_parts_of_the_same_two_files_are_another_recording(noises):
    """A split of parts, each of which is on one side in both files."""
    root, manifest = noises
    soundfile.write(root / "long.flac", soundfile.read(root / "long.wav")[0], 16_000)
    wavs = manifest[manifest["clip"].isin(["c", "e"])]
    both = pd.concat([wavs, wavs.assign(clip=["C", "E"], audio="long.flac", end_s=[2.0, None])]).assign(speaker="s")
    sounds, _ = find_sounds(both, root)
    assert sounds["c"] == sounds["C"] == ["long.flac (0 s to 2 s) = long.wav (0 s to 2 s)"]
    assert sounds["e"] == sounds["E"] == ["long.flac (3 s to the end) = long.wav (3 s to 6 s)"]
    kinds = audit(both, split(train="cC", test="eE"), root, sounds)["kind"]
    assert set(kinds) == {"speaker", "file", "content"}

import pytest

from kerasemo import manifest
from kerasemo.corpora import CORPORA, folder
from kerasemo.errors import InputError


def lay_out(root, *paths):
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()
    return root


def write_csv(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def test_the_folder_below_the_root_is_the_class_at_any_depth(tmp_path):
    table = CORPORA["folder"]().read(lay_out(tmp_path, "sad/b.mp4", "angry/x/y/z/a.wav", "very happy/c.AVI"))
    assert table["clip"].tolist() == ["angry/x/y/z/a", "sad/b", "very happy/c"]
    assert table["emotion"].tolist() == ["angry", "sad", "very happy"]
    assert table["audio"].tolist() == ["angry/x/y/z/a.wav", "sad/b.mp4", "very happy/c.AVI"]
    assert table["video"].isna().tolist() == [True, False, False]
    assert table.columns[:8].tolist() == manifest.COLUMNS


def test_a_sound_file_and_a_video_of_one_name_are_one_clip(tmp_path):
    [clip] = folder.Folder().read(lay_out(tmp_path, "sad/a.wav", "sad/a.mkv")).to_dict("records")
    assert (clip["clip"], clip["audio"], clip["video"]) == ("sad/a", "sad/a.wav", "sad/a.mkv")


def test_clips_are_grouped_by_source_where_it_is_known(tmp_path):
    """The mark in the name counts before the folder; a source goes through several classes."""
    lay_out(tmp_path, "sad/reel/film__1.mp4", "happy/film/2.mp4", "happy/film/part/3.mp4", "happy/4.mp4", "sad/__5.mp4")
    table = folder.Folder().read(tmp_path).set_index("clip")
    assert table["speaker"].to_dict() == {
        "happy/4": "happy/4",
        "happy/film/2": "film",
        "happy/film/part/3": "film",
        "sad/__5": "sad/__5",
        "sad/reel/film__1": "film",
    }
    assert table["source"].isna().tolist() == [True, False, False, True, False]
    assert table["grouped_by"].tolist() == ["clip", "source", "source", "clip", "source"]


def test_what_cannot_be_held_out_is_said(tmp_path):
    lay_out(tmp_path, "sad/1.mp4", "sad/2.mp4", "happy/3.mp4", "angry/film__4.mp4", "angry/film__5.mp4")
    [unknown, angry, happy] = folder.Folder().notes(folder.Folder().read(tmp_path))
    assert unknown.startswith("Of 3 of 5 clips neither source nor speaker is known")
    assert angry.startswith("All clips of the class angry (2) are of one group")
    assert happy.startswith("All clips of the class happy (1) are of one group")


def test_nothing_is_said_where_all_is_well(tmp_path):
    lay_out(tmp_path, "sad/a__1.wav", "sad/b__1.wav", "calm/a__2.wav", "calm/b__2.wav")
    assert folder.Folder().notes(folder.Folder().read(tmp_path)) == []


def test_a_single_class_is_said(tmp_path):
    [note] = folder.Folder().notes(folder.Folder().read(lay_out(tmp_path, "clips/a__1.wav", "clips/b__1.wav")))
    assert note.startswith("All 2 clips are of one class, clips:") and "check --root" in note


@pytest.mark.parametrize("name", ["快乐", "very happy", "007", "NA", "été"])
def test_any_class_name_survives_saving(tmp_path, name):
    table = folder.Folder().read(lay_out(tmp_path, f"{name}/a__1.mp4", "x/a__2.mp4"))
    assert set(table["emotion"]) == {name, "x"}
    manifest.save(table, tmp_path / "manifest.csv")
    loaded = manifest.load(tmp_path / "manifest.csv")
    assert loaded["clip"].tolist() == table["clip"].tolist()
    assert loaded["video"].tolist() == table["video"].tolist()


def test_hidden_and_other_files_are_passed_over(tmp_path):
    lay_out(tmp_path, "sad/a.mp4", "sad/._a.mp4", ".git/b.mp4", "sad/.old/c.mp4", "sad/notes.txt", "README.md")
    assert folder.Folder().read(tmp_path)["clip"].tolist() == ["sad/a"]


def test_a_class_may_be_a_link_to_another_place(tmp_path):
    lay_out(tmp_path / "disk", "a.mp4")
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "sad").symlink_to(tmp_path / "disk")
    assert folder.Folder().read(tmp_path / "root")["video"].tolist() == ["sad/a.mp4"]


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        ([], "holds no media file; clips are files that end in .aiff, .avi"),
        (["sad/notes.txt"], "holds no media file"),
        (["a.mp4", "b.wav", "sad/c.mp4"], r"2 media files outside of any class, such as a\.mp4; put each"),
        (["sad/a.mp4", "calm/notes.txt", "happy/.a.mp4"], "folders without a media file: calm, happy; "),
        (["sad/a.mp4", "sad/a.avi"], r"two video files of one clip, sad/a\.\w+ and sad/a\.\w+; rename one"),
        (["sad/a\udce9.mp4"], r"not UTF-8, 'sad/a\\udce9\.mp4'; rename it"),
    ],
)
def test_wrong_folders_are_named(tmp_path, paths, message):
    with pytest.raises(InputError, match=message):
        folder.Folder().read(lay_out(tmp_path, *paths))


def test_a_root_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match="absent is no folder"):
        folder.Folder().read(tmp_path / "absent")


def test_a_csv_needs_a_path_and_an_emotion_alone(tmp_path):
    lay_out(tmp_path, "film__1.mp4", "2.mp4")
    clips = write_csv(tmp_path / "c.csv", "\ufeffvideo,emotion\nfilm__1.mp4,angry/fearful\n2.mp4,快乐\n")
    table = folder.Folder(clips).read(tmp_path)
    assert table["clip"].tolist() == table["speaker"].tolist() == ["film__1", "2"]
    assert table["emotion"].tolist() == ["angry/fearful", "快乐"]
    assert table["audio"].tolist() == table["video"].tolist() == ["film__1.mp4", "2.mp4"]
    assert set(table["grouped_by"]) == {"clip"}


def test_a_csv_keeps_times_and_columns_of_its_own(tmp_path):
    clips = write_csv(
        lay_out(tmp_path, "a.wav") / "c.csv",
        "clip,audio,start_s,end_s,gender,emotion,intensity\nx,a.wav,,1.5,female,sad,03\ny,a.wav,1.5,,,sad,\n",
    )
    table = folder.Folder(clips).read(tmp_path)
    assert table["video"].isna().all()
    assert table["start_s"].tolist()[1] == table["end_s"].tolist()[0] == 1.5
    assert table["gender"].isna().tolist() == [False, True]
    assert table["intensity"].iloc[0] == "03"


@pytest.mark.parametrize(
    ("known", "groups", "grouped_by"),
    [
        # One speaker in several films, and a clip of nobody known.
        (["A,s", "B,s", ","], ["s", "s", "2"], ["source", "source", "clip"]),
        # Several speakers in a film.
        (["A,s", "A,t", "B,u"], ["A", "A", "u"], ["source"] * 3),
        # Two films that share a speaker; the third clip's is not known.
        (["A,s", "B,s", "B,"], ["A + B"] * 3, ["source"] * 3),
        # A chain: every clip shares something with the next.
        (["A,s", "B,s", "B,t", "C,t", "C,u"], ["A + B + C"] * 5, ["source"] * 5),
        # Speakers alone.
        ([",s", ",t", ",s"], ["s", "t", "s"], ["speaker"] * 3),
    ],
)
def test_clips_that_share_a_source_or_a_speaker_are_one_group(tmp_path, known, groups, grouped_by):
    lay_out(tmp_path, "a.wav")
    rows = [f"{number},a.wav,sad,{both}" for number, both in enumerate(known)]
    clips = write_csv(tmp_path / "c.csv", "\n".join(["clip,audio,emotion,source,speaker", *rows]))
    table = folder.Folder(clips).read(tmp_path)
    assert table["speaker"].tolist() == groups
    assert table["grouped_by"].tolist() == grouped_by


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "cannot be read as a CSV"),
        ("video emotion\na.mp4 sad\n", "needs a column file, video or audio .*; it has: video emotion"),
        ("emotion\nsad\n", "needs a column file, video or audio"),
        ("video,mood\na.mp4,sad\n", "needs a column emotion; `kerasemo manifest table`"),
        ("video,emotion\n", "lists no clip"),
        ("video,emotion\na.mp4,sad\na.mp4,\n", "1 clips without an emotion, the first in line 3"),
        ("video,emotion\na.mp4,sad\na.mp4,sad\n", r"no valid manifest: clip stands twice \(line 2, line 3\)"),
        ("video,emotion\n../a.mp4,sad\na.mp4,sad\n", r"leaves the corpus' root \(line 2\)"),
        ("video,emotion,clip\n,sad,x\na.mp4,sad,y\n", r"a clip has neither audio nor video \(line 2\)"),
        ("video,emotion,start_s\na.mp4,sad,soon\n", "start_s in line 2 is no number of seconds: soon"),
        ("video,emotion,gender\na.mp4,sad,lady\n", "gender is none of female, male"),
        ("video,emotion\nb.mp4,sad\n", "none of the files that .*c.csv lists is in "),
    ],
)
def test_a_wrong_csv_is_named(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        folder.Folder(write_csv(tmp_path / "c.csv", text)).read(lay_out(tmp_path, "a.mp4"))


def test_a_csv_in_another_encoding_is_named(tmp_path):
    (tmp_path / "c.csv").write_bytes("video,emotion\na.mp4,快乐\n".encode("gbk"))
    with pytest.raises(InputError, match=r"c\.csv cannot be read as a CSV \(or .jsonl\) of clips in UTF-8"):
        folder.Folder(tmp_path / "c.csv").read(lay_out(tmp_path, "a.mp4"))

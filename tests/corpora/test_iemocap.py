import pandas as pd
import pytest

from kerasemo import manifest
from kerasemo.corpora import CORPORA, emo_evaluation, iemocap
from kerasemo.corpora.emo_evaluation import Turn
from kerasemo.errors import InputError

TIED = {"E1": ("ang",), "E2": ("sad",), "E3": ("sad", "ang"), "F1": ("neu",)}


def write(root, dialogue="Ses01F_impro01", labels=("neu",), media=("audio", "video"), votes=None):
    """A dialogue with a turn for each label, women and men by turns, each of a second."""
    turns = [
        Turn(f"{dialogue}_{'FM'[k % 2]}{k:03d}", k + 0.5, k + 1.5, label, (2.5, 0.5, 5.5), votes or {})
        for k, label in enumerate(labels)
    ]
    path = root / f"Session{dialogue[4]}" / "dialog" / "EmoEvaluation" / f"{dialogue}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    emo_evaluation.write(path, turns)
    for file in {iemocap.official_path(turn.name, medium) for turn in turns for medium in media}:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).touch()
    return root


def test_a_turn_is_a_clip_of_who_speaks(tmp_path):
    write(tmp_path, "Ses02F_script01_1b", ["neu", "ang"], votes={"E1": ("neu",), "E2": ("neu", "sad"), "F1": ("fru",)})
    table = CORPORA["iemocap"]().read(tmp_path)
    woman, man = (row for _, row in table.iterrows())
    assert woman[["clip", "speaker", "gender", "emotion"]].tolist() == [
        "Ses02F_script01_1b_F000",
        "Ses02F",
        "female",
        "neu",
    ]
    assert man[["clip", "speaker", "gender", "emotion"]].tolist() == [
        "Ses02F_script01_1b_M001",
        "Ses02M",
        "male",
        "ang",
    ]
    assert man["audio"] == "Session2/sentences/wav/Ses02F_script01_1b/Ses02F_script01_1b_M001.wav"
    assert man["video"] == "Session2/dialog/avi/DivX/Ses02F_script01_1b.avi"
    assert man[["start_s", "end_s", "whole_file"]].tolist() == [1.5, 2.5, "audio"]
    assert man[["valence", "activation", "dominance"]].tolist() == [2.5, 0.5, 5.5]
    assert man[["dialogue", "scenario", "session"]].tolist() == ["Ses02F_script01_1b", "scripted", 2]
    assert man[["votes", "self_votes"]].tolist() == ["E1:neu E2:neu,sad", "F1:fru"]
    assert pd.isna(man["ratings"]) and pd.isna(man["self_ratings"])


def test_ratings_are_listed_by_evaluator(tmp_path):
    path = write(tmp_path) / "Session1/dialog/EmoEvaluation/Ses01F_impro01.txt"
    (turn,) = emo_evaluation.read(path)
    turn.single_ratings.update({"E3": (3, 2, 2), "M1": (5, float("nan"), 1)})
    emo_evaluation.write(path, [turn])
    (row,) = iemocap.Iemocap().read(tmp_path).to_dict("records")
    assert (row["ratings"], row["self_ratings"]) == ("E3:3,2,2", "M1:5,nan,1")


def test_a_manifest_keeps_its_values_on_disk(tmp_path):
    write(tmp_path / "root", labels=["neu", "ang"], votes=TIED)
    table = iemocap.Iemocap().read(tmp_path / "root")
    manifest.save(table, tmp_path / "m.csv")
    loaded = manifest.load(tmp_path / "m.csv")
    pd.testing.assert_frame_equal(loaded.dropna(axis=1, how="all"), table.dropna(axis=1, how="all"))


def test_hidden_files_and_folders_of_single_evaluators_do_not_count(tmp_path):
    folder = write(tmp_path) / "Session1" / "dialog" / "EmoEvaluation"
    (folder / "Categorical").mkdir()
    for name in ["._Ses01F_impro01.txt", "Categorical/Ses01F_impro02.txt", "notes.txt", "Ses02F_impro01.txt"]:
        (folder / name).write_text("no labels")
    assert list(iemocap.Iemocap().read(tmp_path)["clip"]) == ["Ses01F_impro01_F000"]


def test_excited_merges_and_classes_are_chosen(tmp_path):
    write(tmp_path, labels=["neu", "exc", "hap", "fru", "sad"])
    assert list(iemocap.Iemocap().read(tmp_path)["emotion"]) == ["neu", "hap", "sad"]
    merged = iemocap.Iemocap(merge_excited=True).read(tmp_path)
    assert list(merged["emotion"]) == ["neu", "hap", "hap", "sad"]
    assert list(merged["majority"]) == ["neu", "exc", "hap", "sad"]
    assert list(iemocap.Iemocap(emotions=["fru", "exc"]).read(tmp_path)["emotion"]) == ["exc", "fru"]


def test_scripted_dialogues_can_be_left_out(tmp_path):
    write(tmp_path, "Ses01M_impro02")
    write(tmp_path, "Ses01F_script01_1")
    assert list(iemocap.Iemocap().read(tmp_path)["scenario"]) == ["scripted", "improvised"]
    assert list(iemocap.Iemocap(improvised_only=True).read(tmp_path)["dialogue"]) == ["Ses01M_impro02"]


def test_ties_are_drawn_among_the_most_voted_or_dropped(tmp_path):
    write(tmp_path, labels=["xxx"] * 200, votes=TIED)
    drawn = iemocap.Iemocap(seed=3).read(tmp_path)
    assert set(drawn["majority"]) == {"xxx"}
    counts = drawn["emotion"].value_counts()
    assert set(counts.index) == {"ang", "sad"} and counts.min() > 70
    pd.testing.assert_frame_equal(iemocap.Iemocap(seed=3).read(tmp_path), drawn)
    assert (iemocap.Iemocap(seed=4).read(tmp_path)["emotion"] != drawn["emotion"]).any()
    with pytest.raises(InputError, match="holds no turn of the emotions neu, ang, hap, sad"):
        iemocap.Iemocap(ties="drop").read(tmp_path)


def test_a_draw_does_not_depend_on_the_other_turns(tmp_path):
    whole = (
        iemocap.Iemocap().read(write(tmp_path / "whole", labels=["xxx"] * 40, votes=TIED)).set_index("clip")["emotion"]
    )
    part = (
        iemocap.Iemocap().read(write(tmp_path / "part", labels=["xxx"] * 10, votes=TIED)).set_index("clip")["emotion"]
    )
    assert len(part) == 10 and (whole[part.index] == part).all()


def test_a_tie_without_votes_is_said(tmp_path):
    write(tmp_path, labels=["xxx"])
    with pytest.raises(InputError, match=r"Ses01F_impro01\.txt: Ses01F_impro01_F000 has neither a majority nor votes"):
        iemocap.Iemocap().read(tmp_path)


def test_a_part_of_the_corpus_is_read(tmp_path):
    write(tmp_path, "Ses02F_impro01", ["neu", "ang"], media=["audio"])
    write(tmp_path, "Ses04M_impro01", media=["video"])
    (tmp_path / iemocap.official_path("Ses02F_impro01_M001", "audio")).unlink()
    table = iemocap.Iemocap().read(tmp_path)
    assert list(table["session"]) == [2, 2, 4]
    assert table["video"].notna().tolist() == [False, False, True]
    assert table["audio"].notna().tolist() == [True, True, False]  # a missing wav is for its reader to report


def test_overlapping_turns_are_two_clips(tmp_path):
    path = write(tmp_path, labels=["neu", "ang"]) / "Session1/dialog/EmoEvaluation/Ses01F_impro01.txt"
    path.write_text(path.read_text().replace("[1.5000", "[0.7000"))
    assert list(iemocap.Iemocap().read(tmp_path)["start_s"]) == [0.5, 0.7]


def test_what_is_no_iemocap_is_said(tmp_path):
    with pytest.raises(InputError, match="is no folder"):
        iemocap.Iemocap().read(tmp_path / "absent")
    with pytest.raises(InputError, match="is empty"):
        iemocap.Iemocap().read(tmp_path)
    (tmp_path / "a.txt").touch()
    with pytest.raises(InputError, match="holds no label file"):
        iemocap.Iemocap().read(tmp_path)
    write(tmp_path, media=[])
    with pytest.raises(InputError, match="Session1 holds labels and no recordings"):
        iemocap.Iemocap().read(tmp_path)


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ({"ties": "authors"}, "iemocap: ties must be one of random, drop"),
        ({"seed": -1}, "iemocap: seed must be at least 0"),
        ({"emotions": ["neu", "happy"]}, "iemocap: emotions must be one of neu, ang"),
        ({"emotions": []}, "iemocap: emotions must have an entry at least"),
    ],
)
def test_wrong_arguments_are_named(argument, message):
    with pytest.raises(InputError, match=message):
        iemocap.Iemocap(**argument)


def whole_corpus(counts):
    table = pd.DataFrame({"majority": [label for label, count in counts.items() for _ in range(count)]})
    return table.assign(session=table.index % 5 + 1, scenario=[("improvised", "scripted")[k % 2] for k in table.index])


def test_the_whole_corpus_has_5531_turns():
    assert sum(iemocap.COUNTS.values()) == 5531
    assert iemocap.Iemocap().notes(whole_corpus(iemocap.COUNTS | {"xxx": 2507})) == []
    assert iemocap.Iemocap().notes(whole_corpus(iemocap.COUNTS | {"exc": 0})) == []
    short = whole_corpus(iemocap.COUNTS | {"sad": 1080})
    assert iemocap.Iemocap().notes(short) == [
        "5527 turns have one of the common labels; the whole of IEMOCAP has 5531 (sad 1080 of 1084)."
    ]
    assert iemocap.Iemocap().notes(short[short["session"] < 5]) == []
    assert iemocap.Iemocap().notes(short[short["scenario"] == "improvised"]) == []

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerasemo.corpora import emo_evaluation
from kerasemo.corpora.emo_evaluation import EMOTIONS, NO_MAJORITY, Turn
from kerasemo.errors import InputError

AS_DISTRIBUTED = """% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]

[6.2901 - 8.2357]\tSes01F_impro01_F000\tneu\t[2.5000, 2.5000, 2.5000]
C-E2:\tNeutral;\t()
C-E3:\tNeutral state; Sadness;\t(a little: sad; tired)
C-F1:\tFrustration;\t()
A-E3:\tval 3; act 2; dom  2;\t()
A-E4:\tval 2; act 3; dom ;\t(mildly aggravated)

[10.0100 - 11.3925]\tSes01F_impro01_M000\txxx\t[0.5000, 5.5000, 2.5000]
"""


def read_text(folder, text, name="Ses01F_impro01.txt"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return emo_evaluation.read(path)


def test_everything_of_a_turn_is_read(tmp_path):
    first, second = read_text(tmp_path, AS_DISTRIBUTED)
    assert (first.name, first.start_s, first.end_s) == ("Ses01F_impro01_F000", 6.2901, 8.2357)
    assert (first.majority, first.ratings) == ("neu", (2.5, 2.5, 2.5))
    assert first.votes == {"E2": ("neu",), "E3": ("neu", "sad"), "F1": ("fru",)}
    assert first.single_ratings["E3"] == (3, 2, 2)
    assert first.single_ratings["E4"][:2] == (2, 3) and math.isnan(first.single_ratings["E4"][2])
    assert second == Turn("Ses01F_impro01_M000", 10.01, 11.3925, "xxx", (0.5, 5.5, 2.5))


def test_the_actors_own_votes_do_not_count():
    votes = {"E1": ("ang",), "E2": ("fru",), "E3": ("fru", "ang"), "F1": ("ang",), "M1": ("ang",)}
    assert Turn("a", 0, 1, "xxx", (1, 1, 1), votes).most_voted == ["ang", "fru"]
    assert Turn("a", 0, 1, "xxx", (1, 1, 1)).most_voted == []


ratings = st.integers(1, 11).map(lambda halves: halves / 2)
evaluators = st.from_regex(r"[EFM][1-9]", fullmatch=True)
times = st.tuples(st.integers(0, 10**7), st.integers(1, 10**6)).map(lambda t: (t[0] / 1e4, (t[0] + t[1]) / 1e4))


@st.composite
def dialogues(draw):
    names = draw(
        st.lists(st.from_regex(r"Ses03M_script01_1b_[FM][0-9]{3}", fullmatch=True), unique=True, min_size=1, max_size=5)
    )
    return [
        Turn(
            name,
            *draw(times),
            draw(st.sampled_from([*EMOTIONS, NO_MAJORITY])),
            draw(st.tuples(ratings, ratings, ratings)),
            draw(st.dictionaries(evaluators, st.lists(st.sampled_from([*EMOTIONS]), max_size=3).map(tuple))),
            draw(st.dictionaries(evaluators, st.tuples(ratings, ratings, ratings))),
        )
        for name in names
    ]


@given(turns=dialogues())
def test_what_is_written_is_read(tmp_path_factory, turns):
    path = tmp_path_factory.mktemp("e") / "Ses03M_script01_1b.txt"
    emo_evaluation.write(path, turns)
    assert emo_evaluation.read(path) == turns


TURN = "[1.0 - 2.0]\tSes01F_impro01_F000\tneu\t[2.5, 2.5, 2.5]\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\n[1.0 - 2.0]\tSes01F_impro01_F000\tneu\n", r"line 2: a turn must open like"),
        ("[1.0 - ]\tSes01F_impro01_F000\tneu\t[2.5, 2.5, 2.5]", "line 1: a turn must open like"),
        (TURN.replace("2.0", "1.0"), "line 1: Ses01F_impro01_F000 ends before it starts"),
        (TURN.replace("impro01", "impro02"), "line 1: Ses01F_impro02_F000 is no turn of Ses01F_impro01"),
        (TURN.replace("_F000", "_X000"), "line 1: Ses01F_impro01_X000 is no turn of"),
        (TURN.replace("neu", "bored"), "line 1: Ses01F_impro01_F000 has the unknown label 'bored'"),
        (TURN + "\n" + TURN, "line 3: Ses01F_impro01_F000 stands twice"),
        ("C-E1:\tNeutral;\t()", "line 1: an evaluation below its turn must read like"),
        (TURN + "Neutral", "line 2: an evaluation below its turn must read like"),
        (TURN + "C-E1:\tBoredom;\t()", "line 2: 'Boredom' is no emotion of IEMOCAP"),
        (TURN + "C-E1:\tAnger;\t()\nC-E1:\tAnger;\t()", "line 3: C-E1 stands twice for Ses01F_impro01_F000"),
        (TURN + "A-E1:\tval 3; act high; dom 2;\t()", "line 2: 'val 3; act high; dom 2;' must read like"),
    ],
)
def test_a_broken_line_is_named(tmp_path, text, message):
    with pytest.raises(InputError, match=rf"Ses01F_impro01\.txt: {message}.*; mend or restore the file\.$"):
        read_text(tmp_path, text)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"", "holds no turn"), (b"% a comment\n", "holds no turn"), (TURN.encode("utf-16"), "is no text in UTF-8")],
)
def test_files_without_turns_or_of_another_encoding_are_refused(tmp_path, content, sentence):
    (tmp_path / "Ses01F_impro01.txt").write_bytes(content)
    with pytest.raises(InputError, match=sentence):
        emo_evaluation.read(tmp_path / "Ses01F_impro01.txt")


@given(text=st.text(alphabet="[]0123456789.- \t\nCAE:;()Fxn%_SesNaN", max_size=80))
def test_any_text_is_read_or_refused_with_its_line(tmp_path_factory, text):
    folder = tmp_path_factory.mktemp("e")
    try:
        read_text(folder, text)
    except InputError as error:
        assert "Ses01F_impro01.txt: line " in str(error) or "holds no turn" in str(error)


def test_bytes_that_are_no_text_may_stand_in_comments(tmp_path):
    (tmp_path / "Ses01F_impro01.txt").write_bytes(TURN.encode() + b"C-E1:\tAnger;\t(\xff\xfe)\n")
    assert emo_evaluation.read(tmp_path / "Ses01F_impro01.txt")[0].votes == {"E1": ("ang",)}
    with pytest.raises(InputError, match=r"absent\.txt cannot be read"):
        emo_evaluation.read(tmp_path / "absent.txt")

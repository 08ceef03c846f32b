import pytest
import soundfile

from kerasemo import manifest
from kerasemo.corpora import EmoDb, emodb
from kerasemo.corpora.synthetic import SyntheticEmoDb
from kerasemo.errors import InputError


def test_the_synthetic_corpus_has_the_labels_of_its_names(tmp_path):
    SyntheticEmoDb(speakers=2, statements=2).write(tmp_path / "root")
    table = EmoDb().read(tmp_path / "root").set_index("clip")
    assert len(table) == 2 * 2 * 7 and set(table["emotion"]) == set(emodb.EMOTIONS.values())
    assert table.loc["03a01Fa", ["audio", "speaker", "gender", "emotion", "statement", "version"]].tolist() == [
        *("wav/03a01Fa.wav", "03", "male", "happy", "a01", "a")
    ]
    assert table.loc["08a02La", ["gender", "emotion"]].tolist() == ["female", "bored"]
    assert table["video"].isna().all()
    assert {soundfile.info(path).samplerate for path in (tmp_path / "root/wav").iterdir()} == {16_000}
    assert len({path.read_bytes() for path in (tmp_path / "root/wav").iterdir()}) == 28


def test_words_are_those_of_ravdess():
    from kerasemo.corpora import ravdess

    assert set(emodb.EMOTIONS.values()) - {*ravdess.EMOTIONS.values()} == {"bored"}


def test_five_women_and_five_men():
    assert sorted(emodb.GENDERS.values()) == ["female"] * 5 + ["male"] * 5


def test_a_manifest_can_be_saved(tmp_path):
    (tmp_path / "16b10W.wav").touch()
    (tmp_path / "16b10Wx.txt").touch()
    table = EmoDb().read(tmp_path)
    manifest.save(table, tmp_path / "m.csv")
    assert manifest.load(tmp_path / "m.csv")["speaker"].tolist() == ["16"] and table["version"].isna().all()


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        ([], "holds no file named like wav/03a01Fa.wav"),
        (["01a01Fa.wav", "03a03Fa.wav", "03a01Xa.wav", "03a01Fa.mp3"], "holds no file named like"),
        (["x/03a01Fa.wav", "y/03a01Fa.wav"], "one recording twice, x/03a01Fa.wav and y/03a01Fa.wav; remove one"),
    ],
)
def test_wrong_folders_are_named(tmp_path, names, sentence):
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    with pytest.raises(InputError, match=sentence):
        EmoDb().read(tmp_path)
    with pytest.raises(InputError, match="absent is no folder; give the folder that holds wav/"):
        EmoDb().read(tmp_path / "absent")

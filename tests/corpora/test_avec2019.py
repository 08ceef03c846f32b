from pathlib import Path

import pandas as pd
import pytest

from kerasemo import manifest
from kerasemo.corpora import CORPORA, avec2019
from kerasemo.errors import InputError

MANIFESTS = Path(__file__).parents[2] / "data_manifests"


def test_dialogues_are_pairs_of_one_language():
    devel = avec2019.recordings("Devel")
    dialogues = pd.Series(avec2019.dialogues(devel))
    assert list(dialogues.index) == devel
    assert (dialogues.groupby(dialogues).size() == 2).all()
    assert dialogues.nunique() == 14
    for recording, dialogue in dialogues.items():
        _, language, number = recording.split("_")
        assert dialogue.startswith(f"Devel_{language}_")
        assert number in dialogue.rsplit("_", 1)[1].split("+")
    with pytest.raises(InputError, match=r"Train_DE_01, Devel_XX_01, x and others"):
        avec2019.dialogues(["Devel_DE_01", "Train_DE_01", "Devel_XX_01", "x", "y"])


def test_counts_partitions_and_languages_are_the_owners():
    counts = {name: len(avec2019.recordings(name)) for name in avec2019.PARTITIONS}
    assert counts == {"Train": 68, "Devel": 28, "Test": 104}
    assert (avec2019.partition("Test_CN_70"), avec2019.language("Test_CN_70")) == ("Test", "CN")
    for wrong in ["Devel_DE_15", "Devel_DE_00", "Devel_CN_01", "devel_DE_01", "Devel_DE_1", "Devel_DE_01.csv"]:
        with pytest.raises(InputError, match="no recording"):
            avec2019.partition(wrong)
    with pytest.raises(InputError, match="choose from Train, Devel, Test"):
        avec2019.recordings("train")


def test_published_manifest_follows_from_the_counts():
    published = manifest.load(MANIFESTS / "avec2019.csv")
    pd.testing.assert_frame_equal(published, avec2019.official_manifest())
    paired = published.dropna(subset="dialogue").set_index("clip")["dialogue"]
    assert paired.to_dict() == avec2019.dialogues(avec2019.recordings("Devel"))


def test_sound_and_video_of_one_recording_are_one_clip(tmp_path):
    for path in ["audio/Devel_DE_02.wav", "video/Devel_DE_02.mp4", "video/Train_HU_34.avi", "audio/notes.wav"]:
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).touch()
    table = CORPORA["avec2019"]().read(tmp_path)
    assert list(table["clip"]) == ["Train_HU_34", "Devel_DE_02"]
    assert list(table["partition"]) == ["Train", "Devel"]
    assert table["audio"].isna().tolist() == [True, False]
    assert table["video"].tolist() == ["video/Train_HU_34.avi", "video/Devel_DE_02.mp4"]
    assert table["dialogue"].tolist()[1] == "Devel_DE_02+05"
    (tmp_path / "video/Devel_DE_02.avi").touch()
    with pytest.raises(InputError, match="holds Devel_DE_02 twice"):
        avec2019.Avec2019().read(tmp_path)


def test_roots_without_recordings_are_one_sentence(tmp_path):
    with pytest.raises(InputError, match="is no folder"):
        avec2019.Avec2019().read(tmp_path / "absent")
    with pytest.raises(InputError, match="holds no recording such as"):
        avec2019.Avec2019().read(tmp_path)

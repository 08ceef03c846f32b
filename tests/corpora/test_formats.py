"""Formats of other tools: as their owners lay them out, and out and in again."""

import json

import numpy as np
import pandas as pd
import pytest
import soundfile

from kerasemo import manifest
from kerasemo.corpora import FORMATS, AudioFolder, EmoBox, Nkululeko
from kerasemo.errors import InputError

RATE = 16_000


@pytest.fixture
def root(tmp_path):
    """A folder with sounds of four seconds."""
    for path in ("a.wav", "b.wav", "v.wav", "train/a.wav", "test/a.wav", "downloads/x/a.wav", "downloads/x/b.wav"):
        (tmp_path / "root" / path).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(tmp_path / "root" / path, np.zeros(4 * RATE), RATE)
    return tmp_path / "root"


def saved(table, path):
    manifest.save(table, path)
    return manifest.load(path)


def back(name, table, root):
    """Write a manifest in a format, and read it again."""
    output = {"emobox": "e.jsonl", "nkululeko": "n.csv", "audiofolder": "metadata.csv", "audformat": ""}[name]
    FORMATS[name].write(table, root, root / output)
    options = {"audformat": {"table": "clips"}, "audiofolder": {}}.get(name, {"clips": root / output})
    return saved(FORMATS[name](**options).read(root), root / "back.csv")


@pytest.fixture(params=list(FORMATS))
def name(request):
    if request.param == "audformat":
        pytest.importorskip("audformat", reason="needs the extra `audformat`")
    return request.param


PARTS = """\
clip,audio,video,start_s,end_s,speaker,gender,dialogue,emotion,rep,val,partition
x,a.wav,,0.25,1.5,03,male,,sad,1,0.5,train
y,a.wav,,1.5,3.0,08,female,d1,very angry,2,0.25,test
z,b.wav,,,,08,,,快乐,3,,
"""
WHOLE_FILES = """\
clip,audio,video,start_s,end_s,speaker,gender,dialogue,whole_file,emotion
007,a.wav,v.avi,6.2901,8.2357,F1,female,d1,audio,sad
NA,b.wav,v.avi,8.5,,M1,male,d1,audio,angry
"""


TAKEN_NAMES = """\
clip,audio,video,start_s,end_s,speaker,gender,dialogue,emotion,label,channel,length,start,wav
x,a.wav,,,,s,,,sad,1,speech,short,now,y
"""


@pytest.mark.parametrize("text", [PARTS, WHOLE_FILES, TAKEN_NAMES])
def test_a_manifest_comes_back_the_same(name, root, text):
    (root / "m.csv").write_text(text, encoding="utf-8")
    table = manifest.load(root / "m.csv")
    pd.testing.assert_frame_equal(back(name, table, root), table)


def test_a_video_whose_sound_is_not_to_be_used_has_it_again(name, root):
    soundfile.write(root / "v.mp4", np.zeros(RATE), RATE, format="WAV")
    table = pd.DataFrame({"clip": ["v"], "audio": [None], "video": ["v.mp4"], "speaker": ["s"], "emotion": ["sad"]})
    for column in {*manifest.COLUMNS} - {*table}:
        table[column] = None
    text, seconds = dict.fromkeys(manifest.COLUMNS, "str"), dict.fromkeys(manifest.SECONDS, float)
    [clip] = back(name, table.astype(text | seconds), root).to_dict("records")
    assert clip["audio"] == clip["video"] == "v.mp4"


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_nkululeko_reads_what_is_written_for_it(root):
    audformat = pytest.importorskip("audformat", reason="nkululeko reads its CSV with the package audformat")
    Nkululeko.write(manifest.load(write(root / "m.csv", PARTS)), root, root / "n.csv")
    rows = audformat.utils.read_csv(str(root / "n.csv"), as_dataframe=True).reset_index()
    assert rows["file"].tolist() == ["a.wav", "a.wav", "b.wav"]
    assert rows["start"].dt.total_seconds().tolist() == [0.25, 1.5, 0.0]
    assert rows["end"].dt.total_seconds().tolist()[:2] == [1.5, 3.0] and rows["end"].isna()[2]
    assert rows["emotion"].tolist() == ["sad", "very angry", "快乐"] and {"speaker", "gender"} <= {*rows}


def test_a_csv_of_nkululeko(root):
    path = write(root / "n.csv", "file,emotion,speaker,gender\na.wav,anger,3,male\nb.wav,boredom,8,female\n")
    table = Nkululeko(clips=path).read(root)
    assert table["audio"].tolist() == table["clip"].add(".wav").tolist() == ["a.wav", "b.wav"]
    assert table["speaker"].tolist() == ["3", "8"] and table["gender"].tolist() == ["male", "female"]


def emobox(root):
    """A list of EmoBox with what its owners put beside it."""
    folder = root / "data" / "x"
    lines = [
        {"key": f"x-{name}", "dataset": "x", "wav": f"downloads/x/{name}.wav", "type": "raw", "sample_rate": RATE}
        | {"num_frame": 64000.0, "task": "category", "length": 4.0, "emo": name, "channel": 1}
        for name in "ab"
    ]
    write(folder / "x.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
    for part, line in zip(("train", "test"), lines, strict=True):
        write(folder / "fold_1" / f"x_{part}_fold_1.jsonl", json.dumps(line) + "\n")
    write(folder / "data.seg.wrd.stm", "x-a 1 s1 0 4.0 <id=x-a,spk=s1> a\nx-b 1 s2 0 4.0 <id=x-b,spk=s2> b\n")
    write(folder / "label_map.json", '{"a": "Angry", "b": "Bored"}')
    return folder / "x.jsonl"


def test_a_list_of_emobox_with_its_speakers_classes_and_folds(root):
    table = EmoBox(clips=emobox(root), fold=1).read(root)
    assert table.columns.tolist() == [*manifest.COLUMNS, "emotion", "partition"]
    assert table[["clip", "audio", "speaker", "emotion", "partition"]].to_numpy().tolist() == [
        ["x-a", "downloads/x/a.wav", "s1", "Angry", "train"],
        ["x-b", "downloads/x/b.wav", "s2", "Bored", "test"],
    ]


def test_a_list_of_emobox_alone(root):
    path = emobox(root)
    for other in path.parent.glob("[!x]*"):
        other.rename(root / f"away_{other.name}")
    table = EmoBox(clips=path).read(root)
    assert table["speaker"].tolist() == table["clip"].tolist() and table["emotion"].tolist() == ["a", "b"]
    with pytest.raises(InputError, match="fold_1 holds no lists of fold 1 such as"):
        EmoBox(clips=path, fold=1).read(root)


def test_wrong_lists_and_classes_of_emobox_are_named(root):
    path = emobox(root)
    write(root / "other.jsonl", '{"wav": "a.wav", "label": "sad"}\n')
    with pytest.raises(InputError, match="is no list of EmoBox: it has no key, emo, but wav, label"):
        EmoBox(clips=root / "other.jsonl").read(root)
    write(path.parent / "label_map.json", "[1]")
    with pytest.raises(InputError, match=r"label_map\.json is no list of classes"):
        EmoBox(clips=path).read(root)


def test_emobox_is_told_what_its_loader_needs(root):
    table = manifest.load(write(root / "m.csv", PARTS.replace("1.5,3.0", "1.5,")))
    EmoBox.write(table, root, root / "my.jsonl")
    first, second, third = map(json.loads, (root / "my.jsonl").read_text(encoding="utf-8").splitlines())
    assert {"key": "x", "dataset": "my", "wav": "a.wav", "type": "raw", "sample_rate": RATE}.items() <= first.items()
    assert {"num_frame": 20000, "task": "category", "length": 1.25, "emo": "sad", "channel": 1}.items() <= first.items()
    assert (second["start_time"], second["end_time"], second["length"]) == (1.5, 4.0, 2.5)
    assert "start_time" not in third and third["length"] == 4.0
    with pytest.raises(InputError, match=r"give a name that ends in \.jsonl"):
        EmoBox.write(table, root, root / "my.json")
    with pytest.raises(InputError, match="need the column emotion, which the manifest does not have"):
        EmoBox.write(table.drop(columns="emotion"), root, root / "my.jsonl")
    (root / "b.wav").write_bytes(b"no sound")
    with pytest.raises(InputError, match=r"b\.wav has no sound that can be read, but EmoBox needs its length"):
        EmoBox.write(table, root, root / "my.jsonl")


def test_an_audiofolder_with_metadata_in_its_root(root):
    write(root / "metadata.csv", "file_name,label,speaker\ntrain/a.wav,sad,s\ntest/a.wav,calm,t\nb.wav,sad,u\n")
    table = AudioFolder().read(root)
    assert table["audio"].tolist() == ["train/a.wav", "test/a.wav", "b.wav"]
    assert table["emotion"].tolist() == ["sad", "calm", "sad"]
    assert table["partition"].tolist()[:2] == ["train", "test"] and table["partition"].isna()[2]


def test_an_audiofolder_with_metadata_in_each_split(root):
    (root / "data").mkdir()
    (root / "test").rename(root / "data" / "test")
    write(root / "train/metadata.jsonl", '{"file_name": "a.wav", "emotion": "sad", "text": "x"}\n')
    write(root / "data/test/metadata.jsonl", '{"file_name": "a.wav", "emotion": "calm"}\n')
    table = AudioFolder().read(root).set_index("audio")
    assert table["emotion"].to_dict() == {"data/test/a.wav": "calm", "train/a.wav": "sad"}
    assert table["partition"].to_dict() == {"data/test/a.wav": "test", "train/a.wav": "train"}


def test_a_wrong_audiofolder_is_named(root):
    with pytest.raises(InputError, match=r"holds no metadata\.csv or metadata\.jsonl.*`kerasemo manifest folder`"):
        AudioFolder().read(root)
    write(root / "metadata.csv", "path,label\na.wav,sad\n")
    with pytest.raises(InputError, match="has no column file_name; it has: path, label"):
        AudioFolder().read(root)
    write(root / "metadata.jsonl", "{}")
    with pytest.raises(InputError, match="as CSV and as JSON lines for the same files; remove one"):
        AudioFolder().read(root)
    with pytest.raises(InputError, match=r"has its metadata .*give -o .*root/metadata\.csv or \.jsonl"):
        AudioFolder.write(pd.DataFrame(), root, root / "other.csv")

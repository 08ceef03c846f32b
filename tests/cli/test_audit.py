"""`kerasemo audit`."""

import soundfile

from kerasemo import manifest


def test_audit_finds_leaks_and_exits_1(kerasemo, corpus, tmp_path):
    table = manifest.load(corpus / "manifest.csv")
    split = table[["clip"]].assign(partition=["train", "test"] * 6)
    split.to_csv(tmp_path / "split.csv", index=False)
    done = kerasemo("audit", corpus / "manifest.csv", "--split", tmp_path / "split.csv", "--root", corpus / "root")
    assert done.exit_code == 1 and "On two sides or more: 2 speaker." in done.output
    table[["speaker"]].drop_duplicates().assign(fold=[0, 1]).to_csv(tmp_path / "split.csv", index=False)
    done = kerasemo("audit", corpus / "manifest.csv", "--split", tmp_path / "split.csv", "--root", corpus / "root")
    assert (done.exit_code, done.output) == (0, "Nothing stands on two sides.\n")
    sounds, rate = soundfile.read(corpus / "root" / table["audio"][0])
    (tmp_path / "root").mkdir()
    soundfile.write(tmp_path / "root" / "one.wav", sounds, rate)
    soundfile.write(tmp_path / "root" / "other.flac", sounds, rate)
    (tmp_path / "root" / "broken.wav").touch()
    rows = "file,speaker,emotion,partition\none.wav,s,sad,train\nother.flac,t,sad,test\nbroken.wav,t,sad,test\n"
    (tmp_path / "c.csv").write_text(rows)
    call = ("table", "--clips", tmp_path / "c.csv", "--root", tmp_path / "root", "-o", tmp_path / "m.csv")
    assert kerasemo("manifest", *call).exit_code == 0
    call = ("audit", tmp_path / "m.csv", "--split", tmp_path / "m.csv", "--root", tmp_path / "root", "--jobs", 1)
    done = kerasemo(*call)
    assert done.exit_code == 1 and "sound one.wav = other.flac test | train" in " ".join(done.output.split())
    assert done.output.startswith("The sound of 1 files was not compared; the first: ")
    assert "broken.wav is empty (0 bytes)." in done.output
    done = kerasemo(*call, "--no-sound")
    assert (done.exit_code, done.output) == (0, "Nothing stands on two sides.\n")
    table[["clip"]].head(5).assign(partition="train").to_csv(tmp_path / "split.csv", index=False)
    done = kerasemo("audit", corpus / "manifest.csv", "--split", tmp_path / "split.csv")
    assert (done.exit_code, done.output) == (0, "7 of 12 clips stand on no side.\nNothing stands on two sides.\n")

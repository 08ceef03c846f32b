"""`kerasemo audit`."""

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
    table[["clip"]].head(5).assign(partition="train").to_csv(tmp_path / "split.csv", index=False)
    done = kerasemo("audit", corpus / "manifest.csv", "--split", tmp_path / "split.csv")
    assert (done.exit_code, done.output) == (0, "7 of 12 clips stand on no side.\nNothing stands on two sides.\n")

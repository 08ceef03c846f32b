"""The scores in the README are those of the CSV files in docs/results, under the protocol of their column."""

import re
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).parents[2]
SCORE = re.compile(r"(\.\d{3})\W* \[(\.\d{3}), (\.\d{3}|1\.000)\]")
PROTOCOLS = ("paper", "speaker")  # the last two columns
ROUNDING = 0.0005 + 0.00005  # of the README and of the files


def test_scores_of_the_readme_are_in_the_files():
    results = pd.concat(pd.read_csv(path) for path in sorted((ROOT / "docs" / "results").glob("*.csv")))
    lines = [line.split("|") for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines()]
    rows = [line for line in lines if len(line) == len(["", "paper", "score", "published", *PROTOCOLS, ""])]
    cells = [cell for row in rows for cell in zip(PROTOCOLS, row[-3:-1], strict=True)]
    scores = [(protocol, *score) for protocol, cell in cells for score in SCORE.findall(cell)]
    assert len(scores) > 10
    missing = []
    for protocol, *numbers in scores:
        measured = results.loc[results["protocol"] == protocol, ["mean", "low", "high"]]
        if not ((measured - [float(number) for number in numbers]).abs() < ROUNDING).all(axis=1).any():
            missing.append((protocol, *numbers))
    assert missing == []

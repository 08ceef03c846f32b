import json

import audmetric
import numpy as np
import pandas as pd
import pytest

from kerasemo.evaluation import tables


@pytest.fixture
def folder(tmp_path):
    """Two folds of one network: three items of clip a, two of clip b, one each of c and d."""
    for fold, rows in {
        0: [("a", "s1", "sad", 0.9), ("a", "s1", "sad", 0.4), ("a", "s1", "sad", 0.4), ("c", "s2", "sad", 0.8)],
        1: [("b", "s3", "happy", 0.6), ("b", "s3", "happy", 0.1), ("d", "s4", "happy", 0.3)],
    }.items():
        table = pd.DataFrame(rows, columns=["clip", "speaker", "emotion", "sad"])
        table.insert(3, "predicted", ["sad" if p > 0.5 else "happy" for p in table["sad"]])
        path = tmp_path / "predictions" / f"net.speaker.fold{fold}" / "test.csv"
        path.parent.mkdir(parents=True)
        table.assign(happy=1 - table["sad"]).to_csv(path, index=False)
    return tmp_path


MODELS = ["net.speaker.fold0", "net.speaker.fold1"]


@pytest.mark.parametrize(("protocol", "measured", "n"), [("paper", 4 / 7, 7), ("speaker", 1.0, 4)])
def test_paper_protocol_scores_items_and_speaker_protocol_scores_clips(folder, protocol, measured, n):
    row = tables.score_row(folder, protocol, MODELS, "Experiment 1", "Net", "test", corpus="RAVDESS", published=0.7)
    assert list(row) == tables.COLUMNS
    assert row["measured"] == pytest.approx(measured) and row["n"] == n
    assert row["low"] <= row["measured"] <= row["high"]
    assert (row["model"], row["metric"], row["published"]) == ("net", "test accuracy", 0.7)


def test_all_classes_have_the_same_weight_in_uar(folder):
    row = tables.score_row(folder, "paper", MODELS, "1", "Net", "test", corpus="RAVDESS", metric="UAR")
    assert row["metric"] == "test UAR"
    assert row["measured"] == pytest.approx((2 / 4 + 2 / 3) / 2)


def test_results_are_written_as_json_and_markdown(folder):
    rows = [
        tables.score_row(folder, protocol, MODELS, "Experiment 1", "Net", "test", corpus="RAVDESS", published=0.7)
        for protocol in tables.PROTOCOLS
    ]
    rows.append({**rows[0], "row": "Other", "published": None, "low": None, "high": None, "measured": 0.5})
    tables.write(rows, folder, "synthetic corpus: not comparable with the paper")
    assert json.loads((folder / "results.json").read_text()) == rows
    text = (folder / "results.md").read_text()
    assert text.startswith("**synthetic corpus: not comparable with the paper**")
    assert "| Net | test accuracy | .700 | .571 [" in text and "| 1.000 [1.000, 1.000] (n = 4) |" in text
    assert "| Other | test accuracy |  | .500 (n = 7) |  |" in text


def test_class_and_speaker_names_may_be_numbers_or_none(tmp_path):
    folder = tmp_path / "predictions" / "net.speaker.fold0"
    folder.mkdir(parents=True)
    rows = ["a,NA,1,1,0.9,0.1", "b,NA,None,1,0.6,0.4", "c,7,None,None,0.2,0.8"]
    (folder / "test.csv").write_text("\n".join(["clip,speaker,emotion,predicted,1,None", *rows]) + "\n")
    row = tables.score_row(tmp_path, "speaker", ["net.speaker.fold0"], "T", "R", "test", corpus="C")
    assert row["n"] == 3 and row["measured"] == pytest.approx(2 / 3)
    markdown = tables.to_markdown(pd.DataFrame([row | {"row": "a|b"}]))
    assert r"| a\|b | test accuracy |" in markdown


@pytest.mark.parametrize(("protocol", "n"), [("paper", 4), ("speaker", 3)])
def test_numbers_are_scored_by_ccc_and_rmse(tmp_path, protocol, n):
    folder = tmp_path / "predictions" / "net.paper"
    folder.mkdir(parents=True)
    rows = ["a,NA,1.5,2", "a,NA,1.5,1", "b,7,3.0,3.5", "c,7,4.0,3"]
    (folder / "test.valence.csv").write_text("\n".join(["clip,speaker,valence,predicted", *rows]) + "\n")
    true, predicted = ([1.5, 1.5, 3, 4], [2, 1, 3.5, 3]) if protocol == "paper" else ([1.5, 3, 4], [1.5, 3.5, 3])
    settings = {"corpus": "C", "task": "valence", "output": "valence"}
    for metric in tables.NUMERIC:
        row = tables.score_row(tmp_path, protocol, ["net.paper"], "T", "R", "test", metric=metric, **settings)
        errors = np.subtract(true, predicted)
        expected = audmetric.concordance_cc(true, predicted) if metric == "CCC" else np.sqrt((errors**2).mean())
        assert row["measured"] == pytest.approx(expected) and row["n"] == n
        assert row["metric"] == f"test {metric} of valence" and row["low"] <= row["high"]


def test_the_score_over_seeds_is_the_mean_of_the_scores_of_each_seed(tmp_path):
    clips, true = ["a", "b", "c", "d"], np.array([1.0, 2.0, 3.0, 4.0])
    predicted = {"net.seed0.paper": [2.0, 2.0, 3.0, 3.0], "net.seed1.paper": [4.0, 3.0, 2.0, 1.0]}
    for model, values in predicted.items():
        folder = tmp_path / "predictions" / model
        folder.mkdir(parents=True)
        table = pd.DataFrame({"clip": clips, "speaker": ["s", "s", "t", "t"], "valence": true, "predicted": values})
        table.to_csv(folder / "test.valence.csv", index=False)
    settings = {"corpus": "C", "task": "valence", "output": "valence", "metric": "CCC", "seeds": [0, 1]}
    row = tables.score_row(tmp_path, "paper", list(predicted), "T", "R", "test", **settings)
    by_hand = [audmetric.concordance_cc(true, values) for values in predicted.values()]
    assert row["measured"] == pytest.approx(np.mean(by_hand)) and row["n"] == 8
    # The draws are s twice, t twice, or both, in each seed.
    drawn = [
        np.mean([audmetric.concordance_cc(true[part], np.array(values)[part]) for values in predicted.values()])
        for part in (slice(0, 2), slice(2, 4))
    ]
    assert row["low"] == pytest.approx(min(*drawn, np.mean(by_hand)))

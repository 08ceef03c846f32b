import pandas as pd

from kerasemo.evaluation.scores import by_clip


def test_a_clip_is_decided_by_the_mean_of_its_items():
    items = pd.DataFrame(
        {
            "clip": ["a", "b", "a", "a"],
            "speaker": ["1", "2", "1", "1"],
            "emotion": ["sad", "happy", "sad", "sad"],
            "predicted": ["happy", "happy", "happy", "sad"],
            "happy": [0.6, 0.7, 0.6, 0.0],
            "sad": [0.4, 0.3, 0.4, 1.0],
        }
    )
    clips = by_clip(items, "emotion")
    assert clips["clip"].tolist() == ["a", "b"]
    assert clips["predicted"].tolist() == ["sad", "happy"]
    assert list(clips.columns) == list(items.columns)

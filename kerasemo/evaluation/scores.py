"""Scores of saved predictions."""

import pandas as pd

KEYS = ["clip", "speaker"]


def by_clip(predictions: pd.DataFrame, task: str) -> pd.DataFrame:
    """One decision a clip: the class with the highest mean probability over the clip's items.

    Args:
        predictions: as saved: `clip, speaker, <task>, predicted`, then a probability for each class.
        task: the column with the true class, the same for all items of a clip.

    Returns:
        A table of the same columns, a row a clip.
    """
    classes = [column for column in predictions.columns if column not in [*KEYS, task, "predicted"]]
    clips = predictions.groupby([*KEYS, task], as_index=False, sort=False)[classes].mean()
    clips.insert(len(KEYS) + 1, "predicted", clips[classes].idxmax(axis=1))
    return clips

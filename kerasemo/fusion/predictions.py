"""Saved predictions of several models and the labels beside them: read, checked, aligned, told apart by dialogue."""

import itertools
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from kerasemo.corpora.avec2019 import PADDED_FRAMES, TARGETS, dialogues, read_traces
from kerasemo.errors import InputError

# The predictions that the organisers of AVEC 2019 fused, fitted on the labels of Devel.
ORGANISERS_FUSION = "svr"
# Stands beside predictions that a fusion made. They have seen labels: fused again on those, they would leak.
FUSED_MARK = "fused.txt"


@dataclass(frozen=True)
class Aligned:
    """The frames of all recordings, one recording after the other.

    Args:
        models: names of the models.
        recordings: names of the recordings, sorted.
        lengths: frames of each recording.
        inputs: `frames x (models * targets)`: the targets of the first model, then those of the second.
        labels: `frames x targets`.
    """

    models: list[str]
    recordings: list[str]
    lengths: np.ndarray
    inputs: np.ndarray
    labels: np.ndarray

    def split(self, traces: np.ndarray) -> dict[str, np.ndarray]:
        """Recording -> its part of `frames x targets`."""
        return dict(zip(self.recordings, np.split(traces, np.cumsum(self.lengths)[:-1]), strict=True))


def load(folders: Sequence[str | os.PathLike], labels: str | os.PathLike) -> Aligned:
    """Read predictions and labels; predictions are cropped to the length of the labels.

    Args:
        folders: one for each model, called as the model, in the format of `avec2019.read_traces`.
        labels: the labels' folder, in the same format.

    Raises:
        InputError: there are fewer than two models, two of one name, one that a fusion made, or the recordings or
            their lengths do not agree with the labels.
    """
    return align(read(folders), read_traces(labels))


def read(folders: Sequence[str | os.PathLike]) -> dict[str, dict[str, np.ndarray]]:
    """Read the predictions of several models.

    Args:
        folders: one for each model, called as the model.

    Returns:
        Model -> recording -> `frames x targets`.

    Raises:
        InputError: as `load`, as far as it does not concern the labels.
    """
    folders = [Path(folder) for folder in folders]
    names = [folder.resolve().name for folder in folders]
    if len(folders) < 2:
        given = f"{folders[0]} is the only one" if folders else "there are none"
        raise InputError(f"fusion needs the predictions of two models or more, and {given}; give another folder.")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"two prediction folders are called {twice[0]}; a folder's name is its model's, rename one.")
    for folder in folders:
        if (folder / FUSED_MARK).exists():
            raise InputError(
                f"{folder} was made by a fusion, which has seen labels, and fused again it would leak them; give the "
                "models' own predictions, and the number of stages for more stages."
            )
    predictions = {name: read_traces(folder) for name, folder in zip(names, folders, strict=True)}
    if _known(predictions.get(ORGANISERS_FUSION, {})):
        raise InputError(
            f"{ORGANISERS_FUSION} is the organisers' own fusion, fitted on the labels of these recordings; leave it "
            "out."
        )
    return predictions


def align(predictions: Mapping[str, Mapping[str, np.ndarray]], labels: Mapping[str, np.ndarray]) -> Aligned:
    """Bring predictions and labels together, recording by recording.

    Args:
        predictions: model -> recording -> `frames x targets`: as many frames as the labels, or `PADDED_FRAMES`.
        labels: recording -> `frames x targets`.

    Raises:
        InputError: the recordings or their lengths do not agree, or a model is the labels or another model.
    """
    recordings = sorted(labels)
    for model, traces in predictions.items():
        _check_recordings(model, set(traces), set(labels))
        for recording in recordings:
            _check_length(model, recording, len(traces[recording]), len(labels[recording]))
    truth = [labels[recording] for recording in recordings]
    cropped_of = {
        model: np.concatenate([traces[recording][: len(labels[recording])] for recording in recordings])
        for model, traces in predictions.items()
    }
    _check_distinct({"the labels": np.concatenate(truth), **cropped_of})
    lengths = np.array([len(trace) for trace in truth])
    return Aligned(list(predictions), recordings, lengths, np.hstack([*cropped_of.values()]), np.concatenate(truth))


def constant(aligned: Aligned) -> list[str]:
    """The predictions that are one and the same number in every frame, in words."""
    still = np.flatnonzero(np.ptp(aligned.inputs, axis=0) == 0)
    return [f"{TARGETS[column % len(TARGETS)]} of {aligned.models[column // len(TARGETS)]}" for column in still]


def groups(recordings: Sequence[str], file: str | os.PathLike | None = None) -> tuple[list[str], str | None]:
    """What folds and intervals must keep whole: the dialogue of each recording.

    Args:
        recordings: names of recordings.
        file: csv with the columns `recording,dialogue`; without it, the dialogues that are known of the corpus.

    Returns:
        The group of each recording, and what to tell the user where the dialogues are not known.

    Raises:
        InputError: the file cannot be read, lacks a recording, or names one that is unknown.
    """
    if file is not None:
        dialogue_of = _read_groups(Path(file))
        unknown, missing = set(dialogue_of) - set(recordings), set(recordings) - set(dialogue_of)
        if unknown:
            raise InputError(f"{file} names {_some(unknown)}, which the labels do not have; remove it from the file.")
        if missing:
            raise InputError(f"{file} does not name {_some(missing)}, which the labels have; add it to the file.")
        return [dialogue_of[recording] for recording in recordings], None
    known = {recording: dialogues([recording])[recording] for recording in _known(recordings)}
    note = None
    if n_unknown := len(recordings) - len(known):
        note = (
            f"The dialogues of {n_unknown} recordings are not known, so each of these is held out by itself; where "
            "partners of one dialogue are among them, give the dialogues in a groups file, or the scores may be too "
            "high."
        )
    return [known.get(recording, recording) for recording in recordings], note


def _known(recordings: Iterable[str]) -> list[str]:
    """The recordings whose dialogue is known."""
    known = []
    for recording in recordings:
        try:
            dialogues([recording])
        except InputError:
            continue
        known.append(recording)
    return known


def _check_distinct(traces_of: Mapping[str, np.ndarray]) -> None:
    """Labels among the models leak, and a model under two names counts twice."""
    # Files have six decimals.
    for (name, traces), (other, others) in itertools.combinations(traces_of.items(), 2):
        if np.allclose(traces, others, rtol=0, atol=2e-6) and np.ptp(traces):
            raise InputError(f"{other} has the same traces as {name}; leave it out.")


def _read_groups(file: Path) -> dict[str, str]:
    try:
        table = pd.read_csv(
            file, dtype=str, keep_default_na=False, index_col=False, skip_blank_lines=False, skipinitialspace=True
        )
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise InputError(f"{file} cannot be read as csv: {str(error).strip()}.") from None
    if not {"recording", "dialogue"} <= set(table.columns):
        raise InputError(
            f"{file} must have the columns recording,dialogue; it has {','.join(map(str, table.columns))}."
        )
    # Spaces around a name would tear its dialogue apart.
    table = table.apply(lambda column: column.str.strip())
    faulty = table["recording"].duplicated() | (table["recording"] == "") | (table["dialogue"] == "")
    if faulty.any():
        line = int(np.flatnonzero(faulty)[0]) + 2
        raise InputError(f"{file}: line {line} is empty or names a recording again; give each one dialogue.")
    return dict(zip(table["recording"], table["dialogue"], strict=True))


def _check_recordings(model: str, found: set[str], wanted: set[str]) -> None:
    if wanted - found:
        raise InputError(f"{model} has no predictions of {_some(wanted - found)}, which the labels have; add them.")
    if found - wanted:
        raise InputError(f"{model} has predictions of {_some(found - wanted)}, which the labels lack; remove them.")


def _check_length(model: str, recording: str, found: int, wanted: int) -> None:
    if found not in (wanted, max(wanted, PADDED_FRAMES)):
        raise InputError(
            f"{model} has {found} frames of {recording} and the labels have {wanted}; give as many, or "
            f"{PADDED_FRAMES} with padding at the end."
        )


def _some(names: set[str]) -> str:
    """A few names of many.

    >>> _some({"a", "b", "c", "d", "e"})
    'a, b, c and 2 more'
    """
    shown = sorted(names)[:3]
    return ", ".join(shown) + (f" and {len(names) - len(shown)} more" if len(names) > len(shown) else "")

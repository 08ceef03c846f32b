"""Saved predictions of several models and their labels: reading, checks, alignment, and grouping by dialogue."""

import itertools
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from kerasemo.corpora.avec2019 import PADDED_FRAMES, TARGETS, dialogues
from kerasemo.corpora.avec2019_files import read_traces
from kerasemo.errors import InputError

__all__ = ["FUSED_MARK", "ORGANISERS_FUSION", "Aligned", "align", "constant", "groups", "load", "read"]

# The fused predictions of the organisers of AVEC 2019, fitted on the labels of Devel.
ORGANISERS_FUSION = "svr"
# Marks a folder of fused predictions. They depend on the labels, and would leak them if they were fused again.
FUSED_MARK = "fused.txt"


@dataclass(frozen=True)
class Aligned:
    """The frames of all recordings, concatenated.

    Args:
        models: names of the models.
        recordings: names of the recordings, sorted.
        lengths: frames of each recording.
        inputs: `frames x (models * targets)`: all targets of the first model, then those of the second, ...
        labels: `frames x targets`.
        padding: for each recording, the inputs of the predicted frames after the last label.
    """

    models: list[str]
    recordings: list[str]
    lengths: np.ndarray
    inputs: np.ndarray
    labels: np.ndarray
    padding: list[np.ndarray]

    def split(self, traces: np.ndarray) -> dict[str, np.ndarray]:
        """Return traces by recording: recording -> `frames x targets`.

        Args:
            traces: the frames of all recordings, concatenated, `frames x targets`.
        """
        return dict(zip(self.recordings, np.split(traces, np.cumsum(self.lengths)[:-1]), strict=True))


def load(folders: Sequence[str | os.PathLike], labels: str | os.PathLike) -> Aligned:
    """Read predictions and labels; predictions are cropped to the length of the labels.

    Args:
        folders: one folder per model, named after the model, in the format of `avec2019_files.read_traces`.
        labels: the folder of the labels, in the same format.

    Returns:
        Predictions and labels, aligned.

    Raises:
        InputError: There are fewer than two models, two have the same name, one is a fusion, or the recordings or
            their lengths do not agree with the labels.
    """
    return align(read(folders), read_traces(labels))


def read(folders: Sequence[str | os.PathLike]) -> dict[str, dict[str, np.ndarray]]:
    """Read the predictions of several models.

    Args:
        folders: one folder per model, named after the model.

    Returns:
        Model -> recording -> `frames x targets`.

    Raises:
        InputError: There are fewer than two models, two have the same name, or one is a fusion.
    """
    folders = [Path(folder) for folder in folders]
    names = [folder.resolve().name for folder in folders]
    if len(folders) < 2:
        reason = f"{folders[0]} is the only one" if folders else "there are none"
        raise InputError(f"fusion needs the predictions of two models or more, and {reason}; give another folder.")
    duplicates = sorted({name for name in names if names.count(name) > 1})
    if duplicates:
        raise InputError(
            f"two prediction folders are called {duplicates[0]}, but the folder's name is the name of the model; "
            "rename one."
        )
    for folder in folders:
        if (folder / FUSED_MARK).exists():
            raise InputError(
                f"{folder} was made by a fusion that was fitted on labels, and would leak them; give the predictions "
                "of the models, and use --stages for more stages."
            )
    predictions = {name: read_traces(folder) for name, folder in zip(names, folders, strict=True)}
    if _known(predictions.get(ORGANISERS_FUSION, {})):
        raise InputError(
            f"{ORGANISERS_FUSION} is the organisers' own fusion, fitted on the labels of these recordings; remove it."
        )
    return predictions


def align(predictions: Mapping[str, Mapping[str, np.ndarray]], labels: Mapping[str, np.ndarray]) -> Aligned:
    """Align the predictions with the labels, recording by recording.

    Args:
        predictions: model -> recording -> `frames x targets`; as many frames as the labels, or `PADDED_FRAMES`.
        labels: recording -> `frames x targets`.

    Returns:
        Predictions and labels, with the recordings in alphabetical order.

    Raises:
        InputError: The recordings or their lengths do not agree, or a model equals the labels or another model.
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
    inputs, padding = np.hstack([*cropped_of.values()]), _padding(predictions, labels)
    return Aligned(list(predictions), recordings, lengths, inputs, np.concatenate(truth), padding)


def constant(aligned: Aligned) -> list[str]:
    """Return the names of constant predictions, such as `liking of audio`.

    Args:
        aligned: the predictions.
    """
    columns = np.flatnonzero(np.ptp(aligned.inputs, axis=0) == 0)
    return [f"{TARGETS[column % len(TARGETS)]} of {aligned.models[column // len(TARGETS)]}" for column in columns]


def groups(recordings: Sequence[str], file: str | os.PathLike | None = None) -> tuple[list[str], str | None]:
    """Return the dialogue of each recording; folds and intervals never divide a dialogue.

    Args:
        recordings: names of recordings.
        file: CSV file with the columns `recording,dialogue`; None: the known dialogues of the corpus.

    Returns:
        The dialogue of each recording, and a note for the user if some dialogues are not known.

    Raises:
        InputError: The file cannot be read, lacks a recording, or names an unknown one.
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
            f"The dialogues of {n_unknown} recordings are not known, so each of these is held out separately; if "
            "partners of the same dialogue are among them, give the dialogues in a groups file, or the scores may be "
            "too high."
        )
    return [known.get(recording, recording) for recording in recordings], note


def _padding(predictions: Mapping[str, Mapping[str, np.ndarray]], labels: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """Return the predictions after the last label of each recording; a model that ends earlier repeats its last row."""
    padding = []
    for recording in sorted(labels):
        traces = [traces_of[recording] for traces_of in predictions.values()]
        longest = max(map(len, traces))
        padded = [np.pad(trace, [(0, longest - len(trace)), (0, 0)], mode="edge") for trace in traces]
        padding.append(np.hstack(padded)[len(labels[recording]) :])
    return padding


def _known(recordings: Iterable[str]) -> list[str]:
    """Return the recordings whose dialogue is known."""
    known = []
    for recording in recordings:
        try:
            dialogues([recording])
        except InputError:
            continue
        known.append(recording)
    return known


def _check_distinct(traces_of: Mapping[str, np.ndarray]) -> None:
    """Check that no model equals the labels, which would leak, or another model, which would count twice."""
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
    # Spaces around a name would make it a different dialogue.
    table = table.apply(lambda column: column.str.strip())
    faulty = table["recording"].duplicated() | (table["recording"] == "") | (table["dialogue"] == "")
    if faulty.any():
        line = int(np.flatnonzero(faulty)[0]) + 2
        raise InputError(f"{file}: line {line} is empty or names a recording again; give each recording one dialogue.")
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
    """Format up to three names.

    >>> _some({"a", "b", "c", "d", "e"})
    'a, b, c and 2 more'
    """
    shown = sorted(names)[:3]
    return ", ".join(shown) + (f" and {len(names) - len(shown)} more" if len(names) > len(shown) else "")

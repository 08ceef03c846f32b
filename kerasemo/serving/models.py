"""The models that a server has: their names, what they need, their cards, their predictions."""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from concurrent.futures import Executor
from contextlib import aclosing
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path

import pandas as pd
from markdown_it import MarkdownIt

from kerasemo.errors import InputError
from kerasemo.export import ServedModel, as_record
from kerasemo.export.windows import EVERY_S, segmented_input, window_probabilities
from kerasemo.progress import track
from kerasemo.reporting.model_card import held_out_scores
from kerasemo.serving.batches import Batches
from kerasemo.serving.decoder import Decoder
from kerasemo.serving.problems import HttpProblem, finite

__all__ = ["LIVE_WINDOW_S", "Model", "Recording", "chosen", "gender_of", "load_models", "unique_names"]

LIVE_WINDOW_S = 3.0
"""Length of the recording from which a network of whole clips predicts while it is made, seconds."""


@dataclass(frozen=True)
class Recording:
    """A file, the part of it to use, and who speaks.

    Args:
        path: where the processes that decode find the file.
        name: its name in messages; it says the format.
        start_s, end_s: seconds; None: from the beginning, to the end.
        gender: `female`, `male` or None if not known.
    """

    path: str
    name: str
    start_s: float | None = None
    end_s: float | None = None
    gender: str | None = None


class Model:
    """A model of the server.

    Args:
        number: its number in the processes that decode.
        name: its name in requests.
        served: the network.
        executor: the thread in which it computes.
    """

    def __init__(self, number: int, name: str, served: ServedModel, executor: Executor):
        self.number, self.name, self.served = number, name, served
        self._batches = Batches(served.probabilities, executor)
        self._windows = Batches(lambda batch: window_probabilities(served, batch["windows"]), executor)
        feature_sets = [network_input.feature_set for network_input in served.inputs.values()]
        self.media = sorted({feature_set.medium for feature_set in feature_sets})
        self.uses_gender = any(feature_set.needs_gender for feature_set in feature_sets)
        try:
            _, segmented = segmented_input(served)
            self.window_s = segmented.segment_length / segmented.feature_set.sampling_rate
        except InputError:
            self.window_s = None

    @property
    def live_window_s(self) -> float:
        """Length of the recording from which an answer is predicted while recording, seconds."""
        return self.window_s or LIVE_WINDOW_S

    def describe(self) -> dict:
        """Return what `/v1/models` says about the model."""
        try:
            card = self.served.card
        except InputError:
            card = ""
        return {
            "name": self.name,
            "classes": self.served.classes,
            "predicts": "probabilities" if len(self.served.classes) > 1 else "a number",
            "inputs": {name: config.feature_set.name for name, config in self.served.inputs.items()},
            "media": self.media,
            "uses_gender": self.uses_gender,
            "window_s": self.window_s,
            "held_out": held_out_scores(card),
            "card": card,
            "card_html": MarkdownIt("js-default").render(card),
        }

    async def predict(self, decoder: Decoder, recording: Recording) -> dict:
        """Return the prediction for a recording, as `kerasemo predict --json` gives it.

        Args:
            decoder: the processes that read the file.
            recording: the recording.
        """
        async with aclosing(decoder.answers(self._task(recording))) as answers:
            (batch,) = [answer async for answer in answers]
        probabilities = await self._batches.probabilities(batch)
        record = as_record(pd.Series(probabilities.mean(axis=0), index=self.served.classes))
        return finite({"model": self.name, "file": recording.name, **record})

    async def timeline(self, decoder: Decoder, recording: Recording, every_s: float | None) -> AsyncIterator[dict]:
        """Yield the rows of a timeline, see `timeline.timeline`; probabilities of silence are None.

        Args:
            decoder, recording: as in `predict`.
            every_s: step from window to window, seconds; None: 2 s, or the length of a window if that is shorter.

        Raises:
            InputError: The network does not read segments of sound, or `every_s` is out of range.
            BrokenClip: The recording cannot be used.
        """
        segmented_input(self.served)
        task = self._task(recording, min(EVERY_S, self.window_s) if every_s is None else every_s)
        async with aclosing(decoder.answers(task)) as answers:
            async for answer in answers:
                probabilities = await self._windows.probabilities({"windows": answer["windows"]})
                for time_s, row in zip(answer["time_s"].tolist(), probabilities.tolist(), strict=True):
                    named = dict(zip(self.served.classes, row, strict=True))
                    yield finite({"time_s": round(time_s, 6), "probabilities": named})

    def _task(self, recording: Recording, every_s: float | None = None) -> dict:
        return {"model": self.number, "every_s": every_s, **vars(recording)}


def load_models(folders: Collection[Path], moved: Iterable[Path], executor: Executor) -> dict[str, Model]:
    """Load SavedModels.

    Args:
        folders: folders of SavedModels.
        moved: new paths of files that their preprocessing reads.
        executor: the thread in which the networks compute.

    Returns:
        name -> model.

    Raises:
        InputError: A SavedModel cannot be used, or takes features instead of media files.
    """
    loaded = [ServedModel(folder, moved) for folder in track(folders, len(folders), "Loading")]
    for served in loaded:
        if not served.inputs:
            raise InputError(f"{served.folder} takes features, not media files; it cannot be served.")
    names = unique_names([served.folder.resolve().name for served in loaded])
    return {
        name: Model(number, name, served, executor)
        for number, (name, served) in enumerate(zip(names, loaded, strict=True))
    }


def unique_names(names: list[str]) -> list[str]:
    """Return the names with numbers behind those that are there before.

    Args:
        names: names, some of them equal.

    Example:
        >>> unique_names(["final", "final-2", "final", "final"])
        ['final', 'final-2', 'final-3', 'final-4']
    """
    unique: list[str] = []
    for name in names:
        numbered = (f"{name}-{number}" for number in count(2))
        unique.append(next(each for each in chain([name], numbered) if each not in unique))
    return unique


def chosen(models: dict[str, Model], name: str | None) -> Model:
    """Return the model of a name.

    Args:
        models: name -> model.
        name: the name; None: the first.

    Raises:
        HttpProblem: There is no such model.
    """
    if name is None:
        return next(iter(models.values()))
    if name not in models:
        raise HttpProblem(404, f"there is no model {name!r}; choose one of {', '.join(models)}.")
    return models[name]


def gender_of(fields: Mapping[str, str]) -> str | None:
    """Return the gender of the speaker that a request states, or None.

    Args:
        fields: name -> text.

    Raises:
        HttpProblem: It is something else.
    """
    if (gender := fields.get("gender") or None) not in (None, "female", "male"):
        raise HttpProblem(400, f"gender is female or male. Received: {gender}")
    return gender

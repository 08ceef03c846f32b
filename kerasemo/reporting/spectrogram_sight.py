"""Figures that explain a network on spectrograms: t-SNE of its embeddings of clips, and Grad-CAM maps."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from kerasemo.training.missing import known
from kerasemo.training.segments import Segments

if TYPE_CHECKING:
    import keras

__all__ = ["figures"]


def figures(
    network: Path, segments: Segments, task: str, classes: Sequence[str], name: str, seed: int, notice: str | None
) -> Iterator[tuple[str, str, Figure]]:
    """The embedding of some clips, and maps of the segments that a network is surest of, one a class.

    Args:
        network: the saved network, see `models.from_waveform`.
        segments: the segments of the clips. Segments without a label for the task are ignored; if none has a label,
            nothing is drawn.
        task: name of the task.
        classes: the names of its classes, in order.
        name: of the network, for the titles.
        seed: of t-SNE.
        notice: what every figure must say.

    Yields:
        The kind of a figure (`tsne` or `grad_cam`), its title, and the figure.
    """
    from kerasemo.models.from_waveform import parts
    from kerasemo.reporting.embedding import FEWEST, embedding_figure, tsne
    from kerasemo.training.saving import load_network

    segments = segments.rows(np.flatnonzero(known(segments.targets[task])))
    if not len(segments):
        return
    labels = pd.Series(segments.targets[task])
    front, classifier = parts(load_network(network))
    spectrograms = front.predict(segments.once().map(lambda x, *_: x), verbose=0)
    embedding, probabilities = _answers(classifier, spectrograms, task)
    clips = segments.index["clip"].to_numpy()
    clip_embedding = pd.DataFrame(embedding).groupby(clips, sort=False).mean()
    if len(clip_embedding) >= FEWEST:
        title = f"t-SNE of the embedding, {name}"
        names = [classes[number] for number in labels.groupby(clips, sort=False).first()]
        points = tsne(clip_embedding.to_numpy(), seed)
        yield "tsne", title, embedding_figure(points, names, classes, title, notice)
    title = f"Grad-CAM of {task}, {name}"
    surest = {number: probabilities[:, number][labels == number].argmax() for number in np.unique(labels)}
    rows = {number: np.flatnonzero(labels == number)[place] for number, place in surest.items()}
    made = segments.made
    segment_s = made.segment_length / made.feature_set.sampling_rate
    yield "grad_cam", title, _maps(classifier, spectrograms, rows, task, classes, segment_s, title, notice)


def _answers(network: "keras.Model", spectrograms: np.ndarray, task: str) -> tuple[np.ndarray, np.ndarray]:
    """The embedding of each spectrogram, and its probabilities."""
    import keras

    from kerasemo.models.spectrogram_cnn import EMBEDDING

    model = keras.Model(network.input, [network.get_layer(EMBEDDING).output, network.output[task]])
    return model.predict({"spectrogram": spectrograms}, batch_size=32, verbose=0)


def _maps(network, spectrograms, rows, task, classes, segment_s, title, notice) -> Figure:
    """Grad-CAM maps of some spectrograms; `rows`: class number -> the row to show."""
    from kerasemo.models.spectrogram_cnn import LAST_CONVOLUTION
    from kerasemo.reporting.grad_cam import grad_cam, grad_cam_figure

    shown = spectrograms[list(rows.values())]
    maps = grad_cam(network, shown, task, list(rows), LAST_CONVOLUTION)
    return grad_cam_figure(shown[..., 0], maps, [classes[number] for number in rows], segment_s, title, notice)

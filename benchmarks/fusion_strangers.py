"""Held-out scores of the recommended fusion on predictions that it was not designed on, against all other methods.

    python benchmarks/fusion_strangers.py [--root DIR] [--jobs N]

`auto` was designed on the nine published sets of predictions of AVEC 2019 CES. The draws here change what a user may
have otherwise: which and how many models (3 to 8 of the nine), a useless or an inverted model, few dialogues, a
language that was never seen, models of other strength (synthetic SEWA, trained on few and on many recordings), and
models of equal quality with a common error, for which the mean is hard to beat. Each kind has several draws, and the
score of a method is its mean over them: average CCC of arousal, valence and liking on held-out dialogues, seven folds.
The multistage SVR is left out: it takes minutes, and is below the mean of the models on held-out dialogues.

The last line is the ratio of `auto` to the best other method, in the kind where it is lowest.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import delayed
from scipy.ndimage import gaussian_filter1d
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from kerasemo.corpora import avec2019
from kerasemo.corpora.synthetic.sewa import SyntheticSewa
from kerasemo.corpora.synthetic.sewa_signals import DELAY_FRAMES, STRENGTHS, Recording, perform
from kerasemo.fusion.methods import DEFAULT, METHODS, estimator
from kerasemo.fusion.predictions import Aligned, align, groups, load
from kerasemo.fusion.protocols import HELD_OUT, fold_of_recordings, held_out
from kerasemo.fusion.recordings import slices
from kerasemo.fusion.scoring import average, group_sums
from kerasemo.workers import side_by_side

# The fusion of the organisers, which is not a unimodal model.
LEFT_OUT = "svr"
COMPARED = [method for method in METHODS if method != "multistage-svr"]
FOLDS = 7
# Other seeds than those with which `auto` was designed.
SEEDS = range(1000, 1003)
# Smoothing of artificial errors, in frames, and the share of their variance that is constant within a recording.
ERROR_FRAMES, ERROR_LEVEL = 30, 0.4
# Correlation of the error-free part of equal models with arousal, valence and liking.
EQUAL_CORRELATIONS = np.array([0.68, 0.66, 0.35])
SPREAD = 0.12


@dataclass(frozen=True)
class Draw:
    """Predictions to fuse; by default with seven random folds of dialogues."""

    kind: str
    data: Aligned
    seed: int
    fold_of: np.ndarray | None = None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=Path(__file__).parents[2] / "shared" / "data" / "avec2019_ces")
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    folders = sorted(path for path in arguments.root.glob("predictions/*") if path.name != LEFT_OUT)
    if not folders:
        parser.error(f"{arguments.root} contains no predictions; give the folder of AVEC 2019 CES with --root")
    nine = load(folders, arguments.root / "labels")
    work = [delayed(scores)(draw) for draw in (*real(nine), *equal(nine), *synthetic())]
    with side_by_side(work, arguments.jobs, return_as="generator") as rows:
        table = pd.DataFrame(rows).groupby("kind", sort=False)[COMPARED].mean()
    best = table.drop(columns=DEFAULT).max(axis=1)
    table["auto - best"] = table[DEFAULT] - best
    print(table.to_string(float_format="%.3f"))
    print(f"ratio {(table[DEFAULT] / best).min():.3f}")


def scores(draw: Draw) -> dict[str, object]:
    """Return the kind and the held-out score of each method."""
    group_of, _ = groups(draw.data.recordings)
    fold_of = draw.fold_of
    if fold_of is None:
        fold_of = fold_of_recordings(group_of, min(FOLDS, len(set(group_of))), draw.seed)
    with threadpool_limits(1):
        fused = {method: held_out(estimator(method, HELD_OUT), draw.data, group_of, fold_of)[-1] for method in COMPARED}
    return {"kind": draw.kind} | {
        method: average(group_sums(draw.data, traces, group_of)) for method, traces in fused.items()
    }


def real(nine: Aligned) -> Iterator[Draw]:
    """Yield the nine sets, some of them, or all with a change."""
    for seed in SEEDS:
        generator = np.random.default_rng(seed)
        yield Draw("the nine", nine, seed)
        for low, high in ((3, 5), (6, 8)):
            number = generator.integers(low, high, endpoint=True)
            chosen = generator.choice(len(nine.models), number, replace=False)
            yield Draw(f"{low} to {high} of the nine", with_models(nine, models(nine)[:, chosen]), seed)
        noise = SPREAD * errors(generator, nine.lengths, 1)
        yield Draw("a useless model", with_models(nine, np.hstack([models(nine), noise])), seed)
        turned = models(nine).copy()
        turned[:, generator.integers(len(nine.models))] *= -1
        yield Draw("an inverted model", with_models(nine, turned), seed)
        for number in (5, 8):
            yield Draw(f"{number} dialogues", of_dialogues(nine, generator, number), seed)
    languages = np.array([avec2019.language(name) == "DE" for name in nine.recordings])
    yield Draw("a language held out", nine, 0, languages.astype(int))


def equal(nine: Aligned) -> Iterator[Draw]:
    """Yield models that are the real labels with an error that all have and an error of their own."""
    labels = (nine.labels - nine.labels.mean(axis=0)) / nine.labels.std(axis=0)
    for seed in SEEDS:
        generator = np.random.default_rng(seed)
        common = np.sqrt(1 - EQUAL_CORRELATIONS**2) * errors(generator, nine.lengths, 1)
        common += EQUAL_CORRELATIONS * labels[:, None]
        for number in (5, 12):
            share = generator.uniform(0.5, 0.9, size=(number, 3))
            traces = np.sqrt(share) * common + np.sqrt(1 - share) * errors(generator, nine.lengths, number)
            spread = SPREAD * generator.uniform(0.7, 1.3, size=(number, 1))
            yield Draw(f"{number} equal models", with_models(nine, spread * traces + nine.labels.mean(axis=0)), seed)


def synthetic() -> Iterator[Draw]:
    """Yield predictions of synthetic Devel by a linear model for each feature set, trained on few and on many."""
    for seed in SEEDS:
        corpus = SyntheticSewa(seed=seed)
        recordings = {
            side.name: perform(side.dialogue, side.side, side.n_frames, list(STRENGTHS), corpus.width, corpus.seed)
            for side in corpus._sides()
        }
        train, devel = ([name for name in recordings if name.startswith(part)] for part in ("Train", "Devel"))
        labels = {name: recordings[name].labels for name in devel}
        for number in (4, 17, 68):
            fitted_on = [recordings[name] for name in train[:: len(train) // number]]
            predicted = {name: {} for name in STRENGTHS}
            for name, traces in predicted.items():
                model = linear_model(name, fitted_on)
                traces.update({each: model.predict(delayed_features(recordings[each], name)) for each in devel})
            yield Draw(f"synthetic, trained on {number}", align(predicted, labels), seed)


def linear_model(feature_set: str, recordings: Sequence[Recording]) -> Pipeline:
    """Fit a ridge regression from a feature set to the labels."""
    inputs = np.concatenate([delayed_features(recording, feature_set) for recording in recordings])
    targets = np.concatenate([recording.labels for recording in recordings])
    return make_pipeline(StandardScaler(), Ridge(0.01 * len(inputs))).fit(inputs, targets)


def delayed_features(recording: Recording, feature_set: str) -> np.ndarray:
    """Return the features that the labels of each frame follow."""
    features = recording.features[feature_set]
    return features[np.maximum(np.arange(len(features)) - DELAY_FRAMES, 0)]


def errors(generator: np.random.Generator, lengths: np.ndarray, n_models: int) -> np.ndarray:
    """Return slow Gaussian noise of variance 1, `frames x models x targets`, independent for each recording."""
    parts = []
    for frames in lengths:
        noise = generator.normal(size=(frames + 8 * ERROR_FRAMES, n_models, 3))
        smooth = gaussian_filter1d(noise, ERROR_FRAMES, axis=0)[4 * ERROR_FRAMES : -4 * ERROR_FRAMES]
        smooth *= np.sqrt(2 * np.sqrt(np.pi) * ERROR_FRAMES)
        level = generator.normal(size=(n_models, 3))
        parts.append(np.sqrt(1 - ERROR_LEVEL) * smooth + np.sqrt(ERROR_LEVEL) * level)
    return np.concatenate(parts)


def models(data: Aligned) -> np.ndarray:
    """Return the inputs as `frames x models x targets`."""
    return data.inputs.reshape(len(data.inputs), -1, data.labels.shape[1])


def with_models(data: Aligned, traces: np.ndarray) -> Aligned:
    """Return the same recordings with other models, `frames x models x targets`."""
    names = [f"model_{number}" for number in range(traces.shape[1])]
    return replace(data, models=names, inputs=traces.reshape(len(traces), -1), padding=[])


def of_dialogues(data: Aligned, generator: np.random.Generator, number: int) -> Aligned:
    """Return the recordings of some random dialogues."""
    group_of, _ = groups(data.recordings)
    kept = np.isin(group_of, generator.choice(np.unique(group_of), number, replace=False))
    rows = np.concatenate([np.r_[part] for part, keep in zip(slices(data.lengths), kept, strict=True) if keep])
    names = [name for name, keep in zip(data.recordings, kept, strict=True) if keep]
    return Aligned(data.models, names, data.lengths[kept], data.inputs[rows], data.labels[rows], padding=[])


if __name__ == "__main__":
    main()

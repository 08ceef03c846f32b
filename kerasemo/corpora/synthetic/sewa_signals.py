"""Synthetic emotion of two partners in a dialogue, and feature sets that show it with known strength.

Everything is jointly Gaussian, and what hides an emotion varies in time exactly as the emotion does. So no network and
no filter over time can see more than the best linear estimate from the same frame, and the best CCC that any
model can reach is known in advance: `ccc_ceiling`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter

from kerasemo.corpora.avec2019 import PADDED_FRAMES, TARGETS

__all__ = [
    "DELAY_FRAMES",
    "LABEL_MEAN",
    "LABEL_STD",
    "PARTNER_CORRELATION",
    "SHARED_NOISE",
    "STRENGTHS",
    "TARGET_CORRELATION",
    "Recording",
    "ccc_ceiling",
    "perform",
]

# How strongly a feature set shows each target: the correlation of its channel for the target with the target.
STRENGTHS = {
    #                                          arousal  valence  liking
    "audio_features_egemaps":                  (0.40,   0.15,    0.10),
    "audio_features_egemaps_functionals":      (0.60,   0.25,    0.15),
    "audio_features_egemaps_xbow":             (0.65,   0.30,    0.15),
    "audio_features_mfcc":                     (0.30,   0.10,    0.05),
    "audio_features_mfcc_functionals":         (0.45,   0.15,    0.10),
    "audio_features_mfcc_xbow":                (0.50,   0.20,    0.10),
    "audio_features_DeepSpectrum_DenseNet121": (0.55,   0.20,    0.15),
    "visual_features":                         (0.20,   0.45,    0.10),
    "visual_features_functionals":             (0.45,   0.75,    0.25),
    "visual_features_xbow":                    (0.40,   0.70,    0.20),
    "visual_features_ResNet":                  (0.30,   0.60,    0.20),
    "visual_features_VGG":                     (0.25,   0.50,    0.15),
}  # fmt: skip

# Correlation of the targets with each other, in the order arousal, valence, liking.
TARGET_CORRELATION = np.array([[1.0, 0.5, 0.0], [0.5, 1.0, 0.2], [0.0, 0.2, 1.0]])
# Correlation of the two partners' emotions. Their sound is one: it shows what they have in common.
PARTNER_CORRELATION = 0.5
# Correlation of what hides an emotion in two feature sets of one modality.
SHARED_NOISE = 0.7

# Labels: mean and spread. Annotators are late: a label tells the emotion that the features showed this long before.
LABEL_MEAN = np.array([0.13, 0.11, -0.04])
LABEL_STD = 0.135
DELAY_FRAMES = 20

# Time constant of all that varies, frames, and the share of its variance that is constant within a recording.
_TIME_CONSTANT = 20.0
_CONSTANT_SHARE = 0.3
_BURN_IN = 300
# What features show beside the emotion, such as who speaks: more channels, mixed with those of the targets.
_NUISANCE_CHANNELS = 5


@dataclass(frozen=True)
class Recording:
    """One side of a dialogue.

    Attributes:
        labels: gold traces, `frames x 3`, in -1 to 1.
        features: feature set -> `frames x width`; those of sound are equal for both partners.
    """

    labels: np.ndarray
    features: dict[str, np.ndarray]


def perform(
    dialogue: Sequence[int], side: int, n_frames: int, feature_sets: Sequence[str], width: int, seed: int
) -> Recording:
    """Make one recording.

    Args:
        dialogue: whole numbers that name the dialogue; with `seed` they decide on all that happens in it.
        side: 0 or 1, which of the partners.
        n_frames: its length.
        feature_sets: which of `STRENGTHS`.
        width: features of each set.
        seed: also decides how a feature set mixes what it shows, the same way for all recordings.

    Returns:
        The recording; its features show the labels as strongly as `STRENGTHS` says.
    """
    to_common, to_sound, *to_sides = np.random.default_rng([seed, *dialogue]).spawn(4)
    to_own, to_sight = to_sides[side].spawn(2)
    common, own = _emotion(to_common), _emotion(to_own)
    emotion = np.sqrt(PARTNER_CORRELATION) * common + np.sqrt(1 - PARTNER_CORRELATION) * own
    shown = {"audio": common, "visual": emotion}
    hiding = {"audio": _Hiding(to_sound), "visual": _Hiding(to_sight)}
    features = {}
    for name in STRENGTHS:
        modality = _modality(name)
        strength = _channel_strength(name)
        noise = hiding[modality].draw()
        channels = strength * shown[modality] + np.sqrt(1 - strength**2) * noise[:, :3]
        if name in feature_sets:
            mixed = _mix(np.hstack([channels, noise[:, 3:]]), name, width, seed)
            features[name] = mixed[DELAY_FRAMES:][:n_frames]
    labels = LABEL_MEAN + LABEL_STD * emotion[:n_frames]
    return Recording(np.clip(labels, -1, 1), features)


def ccc_ceiling(feature_sets: Sequence[str]) -> dict[str, float]:
    """The best CCC that any model can reach on synthetic SEWA from these feature sets together.

    The best estimate of a Gaussian target from Gaussian channels is linear; with b its weights and c the covariances of
    channels and target, its correlation with the target is rho = sqrt(c'b). Rescaled to the target's spread, its CCC is
    rho, and no estimate has a CCC above its correlation. A model must know the annotators' delay to come near.

    Args:
        feature_sets: names of `STRENGTHS`.

    Returns:
        `arousal`, `valence` and `liking`, each 0 to 1.

    Example:
        >>> ceiling = ccc_ceiling(["visual_features_functionals"])
        >>> {target: round(ccc, 3) for target, ccc in ceiling.items()}
        {'arousal': 0.543, 'valence': 0.757, 'liking': 0.288}
    """
    with_target = np.concatenate([np.diag(STRENGTHS[name]) @ TARGET_CORRELATION for name in feature_sets])
    among = np.block([[_channel_covariance(one, other) for other in feature_sets] for one in feature_sets])
    weights = np.linalg.solve(among, with_target)
    ceiling = np.sqrt((with_target * weights).sum(axis=0))
    return dict(zip(TARGETS, ceiling.tolist(), strict=True))


class _Hiding:
    """Draws what hides the emotion in one modality's feature sets, one set after the other."""

    def __init__(self, rng: np.random.Generator):
        self.rng = rng
        self.shared = _vary(rng, 3)

    def draw(self) -> np.ndarray:
        """`frames x (3 + nuisance)`: three channels hide the targets."""
        noise = _vary(self.rng, 3 + _NUISANCE_CHANNELS)
        noise[:, :3] = np.sqrt(SHARED_NOISE) * self.shared + np.sqrt(1 - SHARED_NOISE) * noise[:, :3]
        return noise


def _modality(name: str) -> str:
    return name.split("_")[0]


def _channel_strength(name: str) -> np.ndarray:
    """Correlation of a set's channels with what it shows; sound shows the common part only, so it must do so better."""
    strength = np.array(STRENGTHS[name])
    return strength / np.sqrt(PARTNER_CORRELATION) if _modality(name) == "audio" else strength


def _channel_covariance(one: str, other: str) -> np.ndarray:
    """`3 x 3`: the channels of two sets with each other; each channel has variance 1."""
    across = _modality(one) != _modality(other)
    strengths = [np.array(STRENGTHS[name]) if across else _channel_strength(name) for name in (one, other)]
    by_emotion = np.outer(*strengths) * TARGET_CORRELATION
    if across:
        return by_emotion
    shared = 1.0 if one == other else SHARED_NOISE
    return by_emotion + np.diag(shared * np.sqrt((1 - strengths[0] ** 2) * (1 - strengths[1] ** 2)))


def _emotion(rng: np.random.Generator) -> np.ndarray:
    return _vary(rng, 3) @ np.linalg.cholesky(TARGET_CORRELATION).T


def _vary(rng: np.random.Generator, n_channels: int) -> np.ndarray:
    """`frames x channels` of variance 1: smooth in time, around a level of each recording's own.

    White noise through two equal low-passes: a correlation of (1 + t / T) exp(-t / T) with the time constant T.
    """
    decay = np.exp(-1 / _TIME_CONSTANT)
    white = rng.normal(size=(_BURN_IN + DELAY_FRAMES + PADDED_FRAMES, n_channels))
    smooth = lfilter([1.0], [1.0, -2 * decay, decay**2], white, axis=0)[_BURN_IN:]
    smooth *= np.sqrt((1 - decay**2) ** 3 / (1 + decay**2))
    return np.sqrt(1 - _CONSTANT_SHARE) * smooth + np.sqrt(_CONSTANT_SHARE) * rng.normal(size=n_channels)


def _mix(channels: np.ndarray, name: str, width: int, seed: int) -> np.ndarray:
    """`frames x channels` -> `frames x width`, features of various levels and spreads."""
    rng = np.random.default_rng([seed, list(STRENGTHS).index(name)])
    mixed = channels @ rng.normal(size=(channels.shape[1], width))
    return (mixed + rng.normal(size=width)) * 10.0 ** rng.uniform(-1, 1, size=width)

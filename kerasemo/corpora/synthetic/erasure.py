"""Which clips show their emotion in which modality, and the accuracy that this leaves within reach.

Each modality of a clip is an erasure channel: it shows the emotion or it shows a blank rendition, the same for all
classes. The two modalities are erased independently.
"""

from collections.abc import Hashable, Sequence

import numpy as np

__all__ = ["accuracy_ceiling", "draw_shown"]


def draw_shown(
    classes: Sequence[Hashable], audio_share: float, video_share: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw which clips show their emotion, with the same quota in every class.

    A class of n clips has `audio_share` n that show it by sound, rounded, and `video_share` n by sight. The sight's
    quota also holds among the clips with and without sound, up to one clip: the modalities stay independent in
    corpora of any size.

    Args:
        classes: the class of each clip.
        audio_share: the share of clips whose sound shows the emotion, 0 to 1.
        video_share: likewise for the picture.
        rng: decides which clips they are.

    Returns:
        Two boolean arrays (clips,): the sound shows the emotion; the picture does.

    Example:
        >>> audio, video = draw_shown(["happy"] * 8 + ["sad"] * 4, 0.5, 0.75, np.random.default_rng(0))
        >>> int(audio[:8].sum()), int(audio[8:].sum()), int(video[:8].sum()), int((audio & video)[:8].sum())
        (4, 2, 6, 3)
    """
    members: dict[Hashable, list[int]] = {}
    for clip, name in enumerate(classes):
        members.setdefault(name, []).append(clip)
    audio = np.zeros(len(classes), bool)
    video = np.zeros(len(classes), bool)
    for clips in members.values():
        shuffled = rng.permutation(clips)
        audio[shuffled] = _spread(len(clips), audio_share)
        shuffled = rng.permutation(clips)
        with_sound_first = shuffled[np.argsort(~audio[shuffled], kind="stable")]
        video[with_sound_first] = _spread(len(clips), video_share)
    return audio, video


def accuracy_ceiling(audio_share: float, video_share: float, n_classes: int = 8) -> dict[str, float]:
    """The best accuracy that any model can reach on clips of equally frequent classes (the Bayes rate).

    A modality that shows the emotion gives it away, a blank one leaves a guess. With s the share of clips shown and n
    classes, one modality reaches s + (1 - s) / n; both together fail only where both are blank and the guess is wrong:
    1 - (1 - s_audio) (1 - s_video) (n - 1) / n. RAVDESS with up to four clips per emotion is such a corpus; in the
    whole one, neutral has half as many clips as the others.

    Args:
        audio_share: the share of clips whose sound shows the emotion, 0 to 1.
        video_share: likewise for the picture.
        n_classes: how many classes there are.

    Returns:
        `audio`, `video` and `joint`, each 1 / n to 1.

    Example:
        >>> accuracy_ceiling(0.6, 0.8)
        {'audio': 0.65, 'video': 0.825, 'joint': 0.93}
    """
    missed = (n_classes - 1) / n_classes
    return {
        "audio": round(1 - (1 - audio_share) * missed, 12),
        "video": round(1 - (1 - video_share) * missed, 12),
        "joint": round(1 - (1 - audio_share) * (1 - video_share) * missed, 12),
    }


def _spread(n: int, share: float) -> np.ndarray:
    """`share` of n places, rounded to whole ones and evenly spread over them (systematic sampling)."""
    return np.diff(np.floor(np.arange(n + 1) * share + 0.5)).astype(bool)

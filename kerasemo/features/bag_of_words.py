"""Bag of audio words: how often each word of a codebook occurs in a sliding window."""

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.cluster import MiniBatchKMeans
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_array, check_is_fitted

from kerasemo.errors import InputError
from kerasemo.features.functionals import STEP_S, WINDOW_S, windows


# No TransformerMixin: windows are not the same rows as frames, and `fit_transform` would merge all recordings.
class BagOfAudioWords(BaseEstimator):
    """Low-level descriptors -> log(1 + count) of their nearest codewords in each window.

    Frames are standardised, the codebook contains the centres of k-means on the training frames, and each frame counts
    for its nearest centre. Descriptors of video can be used in the same way.

    Source: Schmitt, Ringeval and Schuller 2016, "At the Border of Acoustics and Linguistics: Bag-of-Audio-Words for the
    Recognition of Emotions in Speech", Interspeech. AVEC 2019: a codebook of 100, one assignment, logarithm, windows
    of 4 s every 0.1 s. There, openXBOW draws the codebook from the training frames; here it is learned by k-means.

    Args:
        hop_s: step between frames, in seconds.
        size: number of codewords.
        window_s: length of a window, in seconds.
        step_s: step between windows, in seconds.
        random_state: random seed of k-means.

    Attributes:
        scaler_: mean and spread of the training frames.
        kmeans_: the codebook, `kmeans_.cluster_centers_`, `size x descriptors`, in standardised descriptors.

    Example:
        >>> frames = np.array([[0.0], [0.1], [9.0], [9.1]])
        >>> bag = BagOfAudioWords(hop_s=0.1, size=2, window_s=0.2).fit(frames)
        >>> np.expm1(np.sort(bag.transform(frames))).round().astype(int).tolist()
        [[0, 2], [1, 2], [1, 2], [0, 2]]
    """

    def __init__(
        self,
        *,
        hop_s: float,
        size: int = 100,
        window_s: float = WINDOW_S,
        step_s: float = STEP_S,
        random_state: int = 0,
    ):
        self.hop_s = hop_s
        self.size = size
        self.window_s = window_s
        self.step_s = step_s
        self.random_state = random_state

    def fit(self, X: np.ndarray, y: None = None) -> "BagOfAudioWords":
        """Learn the codebook.

        Args:
            X: `frames x descriptors`, the concatenated frames of all training recordings, and of no others.
            y: not used.

        Raises:
            InputError: fewer frames than codewords.
            ValueError: X is not a finite table.
        """
        X = check_array(X, dtype=float)
        if len(X) < self.size:
            raise InputError(f"a codebook of {self.size} words needs as many frames at least. Received: {len(X)}")
        self.scaler_ = StandardScaler().fit(X)
        self.kmeans_ = MiniBatchKMeans(self.size, batch_size=4096, n_init=3, random_state=self.random_state)
        self.kmeans_.fit(self.scaler_.transform(X))
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        """Return the bags of one recording.

        Args:
            X: `frames x descriptors`, of one recording.

        Returns:
            float64, `windows x size`; for the windows see `functionals.windows`.

        Raises:
            InputError: a duration is not above 0.
            NotFittedError: there is no codebook yet.
            ValueError: X is not a finite table, or its descriptors are not those of the training frames.
        """
        check_is_fitted(self)
        words = self.kmeans_.predict(self.scaler_.transform(check_array(X, dtype=float)))
        counted = np.zeros((len(words) + 1, self.size), int)
        counted[np.arange(len(words)) + 1, words] = 1
        counted = counted.cumsum(axis=0)
        first, last = windows(len(words), self.hop_s, self.window_s, self.step_s)
        return np.log1p(counted[last] - counted[first])

"""The fusion methods by name."""

from sklearn.base import BaseEstimator

from kerasemo.errors import WrongCall
from kerasemo.fusion.auto import Auto
from kerasemo.fusion.lstm import LSTMFusion
from kerasemo.fusion.mean import Mean, VarianceMatchedMean
from kerasemo.fusion.multistage import STAGES, MultistageSVRCV
from kerasemo.fusion.multistage_authors import AuthorsMultistageSVR
from kerasemo.fusion.protocols import IN_SAMPLE
from kerasemo.fusion.ridge import EqualWeightsRidge, WithinBetweenRidge

__all__ = [
    "DEFAULT",
    "HELD_OUT_CONTEXTS",
    "HELD_OUT_INNER_FOLDS",
    "MAX_STAGES",
    "METHODS",
    "MULTISTAGE",
    "NOTES",
    "ON_REQUEST",
    "estimator",
]

# The methods that run by default, and those that only run on request, because they take minutes.
METHODS = ("auto", "mean", "variance-matched-mean", "equal-weights-ridge", "within-between-ridge", "multistage-svr")
ON_REQUEST = ("multistage-svr-authors", "lstm")
MULTISTAGE = ("multistage-svr", "multistage-svr-authors")
# Recommended for all data: it makes all its choices on the training folds.
DEFAULT = "auto"
MAX_STAGES = 10
# Wider contexts do not improve held-out scores and take the most time, so only C is chosen in the held-out protocol.
HELD_OUT_CONTEXTS = (11,)
HELD_OUT_INNER_FOLDS = 2
# What readers of the scores should know of a method.
NOTES = {
    "multistage-svr": (
        "Multistage fusion chooses context and C in-sample under the paper's protocol, as the authors' code does, but "
        "once for all targets and stages. With dialogues held out, it chooses only C, by inner folds; the context is "
        f"{HELD_OUT_CONTEXTS[0]}."
    ),
    "multistage-svr-authors": (
        "Multistage fusion chooses context and C for each target and stage, on the frames it is fitted on, and fits "
        "windows over the borders of recordings, as in the authors' script; with dialogues held out, it does so "
        "in each fold."
    ),
    "within-between-ridge": (
        "The smoothing of the within-between ridge, 1.5 s, was picked on the published predictions of the same "
        "dialogues."
    ),
}


def estimator(method: str, protocol: str, n_stages: int = STAGES) -> BaseEstimator:
    """Return the unfitted estimator of a method.

    Args:
        method: one of `METHODS` or `ON_REQUEST`.
        protocol: with `in-sample`, the multistage SVR chooses from the paper's grid by the score on the frames it was
            fitted on, as in the paper; with `held-out`, from the values of C by inner folds. The authors' variant
            always chooses by the scores on the frames it was fitted on.
        n_stages: number of stages of the multistage SVRs; the other methods have one.

    Raises:
        WrongCall: The method does not exist, or the number of stages is out of range.

    >>> estimator("multistage-svr", "held-out", n_stages=3)
    MultistageSVRCV(contexts=(11,), inner_folds=2, n_stages=3)
    """
    if method not in METHODS + ON_REQUEST:
        raise WrongCall(f"there is no fusion method {method!r}; choose from {', '.join(METHODS + ON_REQUEST)}.")
    if method in MULTISTAGE and not 1 <= n_stages <= MAX_STAGES:
        raise WrongCall(f"{n_stages} stages make no sense; give 1 to {MAX_STAGES}, the paper has {STAGES}.")
    if method == "multistage-svr-authors":
        return AuthorsMultistageSVR(n_stages=n_stages)
    if method == "multistage-svr":
        if protocol == IN_SAMPLE:
            return MultistageSVRCV(n_stages=n_stages)
        return MultistageSVRCV(contexts=HELD_OUT_CONTEXTS, n_stages=n_stages, inner_folds=HELD_OUT_INNER_FOLDS)
    single = {
        "auto": Auto,
        "mean": Mean,
        "variance-matched-mean": VarianceMatchedMean,
        "equal-weights-ridge": EqualWeightsRidge,
        "within-between-ridge": WithinBetweenRidge,
        "lstm": LSTMFusion,
    }
    return single[method]()

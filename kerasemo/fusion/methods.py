"""The fusion methods by name."""

from sklearn.base import BaseEstimator

from kerasemo.errors import WrongCall
from kerasemo.fusion.auto import Auto
from kerasemo.fusion.lstm import LSTMFusion
from kerasemo.fusion.mean import Mean, VarianceMatchedMean
from kerasemo.fusion.multistage import STAGES, MultistageSVRCV
from kerasemo.fusion.protocols import IN_SAMPLE
from kerasemo.fusion.ridge import EqualWeightsRidge, WithinBetweenRidge

# The methods that run by default, and those that only run on request, because they take minutes.
METHODS = ("auto", "mean", "variance-matched-mean", "equal-weights-ridge", "within-between-ridge", "multistage-svr")
ON_REQUEST = ("lstm",)
# Recommended for all data: it makes all its choices on the training folds.
DEFAULT = "auto"
MAX_STAGES = 10
# Wider contexts do not improve held-out scores and take the most time, so only C is chosen in the held-out protocol.
HELD_OUT_CONTEXTS = (11,)
HELD_OUT_INNER_FOLDS = 2


def estimator(method: str, protocol: str, n_stages: int = STAGES) -> BaseEstimator:
    """Return the unfitted estimator of a method.

    Args:
        method: one of `METHODS` or `ON_REQUEST`.
        protocol: with `in-sample`, the multistage SVR chooses from the paper's grid by the score on the frames it was
            fitted on, as in the paper; with `held-out`, from the values of C by inner folds.
        n_stages: number of stages of the multistage SVR; the other methods have one.

    Raises:
        WrongCall: The method does not exist, or the number of stages is out of range.

    >>> estimator("multistage-svr", "held-out", n_stages=3)
    MultistageSVRCV(contexts=(11,), inner_folds=2, n_stages=3)
    """
    if method not in METHODS + ON_REQUEST:
        raise WrongCall(f"there is no fusion method {method!r}; choose from {', '.join(METHODS + ON_REQUEST)}.")
    if method == "multistage-svr" and not 1 <= n_stages <= MAX_STAGES:
        raise WrongCall(f"{n_stages} stages make no sense; give 1 to {MAX_STAGES}, the paper has {STAGES}.")
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

"""The recommended fusion: the variance-matched mean and ridge regressions, combined by left-out predictions."""

import itertools
from collections.abc import Sequence

import numpy as np
from scipy.optimize import nnls

from kerasemo.fusion.recordings import checked, checked_groups, checked_lengths, mean_inputs
from kerasemo.fusion.ridge import Moments, WithinBetweenRidge, mean_and_covariance, weight_penalties

__all__ = ["MIN_GROUPS", "ROUNDING", "Auto", "fit_candidates", "left_out_candidates", "stacking_weights"]

# With fewer groups, weights by left-out predictions are worse than the mean.
MIN_GROUPS = 5
# Numbers below this share of the labels' variance are rounding errors.
ROUNDING = 1e-9


class Auto(WithinBetweenRidge):
    """A combination of the variance-matched mean and ridge regressions, chosen on left-out groups.

    The candidates are the variance-matched mean and ridge regressions for each strength, cross penalty and smoothing:
    `WithinBetweenRidge`, and *plain* ridges, whose weights between and within recordings are the same. For each target,
    the weights of the candidates are not negative, and give the least squared error of the combined predictions
    of left-out groups, where each group is predicted by candidates that were fitted without it (Breiman 1996, "Stacked
    regressions", Machine Learning 24). The squared weights of the ridges are penalised, so that the combination shrinks
    to the variance-matched mean. It is rescaled to the standard deviation of the labels.

    Each ridge shrinks to the mean of the models, as in the egalitarian ridge of Diebold and Shin 2019, "Machine
    learning for regularized survey forecast combination", International Journal of Forecasting 35. With fewer than
    five groups the result is the variance-matched mean.

    Args:
        strengths: penalties of the models' deviations from equal weights in within-between ridges, in units of the
            inputs' variance.
        cross: factors of the penalty of inputs of other targets in within-between ridges.
        plain_strengths: `strengths` of plain ridges.
        plain_cross: `cross` of plain ridges; infinity excludes the inputs of other targets.
        smoothing: standard deviations of the smoothing Gaussian, in frames; no smoothing is always a candidate, too.
        shrinkage: penalty of the squared weights of the ridges, in units of the labels' variance divided by the number
            of groups.

    Attributes:
        coef_: weights of the inputs, `levels x inputs x targets`.
        intercept_: intercept of each target.
        shares_: weights of the candidates, `candidates x targets`, with the sum 1; the first is the mean's.
    """

    def __init__(
        self,
        strengths: Sequence[float] = (1.0, 10.0, 100.0),
        cross: Sequence[float] = (1.0, 10.0, 100.0),
        plain_strengths: Sequence[float] = (0.3, 3.0, 30.0),
        plain_cross: Sequence[float] = (10.0, 100.0, np.inf),
        smoothing: Sequence[float] = (15.0, 30.0),
        shrinkage: float = 4.0,
    ) -> None:
        super().__init__(strengths, cross, smoothing)
        self.plain_strengths = plain_strengths
        self.plain_cross = plain_cross
        self.shrinkage = shrinkage

    def fit(self, X, y, lengths: Sequence[int] | None = None, groups: Sequence | None = None) -> "Auto":
        """Fit the candidates and combine them; arguments as in `EqualWeightsRidge.fit`.

        Returns:
            This estimator.
        """
        X, targets = checked(self, X, y)
        lengths = checked_lengths(lengths, len(X))
        group_of_frame = np.repeat(checked_groups(groups, lengths), lengths)
        levels = self._levels(X, lengths)
        basis = self._basis(X.shape[1], targets.shape[1])
        moments = Moments(np.hstack(levels), targets, group_of_frame).combined(basis)
        penalties = self._penalties(X, targets.shape[1])
        total = moments.sums.sum(axis=0)
        candidates = fit_candidates(moments, total, penalties)
        self.shares_ = np.eye(len(candidates))[:, [0] * moments.n_targets]
        if moments.n_groups >= MIN_GROUPS:
            self.shares_ = stacking_weights(moments, left_out_candidates(moments, penalties), self.shrinkage)
        combined = np.einsum("kt,kit->it", self.shares_, candidates)
        self.intercept_, *weights = moments.matched(total, combined)
        self.coef_ = (basis @ weights).reshape(len(levels), X.shape[1], -1)
        return self

    def _smoothings(self) -> Sequence[float]:
        return [0.0, *self.smoothing]

    def _basis(self, n_inputs: int, n_targets: int) -> np.ndarray:
        """Return the combinations of inputs that have weights; see `fit_candidates` for their order.

        To the levels of the inputs, the sums of the first with each other one are added: the smoothed traces. The means
        over the models come first, then the inputs themselves.
        """
        n = len(self._smoothings())
        sums = np.vstack([np.ones(n), np.eye(n)])
        levels = np.hstack([sums, np.eye(1 + n)])
        shared = np.tile(np.eye(n_targets), (n_inputs // n_targets, 1)) * n_targets / n_inputs
        return np.hstack([np.kron(levels, shared), np.kron(levels, np.eye(n_inputs))])

    def _penalties(self, X: np.ndarray, n_targets: int) -> list[np.ndarray]:
        """Return the penalties of each ridge, `inputs x targets`; it has the levels of one smoothing."""
        n, n_models = len(self._smoothings()), X.shape[1] // n_targets
        n_levels = 2 * n + 1
        variance = np.where(np.ptp(X, axis=0) > 0, X.var(axis=0), 0)
        shared = mean_inputs(variance[None], n_targets)[0]
        unit = np.concatenate([np.tile(shared, n_levels), np.tile(variance, n_levels)])
        # Constant inputs are excluded.
        unit = np.where(unit > 0, unit, np.inf)
        level = np.concatenate([np.repeat(np.arange(n_levels), len(part)) for part in (shared, variance)])
        plain = itertools.product(self.plain_strengths, self.plain_cross, [[number] for number in range(n)])
        within = itertools.product(self.strengths, self.cross, [[n, n + 1 + number] for number in range(n)])
        penalties = []
        for strength, cross, levels in (*plain, *within):
            penalty = weight_penalties(strength, cross, n_levels, n_models, n_targets) * unit[:, None]
            penalties.append(np.where(np.isin(level, levels)[:, None], penalty, np.inf))
        return penalties


def fit_candidates(moments: Moments, sums: np.ndarray, penalties: Sequence[np.ndarray]) -> np.ndarray:
    """Fit the variance-matched mean and a ridge with each of the penalties.

    Args:
        moments: its first inputs are the means over the models, without smoothing.
        sums: sums over the groups to fit on.
        penalties: the penalties of each ridge, `inputs x targets`.

    Returns:
        Intercepts and weights, `candidates x (1 + inputs) x targets`.
    """
    mean = np.zeros((1 + moments.n_inputs, moments.n_targets))
    mean[1 : 1 + moments.n_targets] = np.eye(moments.n_targets)
    return np.stack([moments.matched(sums, mean), *(moments.fit(sums, penalty) for penalty in penalties)])


def left_out_candidates(moments: Moments, penalties: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return for each group the candidates that are fitted without it, see `fit_candidates`.

    Args:
        moments: the moments of all groups.
        penalties: as in `fit_candidates`.
    """
    total = moments.sums.sum(axis=0)
    return [fit_candidates(moments, total - sums, penalties) for sums in moments.sums]


def stacking_weights(moments: Moments, left_out: Sequence[np.ndarray], shrinkage: float) -> np.ndarray:
    """Return the weights of the candidates, `candidates x targets`, which are not negative and add up to 1.

    Args:
        moments: inputs and targets of all groups.
        left_out: the result of `left_out_candidates`.
        shrinkage: penalty of the squared weights, except the first; see `Auto`.
    """
    shares = []
    for target in range(moments.n_targets):
        sums = sum(_sums(moments, target, *pair) for pair in zip(moments.sums, left_out, strict=True))
        covariance = mean_and_covariance(sums)[1]
        system, goal = covariance[:-1, :-1], covariance[:-1, -1]
        penalty = np.full(len(goal), ROUNDING + shrinkage / moments.n_groups)
        penalty[0] = ROUNDING
        weights = np.zeros(len(goal))
        if covariance[-1, -1] > 0:
            root = np.linalg.cholesky(system + np.diag(penalty * covariance[-1, -1]))
            weights = nnls(root.T, np.linalg.solve(root, goal))[0]
        if not weights.any():
            weights[0] = 1.0
        shares.append(weights / weights.sum())
    return np.stack(shares, axis=1)


def _sums(moments: Moments, target: int, sums: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """Return the sums of products of a constant 1, the candidates' predictions of a group, and a target."""
    columns = np.zeros((len(sums), 2 + len(candidates)))
    columns[0, 0] = columns[1 + moments.n_inputs + target, -1] = 1.0
    columns[: 1 + moments.n_inputs, 1:-1] = candidates[:, :, target].T
    return columns.T @ sums @ columns

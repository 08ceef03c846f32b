"""Methods that combine several task losses into one, one method per file."""

from collections.abc import Callable, Sequence

from kerasemo.weighting.dynamic_weight_average import DynamicWeightAverage
from kerasemo.weighting.gradnorm import GradNorm
from kerasemo.weighting.liebel_korner import LiebelKorner
from kerasemo.weighting.pcgrad import PCGrad
from kerasemo.weighting.random_weights import RandomWeights
from kerasemo.weighting.softmax import Softmax
from kerasemo.weighting.static import Static
from kerasemo.weighting.uncertainty import Uncertainty
from kerasemo.weighting.weighting import Step, Weighting

# The values of `--weighting`. Each maps task names to a weighting in which all tasks are equal at the start.
WEIGHTINGS: dict[str, Callable[[Sequence[str]], Weighting]] = {
    "static": Static.equal,
    "softmax": Softmax,
    "uncertainty": Uncertainty,
    "liebel_korner": LiebelKorner,
    "dwa": DynamicWeightAverage,
    "gradnorm": GradNorm,
    "random": RandomWeights,
    "pcgrad": PCGrad,
}

__all__ = [
    "WEIGHTINGS",
    "DynamicWeightAverage",
    "GradNorm",
    "LiebelKorner",
    "PCGrad",
    "RandomWeights",
    "Softmax",
    "Static",
    "Step",
    "Uncertainty",
    "Weighting",
]

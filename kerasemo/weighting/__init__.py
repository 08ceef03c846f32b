"""How several task losses become one: one method a file."""

from collections.abc import Callable, Sequence

from kerasemo.weighting.liebel_korner import LiebelKorner
from kerasemo.weighting.softmax import Softmax
from kerasemo.weighting.static import Static
from kerasemo.weighting.uncertainty import Uncertainty
from kerasemo.weighting.weighting import Step, Weighting

# What `--weighting` may name: from the names of the tasks to the weighting, all tasks equal at the start.
WEIGHTINGS: dict[str, Callable[[Sequence[str]], Weighting]] = {
    "static": Static.equal,
    "softmax": Softmax,
    "uncertainty": Uncertainty,
    "liebel_korner": LiebelKorner,
}

__all__ = ["WEIGHTINGS", "LiebelKorner", "Softmax", "Static", "Step", "Uncertainty", "Weighting"]

"""How several task losses become one: one method a file."""

from kerasemo.weighting.static import Static
from kerasemo.weighting.weighting import Weighting

__all__ = ["Static", "Weighting"]

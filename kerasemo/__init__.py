"""Multimodal emotion recognition in Keras 3.

Submodules are loaded on first use, so that ``import kerasemo`` takes milliseconds and does not load TensorFlow.
"""

import lazy_loader

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=[
        "corpora",
        "evaluation",
        "export",
        "features",
        "fusion",
        "layers",
        "losses",
        "manifest",
        "metrics",
        "models",
        "reporting",
        "training",
        "weighting",
    ],
)

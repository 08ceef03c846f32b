"""Multimodal emotion recognition in Keras 3.

The names below are those that most programs need; everything else is imported from its module. Names and submodules
are loaded on first use, so that ``import kerasemo`` takes milliseconds and does not load TensorFlow.
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
    submod_attrs={
        "evaluation.intervals": ["bootstrap_by_group"],
        "evaluation.protocols": ["random_split", "speaker_splits"],
        "export": ["ServedModel", "export_model"],
        "features": ["FeatureStore"],
        "layers": ["FFTConv1D"],
        "losses": ["CCCLoss"],
        "metrics": ["CCC"],
        "reporting": ["write_report"],
        "training.fit": ["adapt"],
        "training.joint_model": ["JointModel"],
    },
)

"""Feature sets: a clip -> an array. `FeatureStore` computes them for a manifest and caches the results."""

from dataclasses import fields

from kerasemo.errors import InputError
from kerasemo.features.bag_of_words import BagOfWords
from kerasemo.features.deep import Resnet50, Vgg16
from kerasemo.features.egemaps import Egemaps
from kerasemo.features.face_pairs import FacePairs
from kerasemo.features.face_video import FaceVideo
from kerasemo.features.faces import Faces
from kerasemo.features.feature_set import FeatureSet
from kerasemo.features.frames import Frames
from kerasemo.features.functionals import EgemapsFunctionals, MfccFunctionals, ShortTermFunctionals, functionals
from kerasemo.features.mfcc import Mfcc, pool
from kerasemo.features.npy import Npy
from kerasemo.features.onnx import Onnx
from kerasemo.features.onnx_face import OnnxFace
from kerasemo.features.short_term import ShortTerm
from kerasemo.features.store import Extraction, FeatureStore
from kerasemo.features.waveform import Waveform

__all__ = [
    "FEATURE_SETS",
    "BagOfWords",
    "Egemaps",
    "EgemapsFunctionals",
    "Extraction",
    "FacePairs",
    "FaceVideo",
    "Faces",
    "FeatureSet",
    "FeatureStore",
    "Frames",
    "Mfcc",
    "MfccFunctionals",
    "Npy",
    "Onnx",
    "OnnxFace",
    "Resnet50",
    "ShortTerm",
    "ShortTermFunctionals",
    "Vgg16",
    "Waveform",
    "from_config",
    "functionals",
    "pool",
]

FEATURE_SETS: dict[str, type[FeatureSet]] = {
    cls.name: cls
    for cls in (
        Waveform,
        Mfcc,
        MfccFunctionals,
        ShortTerm,
        ShortTermFunctionals,
        Egemaps,
        EgemapsFunctionals,
        BagOfWords,
        Frames,
        FacePairs,
        Faces,
        FaceVideo,
        Resnet50,
        Vgg16,
        Onnx,
        OnnxFace,
        Npy,
    )
}


def from_config(config: dict) -> FeatureSet:
    """Return the feature set that `FeatureSet.get_config` described; parameters left out take their defaults.

    Args:
        config: `feature_set`, its name, and its parameters.

    Raises:
        InputError: the feature set or one of its parameters is unknown, or a value is out of range.

    Example:
        >>> from_config({"feature_set": "mfcc", "n_mfcc": 13})
        Mfcc(n_mfcc=13, sampling_rate=22050, resampler='kaiser_best', n_fft=2048, hop_length=512)
    """
    parameters = dict(config)
    name = parameters.pop("feature_set", None)
    if name not in FEATURE_SETS:
        raise InputError(f"the feature set {name!r} is unknown; choose one of {', '.join(FEATURE_SETS)}.")
    known = [field.name for field in fields(FEATURE_SETS[name])]
    unknown = [repr(parameter) for parameter in parameters if parameter not in known]
    if unknown:
        raise InputError(f"{name} has no parameter {', '.join(unknown)}; it takes {', '.join(known)}.")
    return FEATURE_SETS[name](**parameters)

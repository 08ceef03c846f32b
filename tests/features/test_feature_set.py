import json
import subprocess
import sys
from dataclasses import fields

import numpy as np
import pytest

from kerasemo.errors import InputError
from kerasemo.features import FEATURE_SETS, from_config

OTHER_VALUES = {
    "waveform": {"scale": "variance", "longest_s": 3.0},
    "mfcc": {"n_mfcc": 13, "resampler": "soxr_hq"},
    "frames": {"every_s": 0.25, "height": 16, "width": 24},
    "face_pairs": {"every_s": 0.25, "margin": 0.0},
    "faces": {"size": 64, "margin": 0.2, "step_s": 0.5},
    "face_video": {"crop": "track", "size": 32},
    "mfcc_functionals": {"n_mfcc": 13, "hop_length": 256},
    "short_term": {"sampling_rate": 8000, "window_s": 0.1},
    "short_term_functionals": {"hop_s": 0.05},
    "egemaps": {"edition": "eGeMAPSv02"},
    "bag_of_words": {"window_s": 2.0, "step_s": 0.5},
    "egemaps_functionals": {"edition": "eGeMAPSv01b"},
    "resnet50": {"every_s": 0.2},
    "vgg16": {"every_s": 0.04},
    "onnx": {"sampling_rate": 8000, "normalise": False, "pool": "mean_std"},
    "onnx_face": {"every_s": 0.2, "scale": "unit"},
    "npy": {"pool": "mean", "medium": "video"},
}
OUT_OF_RANGE = [
    ("waveform", "sampling_rate", 0),
    ("waveform", "longest_s", 0.0),
    ("waveform", "longest_s", np.nan),
    ("waveform", "channel", "left"),
    ("waveform", "scale", "peak"),
    ("mfcc", "n_mfcc", 0),
    ("mfcc", "n_mfcc", 129),
    ("mfcc", "sampling_rate", 0),
    ("mfcc", "n_fft", 0),
    ("mfcc", "hop_length", 0),
    ("mfcc", "resampler", "linear"),
    ("frames", "every_s", 0),
    ("frames", "every_s", np.nan),
    ("frames", "height", 0),
    ("frames", "width", 0),
    ("face_pairs", "margin", -0.1),
    ("face_pairs", "every_s", 0),
    ("faces", "size", 0),
    ("faces", "margin", -0.1),
    ("faces", "margin", np.nan),
    ("faces", "step_s", 0),
    ("faces", "step_s", np.inf),
    ("face_video", "crop", "wide"),
    ("face_video", "size", 0),
    ("face_video", "frame_rate", 0.0),
    ("face_video", "frame_rate", np.inf),
    ("face_video", "longest_s", 0.01),
    ("face_video", "longest_s", np.nan),
    ("short_term", "sampling_rate", 7999),
    ("short_term", "window_s", 0.01),
    ("short_term", "window_s", np.inf),
    ("short_term", "hop_s", 0.0),
    ("short_term", "hop_s", np.nan),
    ("short_term_functionals", "hop_s", 0.0),
    ("egemaps", "edition", "GeMAPS"),
    ("egemaps_functionals", "edition", ""),
    ("bag_of_words", "window_s", 0.0),
    ("bag_of_words", "step_s", np.nan),
    ("resnet50", "every_s", np.nan),
    ("vgg16", "every_s", -0.1),
    ("onnx", "sampling_rate", 0),
    ("onnx", "pool", "max"),
    ("onnx", "block_s", 0.0),
    ("onnx", "overlap_s", -0.1),
    ("onnx_face", "every_s", 0.0),
    ("onnx_face", "scale", "caffe"),
    ("npy", "pool", "max"),
    ("npy", "medium", "text"),
]


@pytest.mark.parametrize("name", FEATURE_SETS)
def test_a_configuration_gives_the_same_feature_set_back(name):
    for feature_set in [FEATURE_SETS[name](), FEATURE_SETS[name](**OTHER_VALUES[name])]:
        config = json.loads(json.dumps(feature_set.get_config()))
        assert config["feature_set"] == name
        assert from_config(config) == feature_set
    assert from_config({"feature_set": name}) == FEATURE_SETS[name]()


@pytest.mark.parametrize("name", FEATURE_SETS)
def test_an_unknown_parameter_is_named_with_those_there_are(name):
    # `version` belongs to the class, not to its parameters.
    for unknown in ["loudness", "version"]:
        known = ", ".join(field.name for field in fields(FEATURE_SETS[name]))
        with pytest.raises(InputError, match=f"{name} has no parameter '{unknown}'; it takes {known}\\."):
            from_config({"feature_set": name, unknown: 1})


@pytest.mark.parametrize("config", [{"feature_set": "mfc"}, {}])
def test_an_unknown_feature_set_is_named_with_those_there_are(config):
    with pytest.raises(
        InputError,
        match=r"unknown; choose one of waveform, mfcc, .*frames, face_pairs, faces, face_video, resnet50, vgg16, onnx, "
        r"onnx_face, npy\.",
    ):
        from_config(config)


@pytest.mark.parametrize(("name", "parameter", "value"), OUT_OF_RANGE)
def test_values_out_of_range_are_refused(name, parameter, value):
    with pytest.raises(InputError, match=f"{name}: {parameter} must"):
        from_config({"feature_set": name, parameter: value})


def test_a_worker_that_loads_the_store_loads_neither_tensorflow_nor_pandas():
    code = "import sys, kerasemo.features.store; print({'tensorflow', 'keras', 'pandas'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"

"""Embeddings of real recordings by an ONNX model, compared with the same model in NumPy."""

import runpy
from pathlib import Path

import librosa
import numpy as np
import pytest
import soundfile
from onnx import helper

from kerasemo.corpora import CORPORA
from kerasemo.features import FeatureStore, Onnx

FILE = runpy.run_path(str(Path(__file__).parents[1] / "features" / "onnx_file.py"))
FIELD, HOP = 400, 320  # of wav2vec2, in samples


@pytest.fixture(scope="module")
def wavs(ravdess_root):
    return sorted(ravdess_root.rglob("*.wav"))


def convolution(path, weights, **metadata):
    """Write a model of one convolution: frames of `FIELD` samples every `HOP`."""
    nodes = [
        helper.make_node("Unsqueeze", ["sound", "axis"], ["channel"]),
        helper.make_node("Conv", ["channel", "weights"], ["features"], strides=[HOP]),
        helper.make_node("Transpose", ["features"], ["frames"], perm=[0, 2, 1]),
    ]
    tensors = {"weights": weights[:, np.newaxis].astype(np.float32), "axis": np.array([1])}
    sound, frames = FILE["array"]("sound", "batch", "n"), FILE["array"]("frames", "batch", "frames", len(weights))
    path.write_bytes(FILE["model"](nodes, tensors, [sound], [frames], **metadata))
    return path


def windows(samples):
    return np.lib.stride_tricks.sliding_window_view(samples, FIELD)[::HOP]


def test_sums_of_samples_are_exact_in_one_piece_and_in_blocks(wavs, tmp_path):
    """Sums of 16-bit samples are exact as float32, in whatever order: up to 256 of them, and no other rate."""
    weights = np.zeros((4, FIELD))
    for row, step in enumerate((2, 3, 5, 7)):
        weights[row, ::step] = np.resize([1.0, -1.0, 1.0], -(-FIELD // step))
    path = convolution(tmp_path / "sums.onnx", weights, sampling_rate="48000")
    mono = [wav for wav in wavs if soundfile.info(wav).channels == 1]
    for wav in mono[::48]:
        expected = windows(soundfile.read(wav, dtype="float32")[0]).astype(float) @ weights.T
        for options in ({}, {"block_s": 0.5}, {"block_s": 0.31, "overlap_s": 0.0}):
            found = Onnx(path, normalise=False, **options).extract(wav)
            np.testing.assert_array_equal(found, expected)


def test_resampled_and_normalised_in_one_process_or_two(wavs, ravdess_root, tmp_path):
    weights = np.random.default_rng(0).normal(size=(8, FIELD)) / np.sqrt(FIELD)
    manifest = CORPORA["ravdess"]().read(ravdess_root)
    manifest = manifest[manifest["audio"].notna()].iloc[::40]
    feature_set = Onnx(convolution(tmp_path / "random.onnx", weights), block_s=1.0)
    one, two = (
        FeatureStore(tmp_path / str(jobs)).extract(manifest, ravdess_root, feature_set, jobs=jobs).features
        for jobs in (1, 2)
    )
    assert len(one) == 12
    for clip, file in zip(manifest["clip"], manifest["audio"], strict=True):
        samples = librosa.load(ravdess_root / file, sr=16_000, res_type="soxr_hq")[0].astype(float)
        samples = (samples - samples.mean()) / np.sqrt(samples.var() + 1e-7)
        np.testing.assert_allclose(one[clip], windows(samples) @ weights.T, atol=1e-4)
        np.testing.assert_array_equal(one[clip], two[clip])

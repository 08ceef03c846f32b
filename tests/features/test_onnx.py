"""Embeddings by small ONNX models, which are built here, compared with the same models in NumPy."""

import json
import pickle
import runpy
import shutil
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from onnx import helper
from typer.testing import CliRunner

from kerasemo.cli import app
from kerasemo.errors import BrokenClip, InputError
from kerasemo.features import FeatureStore, Onnx, OnnxFace, deep, from_config, onnx_session
from kerasemo.features.media import read_frames
from kerasemo.features.waveform import Waveform

FILE = runpy.run_path(str(Path(__file__).with_name("onnx_file.py")))
model, array, FLOAT16, INT64 = (FILE[name] for name in ("model", "array", "FLOAT16", "INT64"))
node = helper.make_node

RATE = 16_000
# Of the two convolutions below: samples that a frame depends on, and step between frames.
FIELD, HOP = 25, 10
SOUND = array("sound", "batch", "samples")
FRAMES = array("frames", "batch", "frames", 6)
EMBEDDING = array("embedding", "batch", 6)

rng = np.random.default_rng(0)
FIRST, SECOND = rng.normal(size=(8, 1, 10)).astype(np.float32), rng.normal(size=(6, 8, 4)).astype(np.float32)


def convolutions(outputs=(FRAMES,), inputs=(SOUND,), nodes=(), pad=0, **metadata):
    """A model of two convolutions with a ReLU between them, both padded by `pad` at both ends.

    Its nodes also give `embedding`, the mean over frames, and `logits`, the first three values of it.
    """
    pads = [pad, pad]
    made = [
        node("Unsqueeze", ["sound", "axis"], ["channel"]),
        node("Conv", ["channel", "first"], ["hidden"], strides=[5], pads=pads),
        node("Relu", ["hidden"], ["active"]),
        node("Conv", ["active", "second"], ["features"], strides=[2], pads=pads),
        node("Transpose", ["features"], ["frames"], perm=[0, 2, 1]),
        node("ReduceMean", ["frames"], ["embedding"], axes=[1], keepdims=0),
        node("Slice", ["embedding", "zero", "three", "axis"], ["logits"]),
        *nodes,
    ]
    numbers = {name: np.array([value]) for name, value in (("axis", 1), ("zero", 0), ("three", 3))}
    return model(made, {"first": FIRST, "second": SECOND, **numbers}, inputs, outputs, **metadata)


def in_numpy(samples, pad=0):
    """The model `convolutions`: samples -> frames x features."""

    def convolve(signal, weights, stride):
        signal = np.pad(signal, ((0, 0), (pad, pad)))
        windows = np.lib.stride_tricks.sliding_window_view(signal, weights.shape[2], axis=1)[:, ::stride]
        return np.einsum("ctk,ock->ot", windows, weights.astype(float))

    return convolve(np.maximum(convolve(samples[np.newaxis].astype(float), FIRST, 5), 0), SECOND, 2).T


def normalised(samples):
    samples = samples.astype(float)
    return (samples - samples.mean()) / np.sqrt(samples.var() + 1e-7)


def noise(n, seed=0, level=0.1):
    return (0.05 + level * np.random.default_rng(seed).normal(size=n)).astype(np.float32)


@pytest.fixture
def write(tmp_path):
    """Writes a model; returns its path."""

    def write(content, name="model.onnx"):
        (tmp_path / name).write_bytes(content)
        return str(tmp_path / name)

    return write


@pytest.fixture
def wav(media, tmp_path):
    """Writes samples as a wav of floats; returns its path."""

    def wav(samples, rate=RATE, name="a.wav"):
        return media.write_wav(tmp_path / name, samples, rate, subtype="FLOAT")

    return wav


def close(found, expected):
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_frames_are_those_of_the_model_in_numpy(write, wav):
    samples = noise(4000)
    path, clip = write(convolutions()), wav(samples)
    close(Onnx(path).extract(clip), in_numpy(normalised(samples)))
    close(Onnx(path, normalise=False).extract(clip), in_numpy(samples))
    close(Onnx(path, normalise=False).extract(clip, 0.05, 0.2), in_numpy(samples[800:3200]))


def test_weights_of_whole_numbers_give_the_same_bits(write, wav):
    """Products and sums of 16 bits and few more are exact as float32, in whatever order."""
    weights = np.random.default_rng(1).integers(-4, 5, (5, 1, 16)).astype(np.float32)
    nodes = [
        node("Unsqueeze", ["sound", "axis"], ["channel"]),
        node("Conv", ["channel", "weights"], ["features"], strides=[8]),
        node("Transpose", ["features"], ["frames"], perm=[0, 2, 1]),
    ]
    whole = model(nodes, {"weights": weights, "axis": np.array([1])}, [SOUND], [array("frames", 1, "frames", 5)])
    samples = (np.random.default_rng(2).integers(-(2**15), 2**15, 5000) / 2**15).astype(np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(samples, 16)[::8]
    expected = (windows @ weights[:, 0].T.astype(float)).astype(np.float32)
    for options in ({}, {"block_s": 0.05, "overlap_s": 0.0}):
        found = Onnx(write(whole), normalise=False, **options).extract(wav(samples))
        np.testing.assert_array_equal(found, expected)


def test_other_rates_are_resampled_to_that_of_the_model(write, wav):
    clip = wav(noise(9000), 48_000)
    for rate, metadata in ((RATE, {}), (8000, {"sampling_rate": "8000"}), (48_000, {"sample_rate": "48000"})):
        samples = np.concatenate(list(Waveform(sampling_rate=rate, channel="mean").read_blocks(clip)))
        assert len(samples) == 9000 * rate // 48_000
        close(Onnx(write(convolutions(**metadata))).extract(clip), in_numpy(normalised(samples)))
    close(Onnx(write(convolutions()), sampling_rate=48_000).extract(clip), in_numpy(normalised(samples)))


@pytest.mark.parametrize(("pad", "overlap_s"), [(0, 0.0), (0, 0.01), (3, 0.01)])
@pytest.mark.parametrize("n", [1600, 1609, 1610, 1630, 1659, 4811, 4819])
def test_blocks_of_a_local_model_are_the_whole(write, wav, monkeypatch, pad, overlap_s, n):
    monkeypatch.setattr("kerasemo.features.media.BLOCK_S", 1)
    samples = noise(n)
    path, clip = write(convolutions(pad=pad)), wav(samples)
    whole = Onnx(path).extract(clip)
    close(whole, in_numpy(normalised(samples), pad))
    for block_s in (0.1, 0.031, HOP / RATE):
        blocks = Onnx(path, block_s=block_s, overlap_s=overlap_s).extract(clip)
        assert blocks.shape == whole.shape
        np.testing.assert_allclose(blocks, whole, rtol=1e-4, atol=1e-5)


def test_without_overlap_a_padded_model_sees_the_edges_of_blocks(write, wav):
    path, clip = write(convolutions(pad=3)), wav(noise(4800))
    whole, blocks = Onnx(path).extract(clip), Onnx(path, block_s=0.1, overlap_s=0.0).extract(clip)
    differs = np.abs(whole - blocks).max(axis=1) > 1e-3
    # 482 frames in four blocks. Frame k depends on 25 samples from 10 k - 18 on, so the first two of a block differ.
    assert np.flatnonzero(differs).tolist() == [120, 121, 241, 242, 361, 362]
    # The last of the shortest blocks would begin after the end of the clip.
    assert Onnx(path, block_s=HOP / RATE, overlap_s=0.0).extract(clip).shape == whole.shape


def test_the_samples_in_memory_do_not_grow_with_the_clip(write, monkeypatch):
    longest, seen = 0.5, []

    def read_blocks(self, path, start_s=None, end_s=None):
        return (noise(8000, number) for number in range(400))

    monkeypatch.setattr(Waveform, "read_blocks", read_blocks)
    through = onnx_session.Network.__call__
    monkeypatch.setattr(onnx_session.Network, "__call__", lambda *args: seen.append(args[1].size) or through(*args))
    feature_set = Onnx(write(convolutions()), pool="mean", block_s=longest, overlap_s=0.1)
    tracemalloc.start()
    feature_set.extract("long.wav")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert max(seen) <= max((longest + 2 * 0.1) * RATE + FIELD, RATE)
    assert peak < 400 * 8000 * 4 / 8


def test_outputs_are_frames_or_else_the_first_embedding_or_the_one_named(write, wav):
    samples = noise(3000)
    clip, frames = wav(samples), in_numpy(normalised(samples))
    logits = array("logits", "batch", 3)
    every, two = write(convolutions([EMBEDDING, FRAMES, logits])), write(convolutions([EMBEDDING, logits]), "two.onnx")
    close(Onnx(every).extract(clip), frames)
    close(Onnx(two).extract(clip), frames.mean(axis=0, keepdims=True))
    for path in (every, two):
        close(Onnx(path, output_name="logits").extract(clip), frames.mean(axis=0, keepdims=True)[:, :3])


@pytest.mark.parametrize("block_s", [30.0, 0.05])
def test_frames_are_pooled(write, wav, block_s):
    samples = noise(3000)
    path, clip, frames = write(convolutions()), wav(samples), in_numpy(normalised(samples))
    close(Onnx(path, pool="mean", block_s=block_s).extract(clip), frames.mean(axis=0)[np.newaxis])
    expected = np.concatenate([frames.mean(axis=0), frames.std(axis=0)])[np.newaxis]
    close(Onnx(path, pool="mean_std", block_s=block_s).extract(clip), expected)


def test_one_row_of_a_longer_clip_is_the_mean_of_equal_parts(write, wav):
    samples = noise(4800)
    parts = np.split(normalised(samples), 3)
    expected = np.mean([in_numpy(part).mean(axis=0) for part in parts], axis=0, keepdims=True)
    path = write(convolutions([EMBEDDING]))
    for pool in ("none", "mean"):
        close(Onnx(path, pool=pool, block_s=0.11).extract(wav(samples)), expected)


@pytest.mark.parametrize(("name", "value"), [("attention_mask", 1), ("padding_mask", 0)])
def test_a_mask_says_that_nothing_is_padded(write, wav, name, value):
    nodes = [node("ReduceSum", [name, "axis"], ["sum"], keepdims=1), node("Cast", ["sum"], ["n"], to=1)]
    mask, n = array(name, "batch", "samples", kind=INT64), array("n", "batch", 1)
    path = write(convolutions([FRAMES, n], [mask, SOUND], nodes))
    samples = noise(3000)
    assert Onnx(path, output_name="n").extract(wav(samples)) == 3000 * value
    close(Onnx(path).extract(wav(samples)), in_numpy(normalised(samples)))


def identity(of, to, nodes=()):
    return model([*nodes, node("Identity", [of.name], [to.name])], {}, [of], [to])


WRONG = {
    "text": (b"no model at all", {}, r"model\.onnx cannot be read as an ONNX model \(.*Protobuf parsing failed\)\.$"),
    "empty": (b"", {}, r"model\.onnx cannot be read as an ONNX model \(it is empty\)\.$"),
    "cut": (convolutions()[:300], {}, r"model\.onnx cannot be read as an ONNX model \(.*\)\.$"),
    "rank": (
        identity(array("x", 1, 1, "n"), array("y", 1, 1, "n")),
        {},
        r"no input of type float32 and rank 2, but x \(tensor\(float\), rank 3\); export it with one\.$",
    ),
    "type": (
        identity(array("x", 1, "n", kind=FLOAT16), array("y", 1, "n", kind=FLOAT16)),
        {},
        r"no input of type float32 and rank 2, but x \(tensor\(float16\), rank 2\); export it with one\.$",
    ),
    "batch": (identity(array("x", 4, "n"), array("y", 4, "n")), {}, r"takes batches of 4 only; export it for a batch"),
    "length": (
        identity(array("x", 1, 16_000), array("y", 1, 16_000)),
        {},
        r"takes 16000 samples only; export it for any number of them\.$",
    ),
    "second input": (
        convolutions(inputs=[SOUND, array("lengths", "batch", kind=INT64)]),
        {},
        r"needs the input lengths \(tensor\(int64\), rank 1\), and only masks of the shape of sound are filled in",
    ),
    "output rank": (
        convolutions([array("deep", 1, 1, 8, "n"), FRAMES], nodes=[node("Unsqueeze", ["hidden", "axis"], ["deep"])]),
        {"output_name": "deep"},
        r"no deep of rank 3 or 2, but deep \(tensor\(float\), rank 4\), frames \(.*\); give another model or output\.$",
    ),
    "scalar": (
        model([node("ReduceSum", ["sound"], ["sum"], keepdims=0)], {}, [SOUND], [array("sum")]),
        {},
        r"no output of rank 3 or 2, but sum \(tensor\(float\), rank unknown\); give another model or output\.$",
    ),
    "name": (
        convolutions([FRAMES, EMBEDDING]),
        {"output_name": "logits"},
        r"has no output 'logits', but frames \(tensor\(float\), rank 3\), embedding \(tensor\(float\), rank 2\);",
    ),
    "rate": (
        convolutions(sampling_rate="8000"),
        {"sampling_rate": 16_000},
        r"says that it needs 8000 Hz; leave the sampling rate out\. Received: 16000$",
    ),
    "deviation": (convolutions([EMBEDDING]), {"pool": "mean_std"}, r"embedding is one row per clip, which has no dev"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_model_is_one_sentence_before_any_work(write, case):
    content, options, message = WRONG[case]
    with pytest.raises(InputError, match=message) as caught:
        Onnx(write(content), **options)
    assert "\n" not in str(caught.value)


def test_weights_in_a_second_file_are_refused(write, tmp_path):
    import onnx

    onnx.save(
        onnx.load_model_from_string(convolutions()),
        tmp_path / "model.onnx",
        save_as_external_data=True,
        size_threshold=0,
        location="model.onnx.data",
    )
    with pytest.raises(InputError, match=r"model\.onnx has its weights in a second file; save it as one with"):
        Onnx(tmp_path / "model.onnx")
    onnx.save(onnx.load(tmp_path / "model.onnx"), tmp_path / "one.onnx")
    Onnx(tmp_path / "one.onnx")


def test_no_model_or_an_absent_one_is_one_sentence(tmp_path):
    with pytest.raises(InputError, match=r"onnx needs a model, which is not downloaded; give model=FILE\.$"):
        Onnx().extract("a.wav")
    with pytest.raises(InputError, match=r"absent\.onnx is not there; give an ONNX file\.$"):
        Onnx(tmp_path / "absent.onnx")


def test_without_onnx_runtime_the_error_says_what_to_install(monkeypatch, write):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(InputError, match=r"pip install kerasemo\[onnx\]$"):
        Onnx(write(convolutions(author="a model that no other test has read")))


@pytest.mark.parametrize("output", [FRAMES, EMBEDDING])
def test_a_clip_shorter_than_the_field_of_the_model_is_broken(write, wav, output):
    path = write(convolutions([output]))
    message = rf"a\.wav is too short: it holds {FIELD - 1} samples at 16000 Hz, and .*model\.onnx needs {FIELD}\.$"
    with pytest.raises(BrokenClip, match=message):
        Onnx(path).extract(wav(noise(FIELD - 1)))
    assert len(Onnx(path).extract(wav(noise(FIELD)))) == 1
    with pytest.raises(BrokenClip, match=r"is too short: it holds no sample at 16000 Hz\.$"):
        Onnx(path).extract(wav(noise(1), 192_000))


def gather(index):
    """A model that reads the sample `index`, and fails on shorter sound."""
    nodes = [node("Gather", ["sound", "index"], ["sample"], axis=1)]
    return model(nodes, {"index": np.array([index])}, [SOUND], [array("sample", "batch", 1)])


def test_a_model_that_always_fails_is_no_fault_of_the_clip(write, wav):
    with pytest.raises(InputError, match=r"model\.onnx fails on an input of shape \(1, 3000\) \(.*\)\.$") as caught:
        Onnx(write(gather(10**9))).extract(wav(noise(3000)))
    assert not isinstance(caught.value, BrokenClip) and "\n" not in str(caught.value)


def test_a_model_that_fails_on_long_sound_sets_the_clip_aside(write, wav):
    nodes = [node("Shape", ["sound"], ["shape"]), node("Gather", ["table", "shape"], ["row"])]
    table = {"table": np.zeros(1500, np.float32)}
    limited = model(
        [*nodes, node("Unsqueeze", ["row", "axis"], ["rows"])],
        table | {"axis": np.array([0])},
        [SOUND],
        [array("rows", 1, 2)],
        sampling_rate="1000",
    )
    assert Onnx(write(limited)).extract(wav(noise(1400), 1000)).shape == (1, 2)
    with pytest.raises(BrokenClip, match=r"a\.wav cannot be used: .*model\.onnx fails on an input of shape"):
        Onnx(write(limited)).extract(wav(noise(3000), 1000))


def test_an_output_that_is_not_as_declared_is_one_sentence(write, wav):
    reshaped = model(
        [node("Reshape", ["sound", "shape"], ["rows"])], {"shape": np.array([-1, 1])}, [SOUND], [array("rows", "n", 1)]
    )
    with pytest.raises(InputError, match=r"gives rows of shape \(300, 1\) for a batch of 1, where it declares rank 2"):
        Onnx(write(reshaped)).extract(wav(noise(300)))


def test_frames_without_a_step_are_no_blocks(write, wav):
    nodes = [
        node("ReduceMean", ["sound"], ["mean"], axes=[1], keepdims=1),
        node("Unsqueeze", ["mean", "axis"], ["frame"]),
    ]
    path = write(model(nodes, {"axis": np.array([1])}, [SOUND], [array("frame", "batch", 1, 1)]))
    samples = noise(3000)
    close(Onnx(path, normalise=False).extract(wav(samples)), samples.mean().reshape(1, 1))
    with pytest.raises(InputError, match=r"has no frames at a fixed step; give a block_s that is longer than any clip"):
        Onnx(path, block_s=0.1).extract(wav(samples))


def test_silence_is_finite(write, wav):
    assert not Onnx(write(convolutions())).extract(wav(np.full(800, 0.25, np.float32))).any()


def test_the_cache_knows_the_model_by_its_content(write, wav, media, tmp_path, monkeypatch):
    first, store = write(convolutions()), FeatureStore(tmp_path / "store")
    wav(noise(1000))
    manifest = media.audio_manifest(tmp_path)
    kept = store.extract(manifest, tmp_path, Onnx(first)).features["a"]
    second, other = shutil.copy(first, tmp_path / "second.onnx"), write(convolutions(pad=3), "other.onnx")
    assert len(store.extract(manifest, tmp_path, Onnx(other)).features["a"]) > len(kept)
    config = json.loads(json.dumps(Onnx(first).get_config()))
    assert from_config(config) == Onnx(first) and len(config["digest"]) == 40
    with pytest.raises(InputError, match="is another file than before"):
        from_config({**config, "model": other})
    monkeypatch.setattr(Onnx, "extract", lambda *_: pytest.fail("extracted again"))
    np.testing.assert_array_equal(store.extract(manifest, tmp_path, Onnx(second)).features["a"], kept)


def test_several_processes_load_the_model_themselves(write, wav, media, tmp_path):
    for number in range(6):
        wav(noise(2000 + 100 * number, number), name=f"{number}.wav")
    feature_set, manifest = Onnx(write(convolutions()), block_s=0.08), media.audio_manifest(tmp_path)
    assert len(pickle.dumps(feature_set)) < 1000  # only the path and the options go to the workers
    assert onnx_session._session(feature_set.model).get_session_options().intra_op_num_threads == 1
    one, two = (
        FeatureStore(tmp_path / str(jobs)).extract(manifest, tmp_path, feature_set, jobs=jobs).features
        for jobs in (1, 2)
    )
    assert list(one) == list(two) == list("012345")
    for clip in one:
        np.testing.assert_array_equal(one[clip], two[clip])


def test_the_command_writes_embeddings(write, wav, tmp_path):
    samples = noise(3000)
    wav(samples)
    columns = "clip,audio,video,start_s,end_s,speaker,gender,dialogue,emotion"
    (tmp_path / "m.csv").write_text(f"{columns}\na,a.wav,,,,x,,,sad\n")
    call = ["features", "onnx", tmp_path / "m.csv", "--root", tmp_path, "-o", tmp_path / "x.npz", "--jobs", 1]

    def run(*options):
        return CliRunner().invoke(app, [str(argument) for argument in [*call, *options]])

    done = run("--model", write(convolutions([FRAMES, EMBEDDING])), "--no-normalise", "--output-name", "embedding")
    assert done.exit_code == 0, done.stderr
    close(np.load(tmp_path / "x.npz")["a"], in_numpy(samples).mean(axis=0, keepdims=True))
    done = run("--model", write(b"no model"), "--force")
    assert done.exit_code == 2 and "cannot be read as an ONNX model" in done.stderr
    assert run().exit_code == 2


def colours(shape, *outputs):
    """A model of pictures: the mean of each colour."""
    axes = [2, 3] if shape[1] == 3 else [1, 2]
    nodes = [node("ReduceMean", ["picture"], ["mean"], axes=axes, keepdims=0), node("Shape", ["picture"], ["sides"])]
    nodes += [node("Cast", ["sides"], ["numbers"], to=1), node("Unsqueeze", ["numbers", "axis"], ["shape"])]
    declared = outputs or (array("mean", "batch", 3), array("shape", 1, 4))
    return model(nodes, {"axis": np.array([0])}, [array("picture", *shape)], declared)


@pytest.mark.parametrize("shape", [("batch", 3, 48, 32), ("batch", 48, 32, 3), (1, 3, "height", "width")])
def test_faces_are_given_as_the_model_declares(write, media, tmp_path, monkeypatch, shape):
    monkeypatch.setattr(deep, "find_face", lambda picture: (0, 0, 24, 16) if picture.mean() > 20 else None)
    pictures = [np.full((48, 64, 3), colour, np.uint8) for colour in [(0, 0, 0), (200, 100, 50), (40, 80, 120)]]
    video = media.write_video(tmp_path / "a.avi", pictures)
    seen = [shown[0].mean(axis=(0, 1)) / 255 for _, shown in read_frames(video, 0.1, 1)]
    expected = np.array([seen[1], seen[1], seen[2]])
    path = write(colours(shape))
    found = OnnxFace(path).extract(video)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, (expected - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225], atol=0.02)
    np.testing.assert_allclose(OnnxFace(path, scale="unit").extract(video), expected, atol=0.005)
    np.testing.assert_allclose(OnnxFace(path, scale="signed").extract(video), 2 * expected - 1, atol=0.01)
    sides = [224 if isinstance(side, str) else side for side in (1, *shape[1:])]
    np.testing.assert_array_equal(OnnxFace(path, output_name="shape").extract(video), [sides] * 3)


def test_wrong_models_of_faces_are_one_sentence(write):
    with pytest.raises(InputError, match=r"no input of type float32 and rank 4, but sound"):
        OnnxFace(write(convolutions()))
    with pytest.raises(InputError, match=r"takes pictures of shape \[1, 1, 48, 48\]; one of three colours is needed"):
        OnnxFace(write(colours((1, 1, 48, 48), array("mean", 1, 48))))
    with pytest.raises(InputError, match=r"no output of rank 2, but y \(tensor\(float\), rank 4\)"):
        OnnxFace(write(identity(array("x", 1, 3, 48, 48), array("y", 1, 3, 48, 48))))
    with pytest.raises(InputError, match=r"onnx_face needs a model"):
        OnnxFace().extract("a.mp4")

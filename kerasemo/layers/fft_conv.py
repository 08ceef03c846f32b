"""One-dimensional convolution with a long kernel, computed by fast Fourier transforms (FFT).

A direct convolution of T samples with K taps needs T K products for each pair of channel and filter; the overlap-save
method needs about T log K. The signal is cut into blocks that overlap by K - 1 samples. Blocks and kernel are
transformed, multiplied frequency by frequency, and transformed back. The K - 1 samples of each block that are affected
by circular wrap-around are discarded.

What determines the time on a CPU, the most important first:

- Allocation of memory. Large buffers are returned to the operating system and requested again at every use, page by
  page, which takes longer than the transforms. The work is therefore done in pieces, which also limits the memory for
  any length. Two pieces are computed at a time, because few single operations use all threads.
- The transform of the kernel, which takes as long as that of a few clips: it is computed once per batch, for outputs
  and gradients.
- Transpositions. The transforms run along the last axis, but the products need the frequency first. Each transposition
  here swaps two axes, for many rows at once.
- The products, one small complex matrix product for each frequency. Real matrices of twice the size are not faster,
  because real and imaginary parts must be rearranged for them.
"""

import dataclasses
import math

import keras
import tensorflow as tf
from keras import ops

__all__ = ["CLIPS", "KERNELS", "PIECE_BYTES", "PRODUCT_COST", "FFTConv1D", "block_length", "convolve"]

# Intended maximum size of a buffer. The C library returns buffers above 32 MiB to the operating system, and buffers
# slightly below this size fragment the memory.
PIECE_BYTES = 16 * 2**20
# The cost of a complex multiply-add, relative to moving and transforming one sample.
PRODUCT_COST = 1 / 15
# Assumptions of the cost model: clips per batch, and output length in multiples of the kernel if it is not known.
CLIPS, KERNELS = 2, 12


@keras.saving.register_keras_serializable("kerasemo")
class FFTConv1D(keras.layers.Conv1D):
    """`keras.layers.Conv1D` for long kernels: same arguments, weights, config and results, computed by FFT.

    With 48 000 samples, 40 channels, 40 filters and 4000 taps (the second convolution of chae2018), it is about a
    hundred times as fast as `Conv1D` on a CPU. Below about a hundred taps `Conv1D` is faster.

    The arithmetic is float32 (float64 under a float64 policy), and the result has the layer's compute type. Relative to
    the largest output, float32 results differ from those of `Conv1D` by at most 1e-5. Time is proportional to the
    length; working memory does not depend on it. The transformed kernel is kept for the gradient and needs two to three
    times the memory of the kernel. Second derivatives and XLA are not supported. Weights can be copied from and to a
    `Conv1D` with `set_weights`, but not through the weights file of a whole network, which names the layer classes.

    Args:
        filters: number of filters.
        kernel_size: taps of the kernel, in samples.
        strides: must be 1.
        padding: `"valid"`, `"same"` or `"causal"`.
        **kwargs: as in `Conv1D`; `data_format` must be `"channels_last"`, `dilation_rate` and `groups` must be 1.

    Attributes:
        portable: whether to compute as `Conv1D` does, for formats of networks without complex numbers; False by
            default.

    Input: `batch x samples x channels`. Output: `batch x samples x filters`; `kernel_size - 1` samples fewer with
    `"valid"`.

    Raises:
        ValueError: `strides`, `dilation_rate` or `groups` is not 1, or the channels come first.

    Example:
        >>> FFTConv1D(4, 4000, padding="causal")(keras.ops.ones((2, 16000, 1))).shape
        TensorShape([2, 16000, 4])
    """

    def __init__(self, filters, kernel_size, strides=1, padding="valid", **kwargs):
        super().__init__(filters, kernel_size, strides, padding, **kwargs)
        for name, value in [("strides", self.strides), ("dilation_rate", self.dilation_rate), ("groups", self.groups)]:
            if value not in (1, (1,)):
                raise ValueError(
                    f"FFTConv1D supports only {name}=1; use keras.layers.Conv1D instead. Received: {name}={value}"
                )
        if self.data_format != "channels_last":
            raise ValueError(f"FFTConv1D supports only channels_last. Received: data_format={self.data_format}")
        self.supports_jit = self.portable = False

    def build(self, input_shape):
        super().build(input_shape)
        self.input_spec = keras.layers.InputSpec(ndim=3, axes={-1: input_shape[-1]})

    # Overrides `call` instead of `convolution_op`, which `Conv1D.call` does not use.
    def call(self, inputs):
        if self.portable:
            return super().call(inputs)
        real = "float64" if self.compute_dtype == "float64" else "float32"
        overlap = self.kernel_size[0] - 1
        before = {"valid": 0, "same": overlap // 2, "causal": overlap}[self.padding]
        padding = before, 0 if self.padding == "valid" else overlap - before
        x, kernel = (tf.cast(ops.convert_to_tensor(values), real) for values in (inputs, self.kernel))
        outputs = tf.cast(convolve(x, kernel, padding), self.compute_dtype)
        outputs = tf.ensure_shape(outputs, self.compute_output_shape(inputs.shape))
        if self.use_bias:
            outputs = ops.add(outputs, self.bias)
        return outputs if self.activation is None else self.activation(outputs)


def convolve(x, kernel, padding=(0, 0)):
    """Correlate signals with a kernel ("convolution" in neural networks): y[t] = sum_s x[t + s] kernel[s].

    Args:
        x: `batch x samples x channels`, float32 or float64.
        kernel: `taps x channels x filters`, of the same type; its shape must be known when the graph is built.
        padding: number of zeros before and after the samples.

    Returns:
        `batch x (samples + padding - taps + 1) x filters`. Differentiable once, with respect to `x` and `kernel`.

    Raises:
        tf.errors.InvalidArgumentError: There are fewer padded samples than taps.

    Example:
        >>> convolve(tf.constant([[[1.0], [2.0], [4.0]]]), tf.constant([[[1.0]], [[-1.0]]])).numpy().round(5).ravel()
        array([-1., -2.], dtype=float32)
    """
    plan = _plan(x, kernel, padding)

    @tf.custom_gradient
    def convolution(x, kernel):
        # Otherwise a persistent tape in a graph would also differentiate the loop itself, needlessly.
        spectra = _kernel_spectra(tf.stop_gradient(kernel), plan)
        return _forward(tf.stop_gradient(x), spectra, plan), lambda dy: _backward(x, spectra, dy, plan)

    return convolution(x, kernel)


def block_length(taps: int, outputs: int | None, channels: int, filters: int) -> int:
    """Return the block length, in samples, with the lowest estimated cost for a clip.

    A block is the whole clip, or has at least twice as many samples as taps, so that it overlaps only with its direct
    neighbours.

    Args:
        taps: taps of the kernel.
        outputs: samples of each filter's output; None if not known.
        channels: channels of the input.
        filters: filters of the kernel.

    Returns:
        An even number without a prime factor above 5.

    Example:
        >>> block_length(4000, 48_000, 40, 40), block_length(4000, 100, 40, 40)
        (10000, 4320)
    """
    longest = max(3 * taps, 1024)
    candidates = {_smooth(length) for length in range(2 * taps, longest + 1, max(1, longest // 64))}
    whole_clip = _smooth(max(outputs or 0, 1) + taps - 1)
    outputs = outputs or KERNELS * taps

    def cost(fft: int) -> float:
        blocks = -(-outputs // (fft - taps + 1))
        moved = blocks * (channels + filters) + channels * filters / CLIPS
        return fft * (moved + PRODUCT_COST / 2 * blocks * channels * filters)

    return min(sorted(candidates | ({whole_clip} if whole_clip <= max(candidates) else set())), key=cost)


def _smooth(n: int) -> int:
    """Return the smallest even number of n or more whose prime factors are 2, 3 and 5."""
    odd = [3**i * 5**j for i in range(20) for j in range(14)]
    return min(factor * 2 ** max(1, math.ceil(math.log2(n / factor))) for factor in odd)


@dataclasses.dataclass(frozen=True)
class _Plan:
    """How a convolution is divided: each clip into pieces, and each piece into blocks."""

    taps: int
    channels: int
    filters: int
    before: int  # zeros before the samples of a clip
    outputs: tf.Tensor  # samples of a clip's outputs
    fft: int  # samples of a block
    blocks: tf.Tensor  # blocks in a piece
    pieces: tf.Tensor  # pieces in a clip

    @property
    def step(self) -> int:
        """Samples from the start of one block to the start of the next."""
        return self.fft - self.taps + 1

    @property
    def frequencies(self) -> int:
        return self.fft // 2 + 1


def _plan(x, kernel, padding) -> _Plan:
    taps, channels, filters = kernel.shape
    extra_outputs = sum(padding) - taps + 1
    fft = block_length(taps, None if x.shape[1] is None else x.shape[1] + extra_outputs, channels, filters)
    most_blocks = max(1, PIECE_BYTES // (x.dtype.size * fft * max(channels, filters)))
    outputs = tf.shape(x)[1] + extra_outputs
    message = f"The input is shorter than the kernel of {taps} taps."
    with tf.control_dependencies([tf.debugging.Assert(outputs > 0, [message])]):
        n_blocks = -(-outputs // (fft - taps + 1))
    pieces = -(-n_blocks // most_blocks)
    blocks = -(-n_blocks // pieces)
    return _Plan(taps, channels, filters, padding[0], outputs, fft, blocks, pieces)


def _forward(x, spectra, plan):
    """Overlap-save: keep the samples of each block's circular correlation that are free of wrap-around."""

    def piece(i, written):
        clip, start = i // plan.pieces, i % plan.pieces * plan.blocks * plan.step
        signal = _spectrum(_overlapping(x[clip], start - plan.before, plan), plan)
        products = [tf.matmul(group, signal, adjoint_a=True) for group in spectra]
        parts = [_samples(product, plan)[:, : plan.step] for product in products]
        outputs = tf.transpose(tf.reshape(tf.concat(parts, axis=0), (plan.filters, -1)))
        return i + 1, written.write(i, outputs[: plan.outputs - start])

    n = tf.shape(x)[0]
    _, written = _each_piece(piece, n, plan, _unwritten(x, n, plan, plan.filters))
    return tf.reshape(written.concat(), (n, plan.outputs, plan.filters))


def _backward(x, spectra, dy, plan):
    """Return the gradients for x (overlap-add) and for the kernel; both use the same transformed blocks of dy."""
    n, samples, groups = tf.shape(x)[0], tf.shape(x)[1], len(spectra)

    def piece(i, written, tail, *sums):
        clip, place = i // plan.pieces, i % plan.pieces
        start = place * plan.blocks * plan.step
        signal = _spectrum(_overlapping(x[clip], start - plan.before, plan), plan)
        parts = tf.split(_spectrum(_disjoint(dy[clip], start, plan), plan), groups, axis=1)
        sums = [total + tf.matmul(signal, part, adjoint_b=True) for total, part in zip(sums, parts, strict=True)]
        product = tf.add_n([tf.matmul(group, part) for group, part in zip(spectra, parts, strict=True)])
        blocks = tf.reshape(_samples(product, plan), (plan.channels, -1, plan.fft))
        dx, tail = _overlap_add(blocks, tf.where(place > 0, tail, 0), plan)
        end = tf.where(place + 1 < plan.pieces, plan.blocks * plan.step, tf.shape(dx)[0])
        first = tf.maximum(plan.before - start, 0)
        return i + 1, written.write(i, dx[first : tf.minimum(end, plan.before + samples - start)]), tail, *sums

    tail = tf.zeros((plan.channels, plan.taps - 1), x.dtype)
    sums = [tf.zeros_like(group) for group in spectra]
    _, written, _, *sums = _each_piece(piece, n, plan, _unwritten(x, n, plan, plan.channels), tail, *sums)
    parts = [tf.reshape(_samples(total, plan)[:, : plan.taps], (plan.channels, -1, plan.taps)) for total in sums]
    dk = tf.transpose(tf.reshape(tf.concat(parts, axis=1), (-1, plan.taps)))
    return tf.reshape(written.concat(), (n, samples, plan.channels)), tf.reshape(dk, (-1, plan.channels, plan.filters))


def _unwritten(x, n, plan, channels):
    """Create an array for the pieces, and an empty last piece, as eager TensorFlow cannot concatenate an empty list."""
    pieces = n * plan.pieces
    written = tf.TensorArray(x.dtype, pieces + 1, element_shape=(None, channels), infer_shape=False)
    return written.write(pieces, tf.zeros((0, channels), x.dtype))


def _each_piece(piece, n, plan, *state):
    """Run `piece` over all pieces of n clips; two pieces run in parallel."""
    return tf.while_loop(lambda i, *_: i < n * plan.pieces, piece, (0, *state), parallel_iterations=2)


def _kernel_spectra(kernel, plan):
    """Return the transformed kernel in groups of filters, each `frequencies x channels x filters`, complex."""
    taps, channels, filters = kernel.shape
    rows = tf.reshape(tf.transpose(tf.reshape(kernel, (taps, -1))), (channels, filters, taps))
    size = _group(filters, channels, plan, kernel.dtype)
    return [_spectrum(group, plan) for group in tf.split(rows, filters // size, axis=1)]


def _group(filters, channels, plan, dtype):
    """Return how many filters are transformed together."""
    return _divisor(filters, PIECE_BYTES // (dtype.size * plan.fft * channels))


def _divisor(n, most):
    return max(i for i in range(1, n + 1) if n % i == 0 and i <= max(1, most))


def _cut(signal, start, length):
    """Return `length` samples from `start` on, channels first, with zeros outside the signal."""
    samples = tf.shape(signal)[0]
    first = tf.maximum(start, 0)
    last = tf.clip_by_value(start + length, first, samples)
    return tf.transpose(tf.pad(signal[first:last], [(first - start, start + length - last), (0, 0)]))


def _overlapping(signal, start, plan):
    """Return the blocks of a piece, each including its overlap with the next, `channels x blocks x samples`."""
    channels = signal.shape[-1]
    if plan.step < plan.taps - 1:
        return tf.reshape(_cut(signal, start, plan.fft), (channels, 1, plan.fft))
    cut = _cut(signal, start, (plan.blocks + 1) * plan.step)
    blocks = tf.reshape(cut, (channels, -1, plan.step))
    return tf.concat([blocks[:, :-1], blocks[:, 1:, : plan.taps - 1]], axis=-1)


def _disjoint(signal, start, plan):
    """Return the blocks of a piece without overlap, `channels x blocks x samples`."""
    return tf.reshape(_cut(signal, start, plan.blocks * plan.step), (signal.shape[-1], -1, plan.step))


def _overlap_add(blocks, tail, plan):
    """Add the overlapping samples of neighbouring blocks; return the samples, and the overlap after the last block."""
    channels = blocks.shape[0]
    heads, tails = blocks[..., : plan.step], blocks[..., plan.step :]
    if plan.step >= plan.taps - 1:
        before = tf.concat([tail[:, tf.newaxis], tails[:, :-1]], axis=1)
        heads += tf.pad(before, [(0, 0), (0, 0), (0, plan.step - plan.taps + 1)])
    tail = tails[:, -1]
    return tf.transpose(tf.concat([tf.reshape(heads, (channels, -1)), tail], axis=1)), tail


def _spectrum(rows, plan):
    """Transform `a x b x samples`, zero-padded to the length of a block, to `frequencies x a x b`, complex."""
    spectrum = tf.reshape(tf.signal.rfft(rows, [plan.fft]), (-1, plan.frequencies))
    return tf.reshape(tf.transpose(spectrum), (plan.frequencies, rows.shape[0], -1))


def _samples(spectrum, plan):
    """Transform `frequencies x a x b` back to `(a, b) x samples`."""
    return tf.signal.irfft(tf.transpose(tf.reshape(spectrum, (plan.frequencies, -1))), [plan.fft])

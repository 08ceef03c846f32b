"""An LSTM that trains faster on a CPU than Keras' own: the same numbers, with a gradient written by hand.

Keras lets TensorFlow differentiate its loop over the frames, which then computes the gradient of the weights frame by
frame. Here only what depends on the frame before stays in the loop, forwards and backwards one product with the
recurrent kernel a frame; the products with the inputs, and the gradients of all weights, are one product each over all
frames. A turn of the loop does `CHUNK` frames, because a turn costs as much as a frame's arithmetic.
"""

import keras
import tensorflow as tf

CHUNK = 5


@keras.saving.register_keras_serializable("kerasemo")
class ChunkedLSTM(keras.layers.LSTM):
    """`keras.layers.LSTM`, trained in another way where that is faster; weights and saved form are the same.

    It is Keras' own outside training, where there is a GPU, and where an argument or a call asks for more than the
    plain layer: a mask, an initial state, dropout inside the cell, other activations, no bias, backwards, stateful, not
    float32. So an exported network holds nothing but Keras' own operations.

    Args:
        units, ...: as `keras.layers.LSTM`.

    Example:
        >>> ChunkedLSTM(4, return_sequences=True)(keras.ops.ones((2, 7, 3)), training=True).shape
        TensorShape([2, 7, 4])
    """

    def call(self, sequences, initial_state=None, mask=None, training=False):
        if not training or initial_state is not None or mask is not None or not self._is_plain():
            return super().call(sequences, initial_state=initial_state, mask=mask, training=training)
        weights = [self.cell.kernel, self.cell.recurrent_kernel, self.cell.bias]
        weights = [_outputs_before_cells(tf.convert_to_tensor(weight), self.units) for weight in weights]
        states = tf.transpose(_states(tf.transpose(sequences, [1, 0, 2]), *weights), [1, 0, 2])
        return states if self.return_sequences else states[:, -1]

    def _is_plain(self) -> bool:
        return (
            (self.activation, self.recurrent_activation) == (keras.activations.tanh, keras.activations.sigmoid)
            and self.use_bias
            and not (self.dropout or self.recurrent_dropout)
            and not (self.go_backwards or self.stateful or self.return_state or self.unroll)
            and self.compute_dtype == "float32"
            and not tf.config.list_physical_devices("GPU")
        )


def _outputs_before_cells(weight, units: int):
    """The columns for input, forget and output gate, then those for the candidate; Keras has the last two swapped."""
    return tf.concat([weight[..., : 2 * units], weight[..., 3 * units :], weight[..., 2 * units : 3 * units]], axis=-1)


@tf.custom_gradient
def _states(inputs, kernel, recurrent_kernel, bias):
    """The hidden state at each frame, `frames x batch x units`, of inputs `frames x batch x features`."""
    # Under a persistent tape the loop would keep what its own gradient needs, which nobody asks for.
    inputs, kernel, recurrent_kernel, bias = map(tf.stop_gradient, (inputs, kernel, recurrent_kernel, bias))
    n_frames, batch, width = tf.unstack(tf.shape(inputs))
    units = recurrent_kernel.shape[0]
    flat_inputs = tf.reshape(inputs, [-1, width])
    projected = tf.reshape(flat_inputs @ kernel + bias, [n_frames, batch, 4 * units])
    states, kept = _forwards(_chunks(projected), recurrent_kernel)
    states = tf.reshape(states, [-1, batch, units])[:n_frames]

    def gradient(upstream):
        by_gates = _backwards(_chunks(upstream), kept, recurrent_kernel)
        by_gates = tf.reshape(by_gates, [-1, batch, 4 * units])[:n_frames]
        by_gates = tf.reshape(by_gates, [-1, 4 * units])
        before = tf.concat([tf.zeros([1, batch, units]), states[:-1]], axis=0)
        return (
            tf.reshape(tf.matmul(by_gates, kernel, transpose_b=True), tf.shape(inputs)),
            tf.matmul(flat_inputs, by_gates, transpose_a=True),
            tf.matmul(tf.reshape(before, [-1, units]), by_gates, transpose_a=True),
            tf.reduce_sum(by_gates, axis=0),
        )

    return states, gradient


def _forwards(projected, recurrent_kernel):
    """The states, and arrays of what the way back needs: gates, cells before each frame, tanh of those after it.

    All are chunk after chunk; `projected` is `chunks x CHUNK x batch x 4 units`.
    """
    n_chunks, _, batch, _ = tf.unstack(tf.shape(projected))
    units = recurrent_kernel.shape[0]
    of_chunk = tf.TensorArray(tf.float32, n_chunks).unstack(projected)
    results = [tf.TensorArray(tf.float32, n_chunks, element_shape=[CHUNK, None, k * units]) for k in (1, 4, 1, 1)]

    def one_chunk(k, state, cell, results):
        frames = []
        for frame in tf.unstack(of_chunk.read(k), num=CHUNK):
            total = frame + state @ recurrent_kernel
            gates = tf.sigmoid(total[:, : 3 * units])
            candidate = tf.tanh(total[:, 3 * units :])
            let_in, keep, let_out = tf.split(gates, 3, axis=1)
            before, cell = cell, keep * cell + let_in * candidate
            squashed = tf.tanh(cell)
            state = let_out * squashed
            frames.append((state, tf.concat([gates, candidate], axis=1), before, squashed))
        stacked = [tf.stack(values) for values in zip(*frames, strict=True)]
        return k + 1, state, cell, [array.write(k, values) for array, values in zip(results, stacked, strict=True)]

    zeros = tf.zeros([batch, units])
    *_, results = tf.while_loop(lambda k, *_: k < n_chunks, one_chunk, (0, zeros, zeros, results))
    states, *kept = results
    return states.stack(), kept


def _backwards(upstream, kept, recurrent_kernel):
    """The gradient by each frame's gates before their activations, chunk after chunk, `CHUNK x batch x 4 units`."""
    n_chunks, _, batch, _ = tf.unstack(tf.shape(upstream))
    units = recurrent_kernel.shape[0]
    of_chunk = tf.TensorArray(tf.float32, n_chunks).unstack(upstream)
    results = tf.TensorArray(tf.float32, n_chunks, element_shape=[CHUNK, None, 4 * units])
    transposed = tf.transpose(recurrent_kernel)

    def one_chunk(k, by_state, by_cell, results):
        gates, before, squashed = (array.read(k) for array in kept)
        let_in, keep, let_out, candidate = tf.split(gates, 4, axis=2)
        factors = (
            of_chunk.read(k),
            let_out * (1 - squashed * squashed),  # cell by state
            candidate * let_in * (1 - let_in),
            before * keep * (1 - keep),
            squashed * let_out * (1 - let_out),
            let_in * (1 - candidate * candidate),
            keep,
        )
        frames = list(zip(*(tf.unstack(factor, num=CHUNK) for factor in factors), strict=True))
        by_gates = []
        for above, to_cell, to_in, to_keep, to_out, to_candidate, kept_share in reversed(frames):
            by_state += above
            by_cell += by_state * to_cell
            parts = [by_cell * to_in, by_cell * to_keep, by_state * to_out, by_cell * to_candidate]
            by_gates.append(tf.concat(parts, axis=1))
            by_state, by_cell = by_gates[-1] @ transposed, by_cell * kept_share
        return k - 1, by_state, by_cell, results.write(k, tf.stack(by_gates[::-1]))

    zeros = tf.zeros([batch, units])
    *_, results = tf.while_loop(lambda k, *_: k >= 0, one_chunk, (n_chunks - 1, zeros, zeros, results))
    return results.stack()


def _chunks(frames):
    """`frames x batch x width` as `chunks x CHUNK x batch x width`, with zeros at the end of the last chunk."""
    n_frames, batch, _ = tf.unstack(tf.shape(frames))
    padded = tf.pad(frames, [(0, -n_frames % CHUNK), (0, 0), (0, 0)])
    return tf.reshape(padded, [-1, CHUNK, batch, frames.shape[-1]])

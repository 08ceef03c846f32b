"""The network of atmaja2020: continuous emotion, predicted for each frame from one or several feature sets.

Source: Atmaja and Akagi 2020, "Multitask Learning and Multistage Fusion for Dimensional Audiovisual Emotion
Recognition", section 4.1. Feature sets are concatenated before the first layer (early fusion).

Sequences may have any length; in a batch they are padded at their end. There is no `Masking` layer: an LSTM reads
forwards, so the padding does not affect valid frames, and sample weights in the dataset exclude it from losses and
metrics. `Masking(0.)` would mistake a standardised frame of zeros, which is an average frame, for padding.

The paper does not give the initial values of the heads. From those of Keras, training on CCC may get stuck: the
outputs vary far more than the labels, and a prediction with a negative correlation gets a CCC nearer to 0 by growing.
From zeros, the first gradient points towards the labels. But a head that starts at zero and whose loss has weight 0
stays exactly 0, and so does its CCC. So heads with a loss should start at zero, and the others as Keras does.
"""

from collections.abc import Mapping, Sequence

import keras
from keras import layers

from kerasemo.corpora.avec2019 import TARGETS
from kerasemo.layers import ChunkedLSTM
from kerasemo.models.on_features import standardised

__all__ = ["DROPOUT", "UNITS", "lstm_regressor"]

UNITS = (256, 128, 64)
DROPOUT = 0.4


def lstm_regressor(
    feature_sets: Mapping[str, int],
    targets: Sequence[str] = TARGETS,
    units: Sequence[int] = UNITS,
    dropout: float = DROPOUT,
    head_initializer: str | Mapping[str, str] = "glorot_uniform",
) -> keras.Model:
    """Build a stack of LSTMs, each followed by dropout, and a linear head for each target.

    Args:
        feature_sets: name -> number of features of each set; all sets have the same frames. The network standardises
            them: `adapt` its `Normalization` layers to the valid training frames (see `training.fit.adapt`).
        targets: names of the outputs.
        units: units of each LSTM.
        dropout: dropout rate after each LSTM, 0..1.
        head_initializer: initializer of the heads' kernels, for all targets or by target; by default that of Keras.

    Returns:
        A model from each feature set, `batch x frames x features`, to each target, `batch x frames x 1`.

    Raises:
        ValueError: There is no feature set.

    Example:
        >>> network = lstm_regressor({"audio": 88, "video": 34}, units=(4,))
        >>> network.output["valence"].shape
        (None, None, 1)
    """
    if not feature_sets:
        raise ValueError(f"A regressor needs a feature set. Received: feature_sets={dict(feature_sets)}")
    inputs, x = standardised({name: (None, width) for name, width in feature_sets.items()})
    for i, width in enumerate(units, start=1):
        x = ChunkedLSTM(width, return_sequences=True, name=f"lstm_{i}")(x)
        x = layers.Dropout(dropout, name=f"dropout_{i}")(x)
    if isinstance(head_initializer, str):
        head_initializer = dict.fromkeys(targets, head_initializer)
    outputs = {
        target: layers.Dense(1, kernel_initializer=head_initializer[target], name=target)(x) for target in targets
    }
    return keras.Model(inputs, outputs, name="lstm_regressor")

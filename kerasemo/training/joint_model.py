"""Training of a network with several outputs and losses, which a weighting combines into one loss."""

from collections.abc import Mapping

import keras
import tensorflow as tf

from kerasemo.weighting import Step, Weighting

__all__ = ["JointModel", "all_variables"]


@keras.saving.register_keras_serializable("kerasemo")
class JointModel(keras.Model):
    """A functional model whose loss is a weighted combination of task losses.

    Outputs are a dict; a task is an output that has a loss. Outputs without a loss may have metrics. For each epoch the
    history contains `loss` (the joint loss), `<task>_loss`, `<task>_weight`, and every compiled metric; with the prefix
    `val_`, the same for the validation data, except the weights.

    A loss that compares parts of its output with each other, such as `SoftHGR`, has the attribute
    `reads_labels = False`. Its task needs no targets and has no metrics. Its output is only used by the loss and is not
    an output of `network()`.

    The variables of the weighting are trained with the network and saved with the model. `network()` returns the plain
    functional network without them.

    Args:
        inputs: named dict of the network's inputs.
        outputs: named dict of the network's outputs.
        losses: a `keras.losses.Loss` for each task. String names of Keras are not accepted: Keras converts them to
            functions that do not reduce over the batch.
        weighting: combines the losses; it must have the tasks of `losses`.
        weighting_optimizer: optimizer of the weighting's variables, with a separate learning rate; None: the compiled
            optimizer. (Scaling their gradient would have no effect with Adam.)

    Raises:
        ValueError: A loss has no output, the weighting has other tasks, or there is an optimizer for a weighting
            without trainable variables.

    Example:
        >>> from kerasemo.models import crossmodal
        >>> from kerasemo.weighting import Static
        >>> network = crossmodal.audio_cnn(n_classes=8)
        >>> losses = {"emotion": keras.losses.SparseCategoricalCrossentropy()}
        >>> model = JointModel(network.input, network.output, losses=losses, weighting=Static({"emotion": 1.0}))
        >>> model.compile("sgd", weighted_metrics={"emotion": ["accuracy"]})
    """

    # Keras can load a functional subclass only if the parameters of its constructor are called `args` and `kwargs`.
    def __init__(
        self,
        *args,
        losses: Mapping[str, keras.losses.Loss],
        weighting: Weighting,
        weighting_optimizer: keras.optimizers.Optimizer | None = None,
        **kwargs,
    ):
        super().__init__(*args, **kwargs)
        self.task_losses = {task: _deserialized(loss) for task, loss in losses.items()}
        self.weighting = _deserialized(weighting)
        unknown = set(self.task_losses) - set(self.output)
        if unknown:
            raise ValueError(f"Losses must be named after outputs, {sorted(self.output)}. Received: {sorted(unknown)}")
        if set(self.weighting.tasks) != set(self.task_losses):
            raise ValueError(
                f"Weighting and losses must have the same tasks. Received: losses of {sorted(self.task_losses)}, "
                f"weighting of {sorted(self.weighting.tasks)}"
            )
        self.weighting_optimizer = _deserialized(weighting_optimizer)
        if self.weighting_optimizer:
            if not self.weighting.trainable_variables:
                raise ValueError(f"An optimizer has nothing to train here. Received: weighting={self.weighting.name}")
            self.weighting_optimizer.build(self.weighting.trainable_variables)
        self.loss_means = {task: keras.metrics.Mean(name=f"{task}_loss") for task in self.task_losses}

    def network(self) -> keras.Model:
        """Return the plain functional network, for export; it shares the layers of this model."""
        return keras.Model(self.input, self._labelled(self.output), name=self.name)

    def _labelled(self, outputs: Mapping) -> dict:
        """Return the outputs without those that are only used by their loss."""
        return {name: output for name, output in outputs.items() if _reads_labels(self.task_losses.get(name))}

    def train_step(self, data):
        """Run one training step on the joint loss, which also trains the weighting's variables.

        Args:
            data: `(inputs, targets)` or `(inputs, targets, sample weights)`, dicts by name.

        Returns:
            The running means of `loss` and of every `<task>_loss`, the metrics, and each `<task>_weight`.
        """
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        if not self.optimizer.built:
            self.optimizer.build(self.trainable_variables)
        # With a persistent tape, loops store the tensors for all possible gradients, which makes an LSTM half as fast.
        with tf.GradientTape(persistent=self.weighting.asks_each_task) as tape:
            outputs = self(x, training=True)
            losses, penalty, total = self._joint_loss(x, y, outputs, sample_weight)
        scale = self.optimizer.scale_loss(tf.ones(()))
        self._descend(Step(losses, penalty, total, self.trainable_weights, tape, scale))
        logs = self.compute_metrics(x, y, outputs, sample_weight)
        weights = self.weighting.task_weights()
        return {
            **logs,
            **{f"{task}_weight": weight for task, weight in weights.items()},
        }

    def test_step(self, data):
        """Return the running means of the losses and the metrics after one step without training, as `train_step` does.

        Args:
            data: as in `train_step`.
        """
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        outputs = self(x, training=False)
        self._joint_loss(x, y, outputs, sample_weight)
        return self.compute_metrics(x, y, outputs, sample_weight)

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        return super().compute_metrics(x, y, self._labelled(y_pred), sample_weight)

    def get_metrics_result(self):
        results = super().get_metrics_result()
        outputs = self._labelled(self.output)
        if len(outputs) != 1:
            return results
        # Keras adds the name of the output to the name of a metric only if there are several outputs.
        (output,) = outputs
        losses = {"loss", *(mean.name for mean in self.loss_means.values())}
        return {name if name in losses else f"{output}_{name}": value for name, value in results.items()}

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        # On several devices, Keras adds the parts of the first batch to find its shape: they may differ in size.
        if self._compile_metrics and not self._compile_metrics.built:
            super()._maybe_symbolic_build(iterator, data_batch)

    def _joint_loss(self, x, y, outputs, sample_weight):
        """Return each task's loss for a batch, the regularisers and the joint loss, and update the running means."""
        sample_weight = sample_weight or {}
        losses = {
            task: loss(y[task] if _reads_labels(loss) else None, outputs[task], sample_weight=sample_weight.get(task))
            for task, loss in self.task_losses.items()
        }
        # Loss objects divide by the number of replicas already; regularisers of layers do not.
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        penalty = tf.add_n(self.losses) / replicas if self.losses else tf.zeros(())
        total = self.weighting(losses) + penalty
        n = tf.shape(tf.nest.flatten(x)[0])[0]
        self._loss_tracker.update_state(total * replicas, sample_weight=n)
        for task, loss in losses.items():
            self.loss_means[task].update_state(loss * replicas, sample_weight=n)
        return losses, penalty, total

    def _descend(self, step: Step) -> None:
        """Apply the gradients that the weighting computes for a step."""
        pairs = list(zip(self.weighting.gradients(step), step.variables, strict=True))
        separate = self.weighting.trainable_variables if self.weighting_optimizer else []
        ids = {id(variable) for variable in separate}
        self.optimizer.apply_gradients((gradient, variable) for gradient, variable in pairs if id(variable) not in ids)
        if ids:
            self.weighting_optimizer.apply_gradients(
                (gradient / step.scale, variable) for gradient, variable in pairs if id(variable) in ids
            )

    def fit(self, *args, callbacks=(), **kwargs):
        """Train as in Keras; the weighting receives the losses of an epoch before other callbacks run.

        Args:
            callbacks: further callbacks of Keras.

        Returns:
            The `History` of Keras.
        """
        return super().fit(*args, callbacks=[_UpdateWeighting(), *(callbacks or [])], **kwargs)

    def get_config(self) -> dict:
        return {
            **super().get_config(),
            "losses": {task: keras.saving.serialize_keras_object(loss) for task, loss in self.task_losses.items()},
            "weighting": keras.saving.serialize_keras_object(self.weighting),
            "weighting_optimizer": self.weighting_optimizer
            and keras.saving.serialize_keras_object(self.weighting_optimizer),
        }


class _UpdateWeighting(keras.callbacks.Callback):
    """Passes the mean training loss of each task to the weighting at the end of an epoch."""

    def on_epoch_end(self, epoch, logs=None):
        weighting = self.model.weighting
        weighting.on_epoch_end({task: float(logs[f"{task}_loss"]) for task in weighting.tasks})


def all_variables(model: keras.Model) -> list[keras.Variable]:
    """Return the variables of a model, then those of its optimizer and of the optimizer of its weighting, if any.

    Args:
        model: the model; it need not be compiled.
    """
    optimizers = filter(None, (getattr(model, name, None) for name in ("optimizer", "weighting_optimizer")))
    return [*model.variables, *(variable for optimizer in optimizers for variable in optimizer.variables)]


def _reads_labels(loss: keras.losses.Loss | None) -> bool:
    return getattr(loss, "reads_labels", True)


def _deserialized(value):
    """Return an object, given the object or its serialised form in a saved model."""
    return keras.saving.deserialize_keras_object(value) if isinstance(value, Mapping) else value

"""Training a network with several outputs on several losses that a weighting turns into one."""

from collections.abc import Mapping

import keras
import tensorflow as tf

from kerasemo.weighting import Step, Weighting


@keras.saving.register_keras_serializable("kerasemo")
class JointModel(keras.Model):
    """A functional model whose loss is a weighting of task losses.

    Outputs are a dict; a task is an output that has a loss. Outputs without a loss may still have metrics. Each epoch
    the history holds `loss` (the weighted one), `<task>_loss`, `<task>_weight`, and every compiled metric; the
    validation twins hold the same without the weights.

    A loss that compares parts of its output with each other, such as `SoftHGR`, says so by `reads_labels = False`. Its
    task needs no targets and has no metrics; its output is there for the loss alone, and not in `network()`.

    The variables of the weighting are trained with the network and saved with the model. `network()` gives the plain
    functional network without them.

    Args:
        inputs: named dict of the network's inputs.
        outputs: named dict of the network's outputs.
        losses: a `keras.losses.Loss` for each task. Keras' own string names are not taken: they become bare
            functions, which do not reduce over the batch.
        weighting: how the losses become one; its tasks are those of `losses`.
        weighting_optimizer: trains the weighting's variables, at a learning rate of its own; None: the compiled
            optimizer does. A factor on their gradient would not do instead: Adam cancels it.

    Raises:
        ValueError: a loss for an output that is not there, a weighting of other tasks, or an optimizer for a weighting
            that has no variables to train.

    Example:
        >>> from kerasemo.models import crossmodal
        >>> from kerasemo.weighting import Static
        >>> network = crossmodal.audio_cnn(n_classes=8)
        >>> losses = {"emotion": keras.losses.SparseCategoricalCrossentropy()}
        >>> model = JointModel(network.input, network.output, losses=losses, weighting=Static({"emotion": 1.0}))
        >>> model.compile("sgd", weighted_metrics={"emotion": ["accuracy"]})
    """

    # Keras revives a functional subclass only if its constructor takes the literal names `args` and `kwargs`.
    def __init__(
        self,
        *args,
        losses: Mapping[str, keras.losses.Loss],
        weighting: Weighting,
        weighting_optimizer: keras.optimizers.Optimizer | None = None,
        **kwargs,
    ):
        super().__init__(*args, **kwargs)
        self.task_losses = {task: _revived(loss) for task, loss in losses.items()}
        self.weighting = _revived(weighting)
        absent = set(self.task_losses) - set(self.output)
        if absent:
            raise ValueError(f"Losses need outputs of the same name, {sorted(self.output)}. Received: {sorted(absent)}")
        if set(self.weighting.tasks) != set(self.task_losses):
            raise ValueError(
                f"Weighting and losses must have the same tasks. Received: losses of {sorted(self.task_losses)}, "
                f"weighting of {sorted(self.weighting.tasks)}"
            )
        self.weighting_optimizer = _revived(weighting_optimizer)
        if self.weighting_optimizer:
            if not self.weighting.trainable_variables:
                raise ValueError(f"An optimizer has nothing to train here. Received: weighting={self.weighting.name}")
            self.weighting_optimizer.build(self.weighting.trainable_variables)
        self.loss_means = {task: keras.metrics.Mean(name=f"{task}_loss") for task in self.task_losses}

    def network(self) -> keras.Model:
        """The plain functional network that shares this model's layers: what is exported."""
        return keras.Model(self.input, self._labelled(self.output), name=self.name)

    def _labelled(self, outputs: Mapping) -> dict:
        """The outputs but those that are there for their loss alone."""
        return {name: output for name, output in outputs.items() if _reads_labels(self.task_losses.get(name))}

    def train_step(self, data):
        """One step on the weighted loss, which trains the weighting's variables too.

        Args:
            data: `(inputs, targets)` or `(inputs, targets, sample weights)`, dicts by name.

        Returns:
            The running means of `loss` and of every `<task>_loss`, the metrics, and each `<task>_weight`.
        """
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        if not self.optimizer.built:
            self.optimizer.build(self.trainable_variables)
        # A persistent tape makes loops keep all that any gradient might need, which costs an LSTM half its speed.
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
        """The twin of `train_step` that learns nothing and gives no task weights."""
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
        # Keras puts the output's name before a metric's only where there are several outputs.
        (output,) = outputs
        losses = {"loss", *(mean.name for mean in self.loss_means.values())}
        return {name if name in losses else f"{output}_{name}": value for name, value in results.items()}

    def _joint_loss(self, x, y, outputs, sample_weight):
        """Each task's loss of a batch, the regularisers, and the joint loss, which all go into their running means."""
        sample_weight = sample_weight or {}
        losses = {
            task: loss(y[task] if _reads_labels(loss) else None, outputs[task], sample_weight=sample_weight.get(task))
            for task, loss in self.task_losses.items()
        }
        # Loss objects divide by the replicas already; regularisers of layers do not.
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        penalty = tf.add_n(self.losses) / replicas if self.losses else tf.zeros(())
        total = self.weighting(losses) + penalty
        n = tf.shape(tf.nest.flatten(x)[0])[0]
        self._loss_tracker.update_state(total * replicas, sample_weight=n)
        for task, loss in losses.items():
            self.loss_means[task].update_state(loss * replicas, sample_weight=n)
        return losses, penalty, total

    def _descend(self, step: Step) -> None:
        """Change the variables by the gradients that the weighting makes of a step."""
        pairs = list(zip(self.weighting.gradients(step), step.variables, strict=True))
        own = {id(variable) for variable in self.weighting.trainable_variables} if self.weighting_optimizer else set()
        self.optimizer.apply_gradients((gradient, variable) for gradient, variable in pairs if id(variable) not in own)
        if own:
            self.weighting_optimizer.apply_gradients(
                (gradient / step.scale, variable) for gradient, variable in pairs if id(variable) in own
            )

    def fit(self, *args, callbacks=(), **kwargs):
        """As in Keras; the weighting hears of the end of each epoch before any other callback does."""
        return super().fit(*args, callbacks=[_TellWeighting(), *(callbacks or [])], **kwargs)

    def get_config(self) -> dict:
        return {
            **super().get_config(),
            "losses": {task: keras.saving.serialize_keras_object(loss) for task, loss in self.task_losses.items()},
            "weighting": keras.saving.serialize_keras_object(self.weighting),
            "weighting_optimizer": self.weighting_optimizer
            and keras.saving.serialize_keras_object(self.weighting_optimizer),
        }


class _TellWeighting(keras.callbacks.Callback):
    """Gives the weighting the mean training loss of each task at the end of an epoch."""

    def on_epoch_end(self, epoch, logs=None):
        weighting = self.model.weighting
        weighting.on_epoch_end({task: float(logs[f"{task}_loss"]) for task in weighting.tasks})


def _reads_labels(loss: keras.losses.Loss | None) -> bool:
    return getattr(loss, "reads_labels", True)


def _revived(thing):
    """An object, or what its serialised form in a saved model describes."""
    return keras.saving.deserialize_keras_object(thing) if isinstance(thing, Mapping) else thing

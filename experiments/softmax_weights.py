"""Development of softmax task weights for two tasks with constant losses, compared with the weights of chae2018.

    python experiments/softmax_weights.py [--out docs/softmax_weights.png]

Draws the predicted and the measured weight of the easier task, and prints the numbers of `docs/softmax_weights.md`.
"""

import math
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kerasemo.quiet import import_tensorflow
from kerasemo.reporting import figures

TASKS = ["emotion", "gender"]
# Losses of emotion and gender: those of guessing among four and two classes, and two very different pairs.
CHANCE = (math.log(4), math.log(2))
PAIRS = [CHANCE, (0.02, 0.01), (50.0, 0.1)]
STEPS = 10_000

# Published final weights of the gender loss (table 1), and the learning rate of Adam in the authors' code.
PUBLISHED = {"UM-dynamic-A": 0.6768, "UM-dynamic-V, MM-dynamic": 0.6377}
RATE, DECAY, EPOCHS_PER_RATE, EPOCHS = 1e-4, 0.1, 10, 100

# Number of points of a drawn curve.
POINTS = 200


app = typer.Typer(add_completion=False)


@app.command()
def main(
    out: Annotated[Path, typer.Option(dir_okay=False, help="File of the figure.")] = Path("docs/softmax_weights.png"),
) -> None:
    """Draw the weight of the easier of two tasks, predicted and measured, and print the numbers of the page on it."""
    constant = {losses: measured(losses, np.full(STEPS, RATE)) for losses in PAIRS}
    rates = {model: schedule(net_steps_per_epoch(weight)) for model, weight in PUBLISHED.items()}
    decaying = {model: measured(CHANCE, values) for model, values in rates.items()}
    figure = draw(constant, decaying, rates)
    figures.save(figure, out, "Weight of the easier task by step: the measured curves lie on the predicted ones.")
    for losses, path in constant.items():
        gap = np.abs(path - predicted(np.full(STEPS, RATE))).max()
        print(f"losses {losses[0]:.3f} and {losses[1]:.3f}: final weight {path[-1]:.4f}, largest difference {gap:.4f}")
    print(f"predicted: final weight {predicted(np.full(STEPS, RATE))[-1]:.4f}")
    for model, weight in PUBLISHED.items():
        print(
            f"{model}: gender {weight}; lambda changed by {shift(weight):.4f}, {shift(weight) / RATE:.0f} steps "
            f"at {RATE} or {net_steps_per_epoch(weight)} per epoch, measured {decaying[model][-1]:.4f}; "
            f"1e-4 of the weight is {1e-4 / (2 * weight * (1 - weight)) / RATE:.1f} steps; joint loss at chance "
            f"{(1 - weight) * CHANCE[0] + weight * CHANCE[1]:.4f}, with equal weights {sum(CHANCE) / 2:.4f}"
        )


def predicted(rates: np.ndarray) -> np.ndarray:
    """Return the weight of the easier of two tasks, if each step changes each logit by the learning rate."""
    return 1 / (1 + np.exp(-2 * np.cumsum(rates)))


def shift(weight: float) -> float:
    """Return half the log odds of a weight: two logits that move this far from 0, in opposite directions, give it."""
    return math.log(weight / (1 - weight)) / 2


def net_steps_per_epoch(weight: float) -> int:
    """Return how many steps per epoch of the paper's schedule give a weight, if all have the same direction."""
    return round(shift(weight) / schedule(1).sum())


def schedule(steps: int) -> np.ndarray:
    """Return the learning rate of each step of the paper's training, with `steps` steps per epoch."""
    return RATE * DECAY ** (np.arange(EPOCHS * steps) // (EPOCHS_PER_RATE * steps))


def measured(losses: tuple[float, float], rates: np.ndarray) -> np.ndarray:
    """Return the weight of the second task after each step of Adam on the softmax-weighted sum of constant losses."""
    tf = import_tensorflow()
    import keras

    from kerasemo.weighting import Softmax

    weighting = Softmax(TASKS)
    optimizer = keras.optimizers.Adam(RATE)
    optimizer.build(weighting.trainable_variables)
    constants = dict(zip(TASKS, map(tf.constant, losses), strict=True))

    @tf.function
    def descend(rates):
        path = tf.TensorArray(tf.float32, size=len(rates))
        for step in tf.range(len(rates)):
            optimizer.learning_rate.assign(rates[step])
            with tf.GradientTape() as tape:
                joint = weighting(constants)
            optimizer.apply([tape.gradient(joint, weighting.logits.value)])
            path = path.write(step, weighting.task_weights()["gender"])
        return path.stack()

    return descend(tf.constant(rates, tf.float32)).numpy()


def draw(constant: dict, decaying: dict, rates: dict) -> Figure:
    """Draw the curves: constant learning rate in the upper panel, the paper's schedule in the lower one."""
    figure = figures.blank("Softmax weights while nothing is learnt", None, 4.6)
    above, below = figure.subplots(2, 1)
    for number, (losses, path) in enumerate(constant.items()):
        label = f"losses {losses[0]:.2g} and {losses[1]:.2g}"
        plot(above, np.arange(STEPS) + 1, path, label, figures.look(number)[0], 3 - number)
    above.plot(np.arange(STEPS) + 1, predicted(np.full(STEPS, RATE)), ":", color=figures.INK, label="predicted")
    above.set_xlabel(f"step of Adam at {RATE:g}")
    for number, (model, path) in enumerate(decaying.items()):
        epochs = (np.arange(len(path)) + 1) / (len(path) / EPOCHS)
        shown = epochs <= 4 * EPOCHS_PER_RATE
        colour = figures.look(number)[0]
        plot(below, epochs[shown], path[shown], f"{net_steps_per_epoch(PUBLISHED[model])} steps per epoch", colour, 1)
        below.plot(epochs[shown], predicted(rates[model])[shown], ":", color=figures.INK)
        below.axhline(PUBLISHED[model], color=colour, linewidth=0.7, linestyle="--")
        place = {"x": 4 * EPOCHS_PER_RATE, "y": PUBLISHED[model], "ha": "right", "va": "bottom"}
        below.text(s=f"Table 1, {model}", color=colour, fontsize=figures.SMALL_PT, **place)
    below.set_xlabel(f"epoch, rate times {DECAY:g} every {EPOCHS_PER_RATE}")
    for axes in (above, below):
        figures.style(axes)
        axes.set_ylabel("weight of the easier task")
        axes.legend(fontsize=figures.SMALL_PT, frameon=False, labelcolor=figures.INK, loc="lower right")
    return figures.plain(figure)


def plot(axes: Axes, x: np.ndarray, path: np.ndarray, label: str, colour: str, width: float) -> None:
    """Draw some points of a path."""
    chosen = np.linspace(0, len(x) - 1, POINTS).astype(int)
    axes.plot(x[chosen], path[chosen], color=colour, linewidth=1.2 * width, label=label)


if __name__ == "__main__":
    app()

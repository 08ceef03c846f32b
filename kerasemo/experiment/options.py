"""The options that all experiments share, and fields for further options of single experiments."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, Self, get_args, get_type_hints

from kerasemo.command_line import data, running, training
from kerasemo.errors import InputError, WrongCall

__all__ = [
    "MixedPrecision",
    "Options",
    "WeightingName",
    "data_file",
    "imagenet",
    "max_bad",
    "only",
    "selected",
    "weighting",
]

WeightingName = Literal["static", "softmax", "uncertainty", "liebel_korner", "dwa", "gradnorm", "random", "pcgrad"]
MixedPrecision = Literal["bfloat16", "float16"]


@dataclass(frozen=True, kw_only=True)
class Options:
    """The options of every experiment; a script adds its own options as fields of a subclass."""

    root: Path | None = data(
        None, "Folder of your copy of the corpus. Without it, a synthetic corpus is used.", exists=True, file_okay=False
    )
    quick: bool = data(False, "Use a smaller synthetic corpus and fewer epochs; the networks do not change.")
    protocol: Literal["paper", "speaker", "both"] = training(
        "both", "paper: split as published. speaker: test speakers are not used for training. both: each in turn."
    )
    seed: int = training(0, "Seed of all random choices.", min=0, max=2**31 - 1)
    epochs: int | None = training(None, "Number of training epochs.  [default: the script's EPOCHS]", min=1)
    mixed_precision: MixedPrecision | None = training(
        None, "Train with layers that compute in 16 bits; saved networks have 32.  [default: 32 bits]"
    )
    devices: int = running(
        1, "Number of GPUs that train a network together; without GPUs, of parts of the processor.", min=1
    )
    jobs: int = running(
        None,
        "Number of parallel processes; it does not affect the results.",
        min=1,
        default_factory=os.cpu_count,
        show_default="one per core",
    )
    scheduler: str | None = running(None, "Address of a Dask scheduler for training, such as tcp://host:8786.")
    out: Path = running(Path("runs"), "Folder in which run folders are created.", name="--out -o")
    tensorboard: bool = running(False, "Also write losses, metrics, confusion and options for TensorBoard.")
    resume: Path | None = running(None, "Folder of an interrupted run to continue.", exists=True, file_okay=False)
    debug: bool = running(False, "Show tracebacks of errors.")

    def conflicts(self) -> dict[str, Any]:
        """Return messages about options that exclude each other, with whether each applies; a script overrides it."""
        return {}

    def changed(self, *names: str) -> bool:
        """Return whether one of these options does not have its default value.

        Args:
            names: names of fields.
        """
        defaults = {each.name: each.default for each in fields(self)}
        return any(getattr(self, name) != defaults[name] for name in names)

    def check(self) -> None:
        """Check that the options do not exclude each other.

        Raises:
            WrongCall: some do; the message consists of all sentences of `conflicts` that apply.
        """
        no_address = self.scheduler and "://" not in self.scheduler
        conflicts = {"--scheduler needs an address such as tcp://host:8786.": no_address, **self.conflicts()}
        if sentences := [sentence for sentence, applies in conflicts.items() if applies]:
            raise WrongCall(" ".join(sentences))

    @property
    def protocols(self) -> list[str]:
        """The protocols that are selected by `protocol`."""
        return ["paper", "speaker"] if self.protocol == "both" else [self.protocol]

    def to_config(self) -> dict[str, Any]:
        """Return the options as JSON values, with absolute paths."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: str(value.resolve()) if isinstance(value, Path) else value for name, value in values.items()}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Return the options from the result of `to_config`; unknown entries (of other versions) are ignored.

        Args:
            config: option -> value; paths are text.
        """
        types = get_type_hints(cls)
        known = {name: value for name, value in config.items() if name in types}
        is_path = {name: Path in (types[name], *get_args(types[name])) for name in known}
        return cls(**{name: Path(value) if value and is_path[name] else value for name, value in known.items()})


def data_file(help: str) -> Any:
    """Return a field `Path | None` for a file that must exist.

    Args:
        help: help of the option.
    """
    return data(None, help, exists=True, dir_okay=False)


def max_bad(default: float = 0.05, what: str = "broken") -> Any:
    """Return the field `max_bad: float` of experiments that read media files.

    Args:
        default: largest share, 0..1.
        what: the reason in the help, such as `broken`.
    """
    return data(default, f"Largest allowed share of {what} clips; with more, the run stops.", min=0, max=1)


def weighting(default: WeightingName = "static") -> Any:
    """Return the field `weighting: WeightingName` of experiments with more than one loss.

    Args:
        default: the method without the option.
    """
    return training(default, "Method that weights the losses of several tasks; see `kerasemo.weighting`.")


def imagenet(network: str) -> Any:
    """Return the field `imagenet: Path | None` of experiments whose network may start from pretrained weights.

    Args:
        network: name of the network in `keras.applications`, for the help.
    """
    help = f"File with weights of {network} from keras.applications, to start training from."
    return training(None, help, exists=True, dir_okay=False)


def only() -> Any:
    """Return the field `only: list[str] | None` of experiments whose networks are trained independently."""
    return training(None, "Key of a network to train; repeat for more.  [default: all networks]")


def selected(networks: Sequence[str], only: Sequence[str] | None) -> list[str]:
    """Return the networks of `only`, in their order; all if it is None.

    Args:
        networks: keys of all networks.
        only: keys of the wanted ones.

    Raises:
        InputError: there is no such network.
    """
    if unknown := sorted({*(only or [])} - {*networks}):
        raise InputError(f"there is no network {', '.join(unknown)}; --only takes {', '.join(networks)}.")
    return [name for name in networks if only is None or name in only]

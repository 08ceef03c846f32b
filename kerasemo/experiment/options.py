"""The options that all experiments share; a script adds fields of its own."""

import os
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, Self, get_args, get_type_hints

from kerasemo.command_line import data, running, training
from kerasemo.errors import WrongCall

WeightingName = Literal["static", "softmax", "uncertainty", "liebel_korner", "dwa", "gradnorm", "random", "pcgrad"]


@dataclass(frozen=True, kw_only=True)
class Options:
    """What every experiment can be asked for; a script gives a subclass with fields of its own."""

    root: Path | None = data(
        None, "Your copy of the corpus. Without it a synthetic one is written.", exists=True, file_okay=False
    )
    quick: bool = data(False, "A smaller synthetic corpus, fewer epochs; the networks stay as they are.")
    protocol: Literal["paper", "speaker", "both"] = training(
        "both", "paper: as published. speaker: no speaker on two sides. both: side by side."
    )
    seed: int = training(0, "What every random choice follows from.", min=0, max=2**32 - 1)
    epochs: int | None = training(None, "Epochs of training.  [default: the paper's]", min=1)
    jobs: int = running(
        None,
        "Processes side by side; the numbers do not depend on it.",
        min=1,
        default_factory=os.cpu_count,
        show_default="one a core",
    )
    scheduler: str | None = running(None, "Dask scheduler to train on, such as tcp://host:8786.")
    out: Path = running(Path("runs"), "Folder of all runs.")
    resume: Path | None = running(None, "Run folder of an interrupted run to finish.", exists=True, file_okay=False)
    debug: bool = running(False, "Show tracebacks.")

    def conflicts(self) -> dict[str, Any]:
        """What cannot go together: a sentence for the user -> whether it applies. A script gives its own."""
        return {}

    def check(self) -> None:
        """Refuse options that are each allowed and do not go together.

        Raises:
            WrongCall: all sentences of `conflicts` that apply.
        """
        if wrong := [sentence for sentence, applies in self.conflicts().items() if applies]:
            raise WrongCall(" ".join(wrong))

    @property
    def protocols(self) -> list[str]:
        """The protocols that `protocol` asks for."""
        return ["paper", "speaker"] if self.protocol == "both" else [self.protocol]

    def to_config(self) -> dict[str, Any]:
        """The options as JSON takes them, paths resolved."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: str(value.resolve()) if isinstance(value, Path) else value for name, value in values.items()}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """The options that `to_config` was given; entries of other versions are passed over."""
        types = get_type_hints(cls)
        known = {name: value for name, value in config.items() if name in types}
        is_path = {name: Path in (types[name], *get_args(types[name])) for name in known}
        return cls(**{name: Path(value) if value and is_path[name] else value for name, value in known.items()})


def data_file(help: str) -> Any:
    """A field `Path | None` for a file that must be there."""
    return data(None, help, exists=True, dir_okay=False)


def max_bad(default: float = 0.05, what: str = "broken") -> Any:
    """The field `max_bad: float` of experiments that read media."""
    return data(default, f"Share of {what} clips beyond which the run fails.", min=0, max=1)


def weighting(default: WeightingName = "static") -> Any:
    """The field `weighting: WeightingName` of experiments with more than one loss."""
    return training(default, "How the losses of several tasks become one; see `kerasemo.weighting`.")


def imagenet(network: str) -> Any:
    """The field `imagenet: Path | None` of experiments whose network may begin with the weights of another."""
    help = f"Weights of keras.applications' {network} to begin with."
    return training(None, help, exists=True, dir_okay=False)

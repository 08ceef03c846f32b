"""The options of `kerasemo train`."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from kerasemo import experiment, features
from kerasemo.command_line import no_option
from kerasemo.errors import WrongCall, one_line
from kerasemo.experiment.own_networks import FACES, NETWORKS, SOUND, OwnNetwork
from kerasemo.features.feature_set import FeatureSet

__all__ = ["Options"]


@dataclass(frozen=True, kw_only=True)
class Options(experiment.Options):
    """The options of `kerasemo train`.

    Args:
        quick: False; a user's corpus is always used whole.
        manifest: the manifest, which is the argument of the command.
    """

    root: Path | None = experiment.data(
        None, "Folder that the paths in the manifest are relative to. Required.", exists=True, file_okay=False
    )
    quick: bool = no_option(False)
    manifest: Path | None = no_option(None)
    features: str = experiment.data(
        "mfcc_functionals",
        "Feature sets, separated by commas: names, or with parameters {feature_set: onnx, model: w2v2.onnx}.",
    )
    frames: int = experiment.data(160, "Number of frames of a clip; the last one of shorter clips is repeated.", min=1)
    partitions: str = experiment.data(
        "",
        "Column of the manifest with train, validation and test, as the split of `paper`.  [default: random]",
    )
    max_bad: float = experiment.max_bad()
    tasks: str = experiment.training("emotion", "Columns of the manifest to predict, separated by commas.")
    network: Literal[*NETWORKS] = experiment.training("dense", "Network to train.")
    weighting: experiment.WeightingName = experiment.weighting()
    numbers: experiment.NumberLoss = experiment.training("ccc", "Loss of tasks that are numbers.")
    balance: bool = experiment.training(False, "Repeat training clips until all classes of the first task are equal.")
    seeds: int = experiment.training(1, "Number of seeds: --seed, --seed + 1, and so on.", min=1, max=1000)
    tune: int = experiment.training(1, "Number of settings to choose from on the validation clips.", min=1, max=27)
    patience: int = experiment.training(10, "Stop after this number of epochs without a lower validation loss.", min=1)
    batch_size: int | None = experiment.training(
        None, "Number of clips, segments or pictures per step.  [default: depends on the network]", min=1
    )
    final: bool = experiment.training(False, "At the end, train one network on all clips, and export it with a card.")
    licence: str = experiment.data("", "Licence of the corpus, for the model card.  [default: not stated]")

    def conflicts(self):
        names, configs, n_settings = self.feature_names, self.feature_configs, len(self.chosen.settings(None, 0))
        fixed = any(len(config) > 1 and config["feature_set"] in (SOUND, FACES) for config in configs)
        one_task = self.chosen.one_task
        return {
            "give a manifest and --root, the folder of its files.": not (self.manifest and self.root),
            "a feature set is given twice; give each once.": any(configs.count(each) > 1 for each in configs),
            f"{self.network} cannot read {', '.join(names)}; it reads {self.chosen.reads}.": not self.chosen.accepts(
                names
            ),
            f"{SOUND} and {FACES} have no parameters here; leave them out.": fixed,
            f"{self.network} learns one task with classes; give one of {self.tasks}.": one_task
            and len(self.task_names) > 1,
            f"--weighting gradnorm needs a layer that all losses share; {self.network} has none.": one_task
            and self.weighting == "gradnorm",
            "--partitions are for the protocol paper; leave them out.": self.partitions and self.protocol == "speaker",
            f"--tune {self.tune} is more than the {n_settings} settings of {self.network}.": self.tune > n_settings,
        }

    @property
    def chosen(self) -> OwnNetwork:
        """The network to train."""
        return NETWORKS[self.network]

    @cached_property
    def feature_configs(self) -> list[dict]:
        """The configuration of each feature set, see `features.from_config`.

        Raises:
            WrongCall: `features` is something else.
        """
        import yaml

        try:
            given = yaml.safe_load(f"[{self.features}]")
        except yaml.YAMLError as error:
            raise WrongCall(f"--features cannot be read: {one_line(error)}.") from None
        entries = given[0] if given and isinstance(given[0], list) else given  # a list in a YAML file
        if not entries or not all(isinstance(each, str) or _is_config(each) for each in entries):
            raise WrongCall("--features takes names or {feature_set: NAME, PARAMETER: VALUE}, separated by commas.")
        return [{"feature_set": each} if isinstance(each, str) else each for each in entries]

    @property
    def feature_names(self) -> list[str]:
        """The names of the feature sets."""
        return [config["feature_set"] for config in self.feature_configs]

    @property
    def feature_sets(self) -> dict[str, FeatureSet]:
        """The feature sets by name; if a name occurs several times, followed by a number."""
        names = self.feature_names
        counts = [names[: number + 1].count(name) for number, name in enumerate(names)]
        keys = [name if count == 1 else f"{name}_{count}" for name, count in zip(names, counts, strict=True)]
        return dict(zip(keys, map(features.from_config, self.feature_configs), strict=True))

    @property
    def task_names(self) -> list[str]:
        """The names of the tasks, the main task first."""
        return list(dict.fromkeys(name.strip() for name in self.tasks.split(",")))


def _is_config(entry) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("feature_set"), str)

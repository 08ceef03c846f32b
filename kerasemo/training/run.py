"""The run folder: all files that one run of an experiment writes, and from which it can be resumed."""

import json
import logging
import os
import platform
import secrets
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

import pandas as pd

from kerasemo import files
from kerasemo.errors import InputError

__all__ = ["CLIPS", "MODEL_CARD", "PACKAGES", "Run", "environment"]

PACKAGES = [
    "kerasemo",
    "keras",
    "tensorflow",
    "numpy",
    "scipy",
    "scikit-learn",
    "pandas",
    "librosa",
    "resampy",
    "av",
]
CLIPS = "clips.csv"
MODEL_CARD = "model_card.md"


class Run:
    """A run folder `<out>/<experiment>/<time>-<short id>/`.

    It contains `config.json` (the values of all options), `environment.json`, `results.json` and `results.md`,
    `history/<model>.csv`, `predictions/<model>/<partition>.csv`, `figures/`, `checkpoints/`, `saved_model/<model>/`,
    `clips.csv` (files of the clips), `set_aside.csv`, `report.html` and `log.txt`, and `model_card.md` if a model on
    all clips is exported. Each file is written completely or not at all.

    Args:
        path: the folder of an existing run.

    Raises:
        InputError: The folder does not exist or is not a run folder.
    """

    def __init__(self, path: str | os.PathLike):
        self.path = Path(path)
        try:
            self.config = json.loads((self.path / "config.json").read_text())
        except (OSError, json.JSONDecodeError):
            raise InputError(f"{path} is no run folder: it has no readable config.json.") from None

    @classmethod
    def create(cls, out: str | os.PathLike, experiment: str, config: dict) -> "Run":
        """Create a new run folder and write its configuration and environment.

        Args:
            out: the folder of all runs, such as `runs`.
            experiment: the experiment's key, such as `goswami2018`.
            config: the options of the run, as values that JSON can represent.

        Returns:
            The new run.

        Raises:
            InputError: The folder cannot be created in `out`.
        """
        path = Path(out, experiment, f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}")
        try:
            with files.whole(path) as temporary:
                temporary.mkdir()
                _write_json(temporary / "config.json", {"experiment": experiment, **config})
                _write_json(temporary / "environment.json", environment())
        except OSError as error:
            raise InputError(
                f"no run folder can be created in {out}: {error.strerror}; choose another --out."
            ) from None
        return cls(path)

    def file(self, *parts: str) -> Path:
        """Return the path of one of the run's files, and create its folder.

        Args:
            parts: names of its folders, and its name.
        """
        path = self.path.joinpath(*parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def configure(self, **entries) -> None:
        """Add entries to `config.json`, such as the classes found in the corpus.

        Args:
            entries: key -> value that JSON can represent.
        """
        self.config.update(entries)
        self.write_json(self.config, "config.json")

    def note(self, sentence: str) -> None:
        """Add a sentence that readers of the results need to know to the configuration, log and report.

        Args:
            sentence: the sentence; it is noted once.
        """
        if sentence not in self.config["notes"]:
            self.configure(notes=[*self.config["notes"], sentence])
        self.logger().info(sentence)

    def has_trained(self, model: str) -> bool:
        """Return whether a model has been trained, scored and saved.

        Args:
            model: name of the model.
        """
        return (self.path / "checkpoints" / f"{model}.keras").exists()

    def write_json(self, content: dict, *parts: str) -> None:
        """Write one of the run's files as JSON.

        Args:
            content: values that JSON can represent.
            parts: names of the folders, and of the file.
        """
        with files.whole(self.path.joinpath(*parts)) as temporary:
            _write_json(temporary, content)

    def write_table(self, table: pd.DataFrame, *parts: str) -> None:
        """Write a table as CSV; floats keep all digits.

        Args:
            table: the table; its index is not written.
            parts: names of the folders, and of the file.
        """
        with files.whole(self.path.joinpath(*parts)) as temporary:
            table.to_csv(temporary, index=False, lineterminator="\n")

    def write_split(self, sides: pd.DataFrame, name: str) -> None:
        """Write the partitions of the clips (see `Split.sides`) as `splits/<name>.csv`.

        Args:
            sides: the partition of each clip.
            name: name of the split.

        Raises:
            InputError: The run was started with a different split, and networks may have been trained with it.
        """
        path = self.path / "splits" / f"{name}.csv"
        if path.exists() and path.read_text(encoding="utf-8") != sides.to_csv(index=False, lineterminator="\n"):
            raise InputError(f"{self.path} was started with a different corpus ({path.name}); start a new run.")
        self.write_table(sides, "splits", f"{name}.csv")

    def logger(self) -> logging.Logger:
        """Return a logger that writes to `log.txt` and, without the time, to the error stream."""
        logger = logging.getLogger(f"kerasemo.run.{self.path.name}")
        if not logger.handlers:
            logger.setLevel(logging.INFO)
            logger.propagate = False
            to_file = logging.FileHandler(self.file("log.txt"), encoding="utf-8")
            to_file.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
            logger.addHandler(to_file)
            logger.addHandler(logging.StreamHandler(sys.stderr))
        return logger


def environment() -> dict:
    """Return versions, commit and machine, on which the results of a run depend in addition to its options."""
    installed = {package: _version(package) for package in PACKAGES}
    return {
        "time": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "command": sys.argv,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "gpus": _gpus(),
        "threads_per_model": 1,
        "onednn": os.environ.get("TF_ENABLE_ONEDNN_OPTS", "default"),
        "git_commit": _git_commit(),
        "packages": installed,
    }


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _cpu() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        if names:
            return names[0]
    return platform.processor() or platform.machine()


def _gpus() -> list[str]:
    return (_output_of("nvidia-smi", "--query-gpu=name", "--format=csv,noheader") or "").splitlines()


def _git_commit() -> str | None:
    """Return the commit of the git checkout that this package runs from, if there is one."""
    return _output_of("git", "rev-parse", "HEAD")


def _output_of(*command: str) -> str | None:
    """Return the output of a command, run in the folder of this package; None if it is missing or fails."""
    try:
        process = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return process.stdout.strip()


def _write_json(path: Path, content: dict) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

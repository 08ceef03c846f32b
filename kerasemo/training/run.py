"""The run folder: everything one run of an experiment leaves behind, and from which it resumes."""

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


class Run:
    """A run folder `<out>/<experiment>/<time>-<short id>/`.

    It holds `config.json` (every option, resolved), `environment.json`, `results.json` and `results.md`,
    `history/<model>.csv`, `predictions/<model>/<partition>.csv`, `figures/`, `checkpoints/`, `saved_model/<model>/`,
    `set_aside.csv`, `report.html` and `log.txt`. Each file appears whole or not at all.

    Args:
        path: the folder of an existing run.

    Raises:
        InputError: the folder is not there or is no run folder.
    """

    def __init__(self, path: str | os.PathLike):
        self.path = Path(path)
        try:
            self.config = json.loads((self.path / "config.json").read_text())
        except (OSError, json.JSONDecodeError):
            raise InputError(f"{path} is no run folder: it has no readable config.json.") from None

    @classmethod
    def create(cls, out: str | os.PathLike, experiment: str, config: dict) -> "Run":
        """Make a new run folder and write its configuration and environment.

        Args:
            out: the folder of all runs, such as `runs`.
            experiment: the experiment's key, such as `goswami2018`.
            config: what the run was asked to do; must be JSON.

        Raises:
            InputError: `out` cannot be written.
        """
        path = Path(out, experiment, f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}")
        try:
            with files.whole(path) as temporary:
                temporary.mkdir()
                _write_json(temporary / "config.json", {"experiment": experiment, **config})
                _write_json(temporary / "environment.json", environment())
        except OSError as error:
            raise InputError(
                f"no run folder can be made under {out}: {error.strerror}; choose another --out."
            ) from None
        return cls(path)

    def file(self, *parts: str) -> Path:
        """The path of one of the run's files; its folder is made."""
        path = self.path.joinpath(*parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def configure(self, **entries) -> None:
        """Add to `config.json` what became known on the way, such as the classes found in the corpus."""
        self.config.update(entries)
        self.write_json(self.config, "config.json")

    def note(self, sentence: str) -> None:
        """Say something that a reader of the results must know; it goes into the configuration, log and report."""
        if sentence not in self.config["notes"]:
            self.configure(notes=[*self.config["notes"], sentence])
        self.logger().info(sentence)

    def has_trained(self, model: str) -> bool:
        """Whether a model is trained, scored and saved."""
        return (self.path / "checkpoints" / f"{model}.keras").exists()

    def write_json(self, content: dict, *parts: str) -> None:
        """Write one of the run's files as JSON."""
        with files.whole(self.path.joinpath(*parts)) as temporary:
            _write_json(temporary, content)

    def write_table(self, table: pd.DataFrame, *parts: str) -> None:
        """Write a table as CSV; floats keep every digit."""
        with files.whole(self.path.joinpath(*parts)) as temporary:
            table.to_csv(temporary, index=False, lineterminator="\n")

    def write_split(self, sides: pd.DataFrame, name: str) -> None:
        """Write which clips stand on which side (see `Split.sides`) as `splits/<name>.csv`.

        Raises:
            InputError: this run has begun with another split, by which networks may be trained already.
        """
        path = self.path / "splits" / f"{name}.csv"
        if path.exists() and path.read_text(encoding="utf-8") != sides.to_csv(index=False, lineterminator="\n"):
            raise InputError(f"the corpus is not the one that {self.path} began with ({path.name}); begin a new run.")
        self.write_table(sides, "splits", f"{name}.csv")

    def logger(self) -> logging.Logger:
        """A logger that writes to `log.txt` and, in short, to the error stream."""
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
    """Versions, commit and machine: what the numbers of a run depend on beside its options."""
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
    return (_answer("nvidia-smi", "--query-gpu=name", "--format=csv,noheader") or "").splitlines()


def _git_commit() -> str | None:
    """The commit of the checkout that this package runs from, if it runs from one."""
    return _answer("git", "rev-parse", "HEAD")


def _answer(*command: str) -> str | None:
    """What a command prints, run where this package lies; None where it is missing or fails."""
    try:
        answer = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return answer.stdout.strip()


def _write_json(path: Path, content: dict) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

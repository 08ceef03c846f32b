import contextlib
import importlib.util
import io
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = [ROOT / "experiments", ROOT / "docs"]


@dataclass(frozen=True)
class Done:
    """The result of a command, with the field names of `subprocess.CompletedProcess`."""

    returncode: int
    stderr: str


@pytest.fixture(scope="module")
def script(request):
    """The experiment that a test module tests, as a module: `test_zhang2018.py` -> `experiments/zhang2018.py`."""
    name = request.path.stem.removeprefix("test_")
    path = next(folder / f"{name}.py" for folder in FOLDERS if (folder / f"{name}.py").exists())
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look up their module here
    spec.loader.exec_module(module)
    yield module
    del sys.modules[name]


@pytest.fixture(scope="module")
def run(script) -> Callable[..., Done]:
    """A function that runs the command of the experiment in the test process: `run("--epochs", 1) -> Done`."""
    return partial(call, script)


def call(script: ModuleType, *arguments: object) -> Done:
    """Run the command of an experiment in this process, with one job."""
    errors = io.StringIO()
    with contextlib.redirect_stderr(errors), pytest.raises(SystemExit) as ended:
        script.STUDY.main(script.__doc__, [*map(str, arguments), "--jobs", "1"])
    # The frame that typer draws around error messages interrupts sentences.
    return Done(ended.value.code or 0, errors.getvalue().replace("│", " "))

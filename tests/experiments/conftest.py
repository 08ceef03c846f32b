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
    """How a command ended, named as in `subprocess.CompletedProcess`."""

    returncode: int
    stderr: str


@pytest.fixture(scope="module")
def script(request):
    """The experiment that a test module is of, as a module: `test_zhang2018.py` -> `experiments/zhang2018.py`."""
    name = request.path.stem.removeprefix("test_")
    path = next(folder / f"{name}.py" for folder in FOLDERS if (folder / f"{name}.py").exists())
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where dataclasses look their own module up
    spec.loader.exec_module(module)
    yield module
    del sys.modules[name]


@pytest.fixture(scope="module")
def run(script) -> Callable[..., Done]:
    """Calls the experiment as its command does, inside the test process: `run("--epochs", 1) -> Done`."""
    return partial(call, script)


def call(script: ModuleType, *arguments: object) -> Done:
    """The command in this process, on one job."""
    errors = io.StringIO()
    with contextlib.redirect_stderr(errors), pytest.raises(SystemExit) as ended:
        script.STUDY.main(script.__doc__, [*map(str, arguments), "--jobs", "1"])
    # Without the frame that typer draws around what it refuses, which breaks sentences.
    return Done(ended.value.code or 0, errors.getvalue().replace("│", " "))

"""What the tests of several commands need: the command itself, and a small corpus."""

import pytest
from typer.testing import CliRunner

from kerasemo.cli import app
from kerasemo.corpora.synthetic import SyntheticRavdess


@pytest.fixture(scope="session")
def kerasemo():
    """The command, run inside this process: `kerasemo("plot", folder)`."""
    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="session")
def corpus(kerasemo, tmp_path_factory):
    """Two actors of synthetic RAVDESS, sound only, and its manifest."""
    folder = tmp_path_factory.mktemp("corpus")
    SyntheticRavdess(actors=[1, 2], channels=["song"], modalities=["audio"], clips_per_emotion=1).write(folder / "root")
    done = kerasemo("manifest", "ravdess", "--root", folder / "root", "-o", folder / "manifest.csv")
    assert done.exit_code == 0 and done.output.endswith("manifest.csv: 12 clips of 2 speakers\n")
    return folder


@pytest.fixture(scope="session")
def dialogues(kerasemo, tmp_path_factory):
    """Two turns of synthetic IEMOCAP as the command writes it, and their manifest."""
    folder = tmp_path_factory.mktemp("dialogues")
    call = ("synth", "iemocap", "-o", folder / "root", "--sessions", 1, "--dialogues", 1, "--turns", 2, "--jobs", 1)
    done = kerasemo(*call)
    assert done.exit_code == 0, done.output
    done = kerasemo("manifest", "iemocap", "--root", folder / "root", "-o", folder / "m.csv")
    assert done.exit_code == 0 and done.output.endswith("m.csv: 2 clips of 2 speakers\n")
    return folder

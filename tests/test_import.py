"""`import kerasemo` and `kerasemo --help` must not load large packages."""

import subprocess
import sys

import pytest

import kerasemo

HEAVY = ["tensorflow", "keras", "librosa", "sklearn", "pandas", "matplotlib", "cv2", "av"]


@pytest.mark.parametrize(
    "statement",
    [
        "import kerasemo",
        "from typer.testing import CliRunner; from kerasemo.cli import app; "
        "assert 'manifest' in CliRunner().invoke(app, ['--help']).output",
    ],
)
def test_no_large_package_is_loaded(statement):
    code = f"{statement}; import sys; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_submodules_are_loaded_on_first_use():
    code = "import kerasemo; print(kerasemo.manifest.COLUMNS[0])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "clip"


def test_every_public_name_can_be_loaded():
    assert all(getattr(kerasemo, name) is not None for name in kerasemo.__all__)


def test_tensorflow_without_keras_is_imported_without_it_and_keras_still_works_afterwards():
    code = """
import os, sys
from kerasemo.quiet import import_tensorflow
before = dict(os.environ)
tf = import_tensorflow(with_keras=False)
assert "keras" not in sys.modules and tf.constant(1) == 1
assert dict(os.environ) == before | {"TF_CPP_MIN_LOG_LEVEL": os.environ["TF_CPP_MIN_LOG_LEVEL"]}
import keras
print(keras.layers.Dense(2)(tf.ones((1, 3))).shape)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "(1, 2)\n", done.stderr

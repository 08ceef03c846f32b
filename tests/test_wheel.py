"""The wheel, installed without the checkout: what it contains, what an index shows, and that the command trains."""

import email
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[1]
SOURCES = ["setup.cfg", "pyproject.toml", "README.md", "LICENSE", "kerasemo", "data_manifests"]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel, built without the network from a copy of the sources."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in SOURCES:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    run(sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index", ".", cwd=folder)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def environment(wheel, tmp_path_factory) -> Path:
    """A new environment with the wheel, which finds its dependencies in the environment of the tests."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder)
    (site_packages,) = folder.glob("lib/python*/site-packages")
    (site_packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    python = folder / "bin" / "python"
    run(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", wheel, cwd=folder)
    return folder


def run(*command: str | Path, cwd: Path) -> str:
    """Run a program that must succeed in a folder, and return its output."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    ended = subprocess.run(command, cwd=cwd, env=clean, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_the_wheel_contains_templates_and_data_manifests(wheel):
    expected = {path.relative_to(ROOT).as_posix() for path in (ROOT / "kerasemo").rglob("*") if path.is_file()}
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert {name for name in expected if "__pycache__" not in name} - set(names) == set()
    shared = {name.rsplit("/", 1)[1] for name in names if "/data/share/kerasemo/data_manifests/" in name}
    assert shared == {path.name for path in (ROOT / "data_manifests").iterdir()}


def test_an_index_can_show_the_description(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = email.message_from_bytes(archive.read(name))
    assert metadata["Description-Content-Type"] == "text/markdown"
    markdown = MarkdownIt("commonmark").enable("table")
    tokens = markdown.parse(metadata.get_payload(decode=True).decode())
    assert [token.content for token in tokens if token.type == "html_block"] == []
    assert [token.tag for token in tokens if token.type == "heading_open"].count("h1") == 1
    assert "table_open" in [token.type for token in tokens]


def test_the_installed_command_trains_outside_the_checkout(environment, tmp_path):
    kerasemo = environment / "bin" / "kerasemo"
    where = run(environment / "bin" / "python", "-c", "import kerasemo; print(kerasemo.__file__)", cwd=tmp_path)
    assert Path(where.strip()).is_relative_to(environment)
    assert "train" in run(kerasemo, "--help", cwd=tmp_path)
    run(kerasemo, "synth", "ravdess", "-o", "corpus", "--actors", "3", "--clips-per-emotion", "1", cwd=tmp_path)
    run(kerasemo, "manifest", "ravdess", "--root", "corpus", "-o", "clips.csv", cwd=tmp_path)
    run(kerasemo, "train", "clips.csv", "--root", "corpus", "--epochs", "1", "--protocol", "speaker", cwd=tmp_path)
    assert len(list(tmp_path.glob("runs/train/*/report.html"))) == 1
    manifest = environment / "share" / "kerasemo" / "data_manifests" / "ravdess_speech.csv"
    assert manifest.read_bytes() == (ROOT / "data_manifests" / "ravdess_speech.csv").read_bytes()

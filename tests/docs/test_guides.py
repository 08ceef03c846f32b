"""Every guide runs as written, from its first block to its last; every call in the documentation has known options."""

import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from markdown_it import MarkdownIt
from typer.core import TyperGroup

from kerasemo import cli

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
GUIDES = [*sorted((DOCS / "guides").glob("*.md")), DOCS / "intervals.md", DOCS / "ccc.md"]
PAGES = [ROOT / "README.md", *GUIDES, DOCS / "start.md", *sorted((DOCS / "papers").glob("*.md"))]
QUICK = {"fuse", "intervals", "ccc"}


def blocks(page: Path) -> list[tuple[str, str]]:
    """Return the language and the text of each code block."""
    tokens = MarkdownIt().parse(page.read_text(encoding="utf-8"))
    return [(token.info.strip(), token.content) for token in tokens if token.type in ("fence", "code_block")]


def script(page: Path, folder: Path) -> str:
    """Return one shell script with the blocks `sh` and `python` of a page, and write the files that it includes."""
    lines = ["trap 'kill $(jobs -p) 2> /dev/null || true' EXIT"]
    for number, (language, text) in enumerate(blocks(page)):
        if language.startswith("{literalinclude}"):
            shutil.copy(page.parent / language.split()[1], folder)
        elif language == "sh":
            lines.append(text)
        elif language == "python":
            (folder / f"block_{number}.py").write_text(text, encoding="utf-8")
            lines.append(f"python block_{number}.py")
    return "\n".join(lines)


@pytest.mark.parametrize(
    "page", [pytest.param(p, marks=[] if p.stem in QUICK else pytest.mark.slow, id=p.stem) for p in GUIDES]
)
def test_a_guide_runs_as_written(page, tmp_path):
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}
    command = ["bash", "-euo", "pipefail", "-c", script(page, tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr


def calls(page: Path) -> list[list[str]]:
    """Return the words of each call of the command or of a paper's script in the code blocks of a page."""
    lines = [line for _, text in blocks(page) for line in text.replace("\\\n", " ").splitlines()]
    parts = [re.split(r"[|&>]", line.split("#")[0])[0] for line in lines]
    return [shlex.split(part) for part in parts if re.match(r"kerasemo |python experiments/", part)]


def options_of(words: list[str]) -> set[str]:
    """Return the names of the options that the called command has."""
    app = cli.app
    if words[0] == "python":
        module = runpy.run_path(str(ROOT / words[1]))
        app = module["STUDY"].app("") if "STUDY" in module else module["app"]
    command = typer.main.get_command(app)
    context = typer.Context(command)
    for word in words[1:]:
        if isinstance(command, TyperGroup) and word in command.list_commands(context):
            command = command.get_command(context, word)
    names = {name for each in command.get_params(context) for name in [*each.opts, *each.secondary_opts]}
    return names | {"--help", "--debug"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}-{page.stem}")
def test_every_call_in_the_documentation_has_options_that_exist(page):
    for words in calls(page):
        given = {word.split("=")[0] for word in words if re.match(r"--?[a-z]", word)}
        assert given <= options_of(words), " ".join(words)

import sys
from pathlib import Path

import pytest

from kerasemo.experiment import Options, Paper
from kerasemo.experiment.session import session


@pytest.mark.parametrize(
    ("command", "arguments", "expected"),
    [
        (["experiments/new.py"], [], "experiments/new.py --root DIR"),
        (["kerasemo", "train"], ["MANIFEST"], "kerasemo train MANIFEST --root DIR"),
    ],
)
def test_a_run_on_a_synthetic_corpus_ends_with_the_command_for_a_real_one(
    tmp_path, capsys, command, arguments, expected
):
    with session(Paper("new", "Title", "nobody"), Options(out=tmp_path), (), command, arguments) as (run, _):
        run.configure(notice="synthetic corpus", corpus="synthetic", classes={})
        (run.path / "results.json").write_text("[]")
    assert f"  {sys.executable} {expected}" in capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("activated", [True, False])
def test_the_suggested_commands_can_be_called_in_any_shell(tmp_path, capsys, monkeypatch, activated):
    folder = Path(sys.executable).parent
    monkeypatch.setenv("PATH", str(folder if activated else tmp_path))
    with session(Paper("new", "Title", "nobody"), Options(out=tmp_path), (), ["experiments/new.py"]) as (run, _):
        run.configure(notice=None, corpus="mine", classes={})
        (run.path / "results.json").write_text("[]")
    command = "kerasemo" if activated else folder / "kerasemo"
    assert f"  {command} plot {run.path}" in capsys.readouterr().out.splitlines()

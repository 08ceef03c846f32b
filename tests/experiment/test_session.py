import sys

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

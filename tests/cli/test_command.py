"""How every command ends: exit status, one sentence, help."""

import subprocess
import sys

import pytest

from kerasemo.command_line import parameters
from kerasemo.corpora import CORPORA
from kerasemo.corpora.synthetic import SYNTHETIC_CORPORA
from kerasemo.features import FEATURE_SETS

ENTRIES = [
    (command, name, entry)
    for command, registry in {"manifest": CORPORA, "synth": SYNTHETIC_CORPORA, "features": FEATURE_SETS}.items()
    for name, entry in registry.items()
]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["manifest", "iemocapp", "--root", "."],
            "'iemocapp'; choose from ravdess, avec2019, iemocap, emodb, cremad, folder, table, audformat, ",
        ),
        (["synth", "sewa"], "no synthetic corpus 'sewa'; choose from ravdess, avec2019, iemocap, films, emodb, "),
        (["features", "mfc"], "no feature set 'mfc'; choose from waveform, mfcc, "),
        (["manifest", "ravdess", "--root", "absent", "-o", "m.csv"], "does not exist"),
        (["features", "mfcc", "absent.csv", "--root", ".", "-o", "x"], "does not exist"),
        (["predict", "absent", "a.wav"], "does not exist"),
        (["report"], "Missing argument"),
        (["manifest", "ravdess", "--clips", "c.csv"], "No such option: --clips"),
        (["manifest", "table", "--root", ".", "-o", "n.csv"], "Missing option '--clips'"),
        (["manifest", "audformat", "--root", ".", "-o", "n.csv"], "Missing option '--table'"),
        (["manifest", "emobox", "--fold", "0"], "Invalid value for '--fold'"),
        (["manifest", "ravdess", "--to", "kaldi"], "Invalid value for '--to'"),
        (["manifest", "ravdess", "--improvised-only"], "No such option: --improvised-only"),
        (["synth", "avec2019", "--actors", "3"], "No such option: --actors"),
        (["synth", "ravdess", "-o", "s", "--actors", "25"], "'--actors'"),
        (["synth", "avec2019", "-o", "s", "--train", "3"], "synthetic SEWA: train must be even"),
        (["features", "mfcc", "m.csv", "--crop", "track"], "No such option: --crop"),
        (["features", "faces", "m.csv", "--digest", "0"], "No such option: --digest"),
        (["codebook", "frames"], "no feature set with a codebook 'frames'; choose from mfcc, egemaps, short_term."),
        (["features", "bag_of_words", "m.csv", "--root", ".", "-o", "a.npz"], "Missing option '--codebook'"),
        (["features", "vgg16", "m.csv", "--root", ".", "-o", "a.npz"], "Missing option '--weights'"),
        (["features", "frames", "m.csv", "--root", ".", "-o", "a.npz", "--every-s", "0"], "every_s must be above 0"),
    ],
)
def test_wrong_calls_exit_2(kerasemo, tmp_path, monkeypatch, arguments, sentence):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.csv").touch()
    done = kerasemo(*arguments)
    assert done.exit_code == 2 and sentence in " ".join(done.stderr.split())


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["manifest", "ravdess", "--root", "{tmp}", "-o", "{tmp}/m.csv"], "is empty"),
        (["manifest", "ravdess", "--root", "{corpus}/root", "-o", "/proc/m.csv"], "/proc"),
        (["export", "{tmp}", "audio_cnn", "-o", "{tmp}/out"], "has no trained model audio_cnn; it has: none"),
        (["predict", "{tmp}", "a.wav"], "is no SavedModel"),
        (["plot", "{tmp}"], "is no run folder"),
        (["report", "{tmp}"], "is no run folder"),
    ],
)
def test_work_that_cannot_be_done_exits_1_with_one_sentence(kerasemo, corpus, tmp_path, arguments, sentence):
    done = kerasemo(*[argument.format(tmp=tmp_path, corpus=corpus) for argument in arguments])
    assert done.exit_code == 1
    assert sentence in done.stderr and done.stderr.count("\n") == 1 and done.stderr.startswith("Error: ")
    assert not any(tmp_path.iterdir())


def test_debug_shows_the_traceback(kerasemo, tmp_path):
    done = kerasemo("--debug", "plot", tmp_path)
    assert done.exit_code == 1 and isinstance(done.exception, ValueError)


def test_the_module_runs_as_a_command():
    done = subprocess.run([sys.executable, "-m", "kerasemo", "--help"], capture_output=True, text=True)
    assert done.returncode == 0 and "audit" in done.stdout


@pytest.mark.parametrize(("command", "name", "entry"), ENTRIES)
def test_each_entry_of_a_registry_is_a_sub_command_with_options_that_say_what_they_do(kerasemo, command, name, entry):
    done = kerasemo(command, name, "--help")
    assert done.exit_code == 0, done.output
    for parameter in parameters(entry):
        (info,) = parameter.annotation.__metadata__
        assert info.help, f"{entry.__name__}: the docstring says nothing of {parameter.name}"
        assert info.help in " ".join(done.output.split())

"""The common part of all experiments: options, run folder, and all steps from the corpus to the tables.

A script passes its own functions to a `Study`: `read`, `networks`, `build`, `rows`, `figures`; see CONTRIBUTING.md.
"""

from kerasemo.command_line import data, running, training
from kerasemo.experiment.cells import Cell, NumberLoss, Training, cells_of, note_held_out, plan
from kerasemo.experiment.corpora import (
    Corpus,
    corpus_root,
    name_corpus,
    note_left_out,
    present,
    read_audiovisual,
    require_classes,
    require_groups,
    set_aside,
    try_building,
)
from kerasemo.experiment.options import Options, WeightingName, data_file, imagenet, max_bad, only, selected, weighting
from kerasemo.experiment.outcome import Folds, Outcome
from kerasemo.experiment.session import Paper
from kerasemo.experiment.study import Stage, Study, note_weighting, preferring

__all__ = [
    "Cell",
    "Corpus",
    "Folds",
    "NumberLoss",
    "Options",
    "Outcome",
    "Paper",
    "Stage",
    "Study",
    "Training",
    "WeightingName",
    "cells_of",
    "corpus_root",
    "data",
    "data_file",
    "imagenet",
    "max_bad",
    "name_corpus",
    "note_held_out",
    "note_left_out",
    "note_weighting",
    "only",
    "plan",
    "preferring",
    "present",
    "read_audiovisual",
    "require_classes",
    "require_groups",
    "running",
    "selected",
    "set_aside",
    "training",
    "try_building",
    "weighting",
]

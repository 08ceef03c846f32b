"""A corpus in its owners' folders -> a manifest, one corpus a file; `synthetic` writes folders of the same layout."""

from collections.abc import Callable
from importlib import import_module

import pandas as pd

from kerasemo.errors import InputError

CORPORA = ["ravdess", "avec2019", "iemocap", "folder"]


def reader(corpus: str) -> Callable[..., pd.DataFrame]:
    """The function that turns a corpus' root into its manifest, by the corpus' name.

    Raises:
        InputError: no such corpus.
    """
    if corpus not in CORPORA:
        raise InputError(f"there is no corpus {corpus!r}; choose from {', '.join(CORPORA)}.")
    return import_module(f"kerasemo.corpora.{corpus}").read

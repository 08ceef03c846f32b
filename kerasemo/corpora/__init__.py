"""Readers of corpora, one per file: official folders -> manifest. `synthetic` writes folders with the same layout."""

from kerasemo.corpora.avec2019 import Avec2019
from kerasemo.corpora.corpus import Corpus
from kerasemo.corpora.folder import Folder
from kerasemo.corpora.iemocap import Iemocap
from kerasemo.corpora.ravdess import Ravdess

__all__ = ["CORPORA", "Avec2019", "Corpus", "Folder", "Iemocap", "Ravdess"]

CORPORA: dict[str, type[Corpus]] = {cls.name: cls for cls in (Ravdess, Avec2019, Iemocap, Folder)}

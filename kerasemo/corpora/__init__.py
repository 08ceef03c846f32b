"""Readers of corpora, one per file: official folders -> manifest. `synthetic` writes folders with the same layout."""

from kerasemo.corpora.audformat import Audformat
from kerasemo.corpora.audiofolder import AudioFolder
from kerasemo.corpora.avec2019 import Avec2019
from kerasemo.corpora.corpus import Corpus
from kerasemo.corpora.cremad import CremaD
from kerasemo.corpora.emobox import EmoBox
from kerasemo.corpora.emodb import EmoDb
from kerasemo.corpora.folder import Folder
from kerasemo.corpora.iemocap import Iemocap
from kerasemo.corpora.ravdess import Ravdess
from kerasemo.corpora.table import Listed, Nkululeko, Table

__all__ = [
    "CORPORA",
    "FORMATS",
    "Audformat",
    "AudioFolder",
    "Avec2019",
    "Corpus",
    "CremaD",
    "EmoBox",
    "EmoDb",
    "Folder",
    "Iemocap",
    "Listed",
    "Nkululeko",
    "Ravdess",
    "Table",
]

FORMATS: dict[str, type[Listed]] = {cls.name: cls for cls in (Audformat, AudioFolder, EmoBox, Nkululeko)}
"""Formats of others that a manifest can be written in, too."""

CORPORA: dict[str, type[Corpus]] = {
    cls.name: cls for cls in (Ravdess, Avec2019, Iemocap, EmoDb, CremaD, Folder, Table, *FORMATS.values())
}

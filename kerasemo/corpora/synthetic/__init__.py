"""Synthetic corpora: real media files in the official layouts, with voices and faces that show known emotions.

They replace corpora that need a licence, so that every script, test and example can run without downloads. Which clips
show their emotion is drawn at random (see `erasure`), so the best possible accuracy is known in advance.
"""

from kerasemo.corpora.synthetic.corpus import SyntheticCorpus
from kerasemo.corpora.synthetic.cremad import SyntheticCremaD
from kerasemo.corpora.synthetic.emodb import SyntheticEmoDb
from kerasemo.corpora.synthetic.erasure import accuracy_ceiling
from kerasemo.corpora.synthetic.films import SyntheticFilms
from kerasemo.corpora.synthetic.iemocap import SyntheticIemocap
from kerasemo.corpora.synthetic.marker import is_synthetic
from kerasemo.corpora.synthetic.ravdess import SyntheticRavdess
from kerasemo.corpora.synthetic.sewa import SyntheticSewa
from kerasemo.corpora.synthetic.sewa_signals import ccc_ceiling

__all__ = [
    "SYNTHETIC_CORPORA",
    "SyntheticCorpus",
    "SyntheticCremaD",
    "SyntheticEmoDb",
    "SyntheticFilms",
    "SyntheticIemocap",
    "SyntheticRavdess",
    "SyntheticSewa",
    "accuracy_ceiling",
    "ccc_ceiling",
    "is_synthetic",
]

SYNTHETIC_CORPORA: dict[str, type[SyntheticCorpus]] = {
    cls.name: cls
    for cls in (SyntheticRavdess, SyntheticSewa, SyntheticIemocap, SyntheticFilms, SyntheticEmoDb, SyntheticCremaD)
}

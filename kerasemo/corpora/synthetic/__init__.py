"""Corpora made of nothing: real media files in the official layouts, with voices and faces that show known emotions.

They stand in for corpora that need a licence, so that every script, test and example runs from an empty disk. What a
modality shows is drawn (see `erasure`), so the best accuracy that any model can reach on them is known in advance.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "erasure": ["accuracy_ceiling"],
        "films": ["write_films"],
        "iemocap": ["write_iemocap"],
        "marker": ["is_synthetic"],
        "ravdess": ["write_ravdess"],
        "sewa": ["write_sewa"],
        "sewa_signals": ["ccc_ceiling"],
    },
)

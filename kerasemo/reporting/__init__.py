"""Figures and an HTML report of a run, created only from the files of its folder."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=["figures", "results", "run_folder"],
    submod_attrs={"pictures": ["plot_run"], "report": ["write_report"]},
)

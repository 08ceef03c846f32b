"""Figures and one HTML page of a run, made from the files of its folder alone."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=["figures", "results", "run_folder"],
    submod_attrs={"report": ["plot_run", "write_report"]},
)

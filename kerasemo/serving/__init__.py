"""Serves SavedModels on a page and to programs, with limits that protect the server from hostile files."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submod_attrs={"app": ["create_app"], "limits": ["Limits"], "server": ["serve"]}
)

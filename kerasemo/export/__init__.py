"""Exports trained networks, and applies SavedModels to media files."""

from kerasemo.export.formats import FORMATS
from kerasemo.export.served import PREPROCESSING, SERVED_BATCH_SIZE, ServedModel
from kerasemo.export.write import export, export_model

__all__ = ["FORMATS", "PREPROCESSING", "SERVED_BATCH_SIZE", "ServedModel", "export", "export_model"]

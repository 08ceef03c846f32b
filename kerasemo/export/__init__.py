"""Exports trained networks, and applies SavedModels to media files."""

from kerasemo.export.formats import FORMATS
from kerasemo.export.preprocessing import PREPROCESSING, Preprocessing
from kerasemo.export.served import SERVED_BATCH_SIZE, ServedModel, as_record
from kerasemo.export.write import export, export_model

__all__ = [
    "FORMATS",
    "PREPROCESSING",
    "SERVED_BATCH_SIZE",
    "Preprocessing",
    "ServedModel",
    "as_record",
    "export",
    "export_model",
]

"""A network to serve."""

from pathlib import Path

from kerasemo.export import export
from kerasemo.features import Mfcc
from kerasemo.features.network_input import NetworkInput
from kerasemo.models import crossmodal

CLASSES = ["neutral", "calm", "happy", "sad", "angry", "fearful"]


def exported(folder: Path) -> Path:
    """Export the Audio CNN with random weights, and return the folder of the SavedModel."""
    crossmodal.audio_cnn(len(CLASSES)).save(folder / "audio_cnn.keras")
    description = {"inputs": {"audio": NetworkInput(Mfcc()).get_config()}, "decision": "emotion", "classes": CLASSES}
    export(folder / "audio_cnn.keras", description, folder / "audio_cnn")
    return folder / "audio_cnn"

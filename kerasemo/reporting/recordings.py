"""Recordings of a small corpus, embedded in the report page."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import soundfile
import soxr

from kerasemo import manifest, progress
from kerasemo.errors import BrokenClip, InputError
from kerasemo.features import media
from kerasemo.reporting.run_folder import RunFolder

__all__ = ["MAX_BYTES", "MAX_CLIPS", "Recording", "recordings"]

MAX_CLIPS = 400
MAX_BYTES = 8_000_000
"""All recordings of a page together; in the page, they take a third more."""
_SAMPLING_RATE = 16_000
_VIDEOS = {".mp4": "video/mp4", ".webm": "video/webm"}
"""Videos that browsers play."""


@dataclass(frozen=True)
class Recording:
    """A recording in the page.

    Attributes:
        clip: name of the clip.
        medium: `audio` or `video`.
        source: its data URI.
    """

    clip: str
    medium: str
    source: str


def recordings(folders: Sequence[RunFolder]) -> dict[tuple[str, str], Recording]:
    """Return the recordings of the test clips of runs, if the corpora are at hand and small.

    Args:
        folders: the runs.

    Returns:
        `(folder of the corpus, clip)` -> recording. Empty if there are more than `MAX_CLIPS` clips or `MAX_BYTES`.
        Broken and missing recordings are left out. Videos for browsers are embedded as they are if all of them fit,
        otherwise the sound alone.
    """
    sources = {(folder.config.get("corpus_root"), row["clip"]): row for folder in folders for row in _tested(folder)}
    if len(sources) > MAX_CLIPS:
        return {}
    videos = sum(_video(root, row).stat().st_size for (root, _), row in sources.items() if _video(root, row))
    found, n_bytes = {}, 0
    for (root, clip), row in progress.track(sources.items(), len(sources), "Reading recordings"):
        medium, content = _content(root, row, videos <= MAX_BYTES)
        n_bytes += len(content)
        if n_bytes > MAX_BYTES:
            return {}
        if content:
            source = f"data:{medium};base64,{base64.b64encode(content).decode('ascii')}"
            found[root, clip] = Recording(clip, medium.split("/")[0], source)
    return found


def _tested(folder: RunFolder) -> list[dict]:
    """Return the rows of the manifest with predictions; None where a cell is empty."""
    tested = {clip for each in folder.predictions for clip in each.table["clip"]}
    if folder.clips.empty or "corpus_root" not in folder.config:
        return []
    rows = folder.clips[folder.clips["clip"].isin(tested)]
    return rows.astype(object).where(rows.notna(), None).to_dict("records")


def _content(root: str, row: dict, with_video: bool) -> tuple[str, bytes]:
    """Return type and content of a recording; empty if it is missing or broken."""
    if with_video and (video := _video(root, row)):
        return _VIDEOS[video.suffix.lower()], video.read_bytes()
    medium = "audio" if row["audio"] else "video"
    span = (None, None) if row.get("whole_file") == medium else (row["start_s"], row["end_s"])
    try:
        samples, sampling_rate = media.read_audio(manifest.locate(root, row[medium]), *span)
    except (BrokenClip, InputError):
        return "", b""
    file = io.BytesIO()
    samples = soxr.resample(samples, sampling_rate, _SAMPLING_RATE)
    soundfile.write(file, samples, _SAMPLING_RATE, format="MP3")
    return "audio/mpeg", file.getvalue()


def _video(root: str, row: dict) -> Path | None:
    """Return the video of a clip if it exists, browsers play its format, and the clip is the whole file."""
    if not row["video"] or not (row.get("whole_file") == "video" or (row["start_s"], row["end_s"]) == (None, None)):
        return None
    path = manifest.locate(root, row["video"])
    return path if path.suffix.lower() in _VIDEOS and path.is_file() else None

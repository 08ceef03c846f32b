"""The length of a recording according to its header or its packets, without decoding it."""

import os
from pathlib import Path

import av
import soundfile

from kerasemo.errors import BrokenClip
from kerasemo.features.media import CONTAINERS, LOCAL, require_whole

__all__ = ["FORMATS", "duration_s"]

FORMATS = "avi,flv,matroska,mov,mp4,webm"
"""FFmpeg's names of the formats of `CONTAINERS`; no playlists, which name other files."""


def duration_s(path: str | os.PathLike) -> float:
    """Return the length of a recording in seconds: no reader of `media` reads more.

    For a sound file it is what its header says. Recordings of browsers do not state a length, so in a container the
    times of all packets are read.

    Args:
        path: wav, flac, ogg, mp3 ... or one of `CONTAINERS`.

    Raises:
        BrokenClip: The file is missing, empty, truncated or not a media file.
    """
    require_whole(path)
    if Path(path).suffix.lower() not in CONTAINERS:
        try:
            header = soundfile.info(os.fspath(path))
        except (soundfile.SoundFileError, TypeError) as error:
            raise BrokenClip(f"{path} is no sound file or is damaged: {str(error).rstrip('.')}.") from None
        return header.frames / header.samplerate
    try:
        with av.open(os.fspath(path), options=LOCAL | {"format_whitelist": FORMATS}) as container:
            kept = [stream for stream in container.streams if stream.type in ("audio", "video")]
            origin_s = (container.start_time or 0) / av.time_base
            ends = (
                float((packet.pts + (packet.duration or 0)) * packet.time_base) - origin_s
                for packet in (container.demux(kept) if kept else ())
                if packet.pts is not None
            )
            return max(ends, default=0.0)
    except av.FFmpegError as error:
        raise BrokenClip(f"{path} is no media file or is damaged: {error.strerror}.") from None

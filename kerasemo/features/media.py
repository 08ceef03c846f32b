"""Reading sound and video; any fault of a file raises a `BrokenClip` with a message of one sentence."""

import os
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Literal

import av
import numpy as np
import soundfile
from av.video.reformatter import VideoReformatter

from kerasemo.errors import BrokenClip

__all__ = [
    "BLOCK_S",
    "CONTAINERS",
    "LOCAL",
    "ROUNDING_S",
    "frame_span",
    "read_audio",
    "read_blocks",
    "read_frames",
    "require_whole",
]

CONTAINERS = frozenset({".avi", ".flv", ".m4a", ".m4v", ".mkv", ".mov", ".mp4", ".webm"})

# Programs that do not know the length yet write this value or more: sox 0x7FFFF000, most others 0xFFFFFFFF.
_UNKNOWN_SIZE = 0x7FFFF000
# A playlist in the place of a recording must not make FFmpeg load something from the network.
LOCAL = {"protocol_whitelist": "file"}
# Names in FFmpeg of the containers with a time stamp for each frame.
_WITH_TIME_STAMPS = frozenset({"mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm"})
_QUICKTIME_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot"})
# Seek to this much before the clip, because the first decoded block of AAC depends on the previous block.
_PREROLL_S = 0.2
# Length of the blocks of sound; most clips of a corpus are a single block.
BLOCK_S = 60
# Times in containers are rounded to at most a millisecond.
ROUNDING_S = 0.001


def require_whole(path: str | os.PathLike) -> None:
    """Check that a file exists, is not empty and is as long as its header says.

    The length is known for wav, avi, mp4 and mov. In other formats, missing data may still be noticed by the decoder.

    Args:
        path: the media file.

    Raises:
        BrokenClip: the file is missing, empty, truncated or cannot be read.
    """
    try:
        with Path(path).open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            declared = _declared_size(file)
    except FileNotFoundError:
        raise BrokenClip(f"{path} does not exist.") from None
    except OSError as error:
        raise BrokenClip(f"{path} cannot be read: {error.strerror}.") from None
    if size == 0:
        raise BrokenClip(f"{path} is empty (0 bytes).")
    if declared > size:
        raise BrokenClip(f"{path} is truncated: its header declares {declared} bytes, the file has {size}.")


def read_audio(
    path: str | os.PathLike, start_s: float | None = None, end_s: float | None = None, channel: int | None = None
) -> tuple[np.ndarray, int]:
    """Read a clip's sound, from a sound file or from the first sound track of a video.

    Args:
        path: wav, flac, ogg, mp3 ... or one of `CONTAINERS`.
        start_s: start of the clip, in seconds; `None`: the start of the file.
        end_s: end of the clip, in seconds; `None`, or after the end of the file: the end of the file.
        channel: number of the channel, 0 for left; `None`: the mean of all. If there are fewer channels: the last one.

    Returns:
        The samples, float32, in [-1, 1] unless a float file exceeds it, and the sampling rate in hertz.

    Raises:
        BrokenClip: the file is missing, empty, truncated, damaged, not a sound file, or has no sound track; the clip
            begins after its end, or holds no samples, NaN or infinite ones.
    """
    blocks, rates = zip(*read_blocks(path, start_s, end_s, channel), strict=True)
    return (blocks[0] if len(blocks) == 1 else np.concatenate(blocks)), rates[0]


def read_blocks(
    path: str | os.PathLike, start_s: float | None = None, end_s: float | None = None, channel: int | None = None
) -> Iterator[tuple[np.ndarray, int]]:
    """Read a clip's sound in blocks, so that memory use does not grow with its length.

    Args:
        path, start_s, end_s, channel: as in `read_audio`.

    Yields:
        Up to `BLOCK_S` of samples, and the sampling rate, as in `read_audio`.

    Raises:
        BrokenClip: as in `read_audio`, when the fault is found.
    """
    require_whole(path)
    read = _container_blocks if Path(path).suffix.lower() in CONTAINERS else _sound_file_blocks
    is_empty = True
    for samples, sampling_rate in read(path, start_s, end_s, channel):
        if not np.isfinite(samples).all():
            raise BrokenClip(f"{path} holds NaN or infinite samples.")
        if len(samples):
            is_empty = False
            yield samples, sampling_rate
    if is_empty:
        raise BrokenClip(_nothing_left(path, "samples", start_s))


def read_frames(
    path: str | os.PathLike,
    every_s: float,
    consecutive: int,
    start_s: float | None = None,
    end_s: float | None = None,
) -> Iterator[tuple[float, list[np.ndarray]]]:
    """Read groups of consecutive frames at regular intervals from the first video track of a file.

    Args:
        path: any file that FFmpeg can read.
        every_s: interval between groups in seconds; each group begins with the first frame shown at that time or later.
        consecutive: number of frames in a group; groups at the end of the clip may have fewer.
        start_s: start of the clip, in seconds; `None`: the start of the file.
        end_s: end of the clip, in seconds; `None`, or after the end of the file: the end of the file.

    Yields:
        The time of the group's first frame in seconds from the start of the clip, and the frames, each uint8
        `height x width x 3`, red first.

    Raises:
        BrokenClip: the file is missing, empty, truncated, damaged, not a media file, or has no video track; the clip
            begins after its end, or holds no frame.
    """
    require_whole(path)
    to_picture = _picture_maker()
    groups: list[tuple[float, list[np.ndarray]]] = []
    next_s, empty = 0.0, True
    needed = _needed(_shown(path, start_s, end_s), every_s, consecutive, start_s or 0.0)
    for time_s, frame in _decode(path, "video", start_s, end_s, needed):
        time_s -= start_s or 0.0
        if time_s < -ROUNDING_S:
            continue
        if time_s >= next_s - ROUNDING_S:
            groups.append((time_s, []))
            next_s = _next_start(time_s, every_s)
            empty = False
        if groups:
            picture = to_picture(frame)
            for _, pictures in groups:
                pictures.append(picture)
            if len(groups[0][1]) == consecutive:
                yield groups.pop(0)
    if empty:
        raise BrokenClip(_nothing_left(path, "frames", start_s))
    yield from groups


def frame_span(
    path: str | os.PathLike, start_s: float | None = None, end_s: float | None = None
) -> tuple[float, float]:
    """Return the times of the first and last frame of a clip in seconds from the start of the file, without decoding.

    Args:
        path: any file that FFmpeg can read.
        start_s: start of the clip, in seconds; `None`: the start of the file.
        end_s: end of the clip, in seconds; `None`, or after the end of the file: the end of the file.

    Raises:
        BrokenClip: as `read_frames`.
    """
    require_whole(path)
    times = [time_s for time_s, _ in _shown(path, start_s, end_s) if time_s >= (start_s or 0.0) - ROUNDING_S]
    if not times:
        raise BrokenClip(_nothing_left(path, "frames", start_s))
    return times[0], times[-1]


def _shown(path: str | os.PathLike, start_s: float | None, end_s: float | None) -> list[tuple[float, int | None]]:
    """Return the frames until `end_s` in the order of their times, without decoding them.

    Returns:
        The time in seconds from the start of the file, which is that of decoding in some containers, and the time stamp
        of a frame; None: the container does not tell it for certain.
    """
    shown = []
    with _open(path, "video", start_s) as (container, stream, origin_s):
        is_certain = container.format.name in _WITH_TIME_STAMPS
        for packet in container.demux(stream):
            sent, stamp = packet.dts, packet.dts if packet.pts is None else packet.pts
            if stamp is None:
                continue
            if end_s is not None and sent is not None and sent * packet.time_base - origin_s >= end_s:
                break
            time_s = float(stamp * packet.time_base) - origin_s
            if end_s is None or time_s < end_s:
                shown.append((time_s, packet.pts if is_certain else None))
    return sorted(shown, key=lambda frame: frame[0])


def _needed(shown: list[tuple[float, int | None]], every_s: float, consecutive: int, start_s: float) -> set[int] | None:
    """Return the time stamps of the frames in the groups of `read_frames`; None: not all are known."""
    stamps = [stamp for _, stamp in shown]
    if None in stamps:
        return None
    needed, next_s = set(), 0.0
    for number, (time_s, _) in enumerate(shown):
        if time_s - start_s >= next_s - ROUNDING_S:
            needed.update(stamps[number : number + consecutive])
            next_s = _next_start(time_s - start_s, every_s)
    return needed


def _next_start(time_s: float, every_s: float) -> float:
    """Return the earliest time of the group after one that begins at `time_s`."""
    return every_s * (np.floor((time_s + ROUNDING_S) / every_s) + 1)


def _picture_maker() -> Callable[[av.VideoFrame], np.ndarray]:
    """Return a function that converts frames to pictures; as `to_ndarray`, but faster, with one kept converter."""
    converter = VideoReformatter()
    return lambda frame: converter.reformat(frame, format="rgb24", threads=1).to_ndarray()


def _nothing_left(path: str | os.PathLike, what: str, start_s: float | None) -> str:
    return f"{path} holds no {what}" + (f" from {start_s:g} s on, where the clip begins." if start_s else ".")


def _declared_size(file: BinaryIO) -> int:
    """Return the number of bytes that a file has according to its header; 0 if unknown."""
    head = file.read(12)
    if head[:4] == b"RIFF" and head[8:] == b"WAVE":
        return _declared_wav_size(file)
    if head[:4] == b"RIFF" and head[8:] == b"AVI ":
        (size,) = struct.unpack("<I", head[4:8])
        return 8 + size if size < _UNKNOWN_SIZE else 0
    if head[4:8] in _QUICKTIME_BOXES:
        return _declared_quicktime_size(file)
    return 0


def _declared_wav_size(file: BinaryIO) -> int:
    """Return the end of the chunk with the samples; data after it may be missing."""
    end = 12
    while len(head := file.read(8)) == 8:
        name, size = struct.unpack("<4sI", head)
        if name == b"data":
            return end + 8 + size if size < _UNKNOWN_SIZE else 0
        end += 8 + size + size % 2
        file.seek(end)
    return end


def _declared_quicktime_size(file: BinaryIO) -> int:
    """Return the end of the last box of an mp4 or mov."""
    end = 0
    file.seek(0)
    while len(head := file.read(8)) == 8:
        (size,) = struct.unpack(">I", head[:4])
        if size == 1:
            size = int.from_bytes(file.read(8), "big")
        if size < 8:  # 0: the box goes on to the end of the file
            return 0
        end += size
        file.seek(end)
    return end


def _sound_file_blocks(
    path: str | os.PathLike, start_s: float | None, end_s: float | None, channel: int | None
) -> Iterator[tuple[np.ndarray, int]]:
    try:
        with soundfile.SoundFile(path) as file:
            first = min(round((start_s or 0.0) * file.samplerate), file.frames)
            last = file.frames if end_s is None else min(round(end_s * file.samplerate), file.frames)
            file.seek(first)
            missing = max(last - first, 0)
            while missing:
                samples = file.read(min(missing, BLOCK_S * file.samplerate), dtype="float32", always_2d=True)
                if not len(samples):
                    held = last - first - missing
                    raise BrokenClip(f"{path} is truncated: it declares {last - first} samples and holds {held}.")
                missing -= len(samples)
                yield _one_channel(samples, channel), file.samplerate
    except (soundfile.SoundFileError, TypeError) as error:  # TypeError: a headerless file, such as .raw
        raise BrokenClip(f"{path} is no sound file or is damaged: {str(error).rstrip('.')}.") from None


def _container_blocks(
    path: str | os.PathLike, start_s: float | None, end_s: float | None, channel: int | None
) -> Iterator[tuple[np.ndarray, int]]:
    gathered: list[np.ndarray] = []
    begin = held = rate = 0  # of what is gathered: the number of its first sample, counted from `start_s`, and of all
    for time_s, frame in _decode(path, "audio", start_s, end_s):
        if not rate:
            rate = frame.sample_rate
            begin = round((time_s - (start_s or time_s)) * rate)
            last = None if end_s is None else begin + round((end_s - time_s) * rate)
        gathered.append(_mono(frame, channel))
        held += len(gathered[-1])
        if held >= BLOCK_S * rate:
            yield _between(np.concatenate(gathered), begin, last), rate
            gathered, begin, held = [], begin + held, 0
    if gathered:
        yield _between(np.concatenate(gathered), begin, last), rate


def _between(block: np.ndarray, begin: int, last: int | None) -> np.ndarray:
    """Return samples 0 to `last` (excluded) of a block whose first sample has the number `begin`."""
    return block[max(-begin, 0) : None if last is None else max(last - begin, 0)]


def _one_channel(samples: np.ndarray, channel: int | None) -> np.ndarray:
    """One channel of `samples x channels`, or the mean of all."""
    if channel is None:
        return samples.mean(axis=1)
    return samples[:, min(channel, samples.shape[1] - 1)]


def _mono(frame: av.AudioFrame, channel: int | None) -> np.ndarray:
    samples = frame.to_ndarray()
    if not frame.format.is_planar:
        samples = samples.reshape(-1, frame.layout.nb_channels).T
    if samples.dtype == np.uint8:
        samples = samples.astype(np.int16) - 128
        scale = 128.0
    else:
        scale = -float(np.iinfo(samples.dtype).min) if samples.dtype.kind == "i" else 1.0
    return _one_channel((samples / scale).astype(np.float64).T, channel).astype(np.float32)


def _decode(
    path: str | os.PathLike,
    kind: Literal["audio", "video"],
    start_s: float | None,
    end_s: float | None,
    needed: set[int] | None = None,
) -> Iterator[tuple[float, av.AudioFrame | av.VideoFrame]]:
    """Yield the frames of the first stream of a kind, with their times in seconds from the start of the file.

    The first frames may be before `start_s`, because a file cannot be decoded from every position. If the time stamps
    of the `needed` frames are given, others are left out where the needed ones can be decoded without them.
    """
    with _open(path, kind, start_s) as (container, stream, origin_s):
        stream.codec_context.thread_count = 1  # clips are read in parallel, not parts of a clip
        for packet in container.demux(stream):
            if needed is not None:
                stream.codec_context.skip_frame = "DEFAULT" if packet.pts in needed else "NONREF"
            for frame in packet.decode():
                if frame.time is None:
                    raise BrokenClip(f"{path} does not say at what time its frames are shown.")
                time_s = frame.time - origin_s
                if end_s is not None and time_s >= end_s:
                    return
                yield time_s, frame


@contextmanager
def _open(
    path: str | os.PathLike, kind: Literal["audio", "video"], start_s: float | None
) -> Iterator[tuple[av.container.InputContainer, av.stream.Stream, float]]:
    """Open a file at or before a clip; yield it with its first stream of a kind and the start time of the file."""
    try:
        with av.open(os.fspath(path), options=LOCAL) as container:
            stream = next((stream for stream in container.streams if stream.type == kind), None)
            if stream is None or stream.codec_context is None:
                raise BrokenClip(f"{path} has no {'sound' if kind == 'audio' else 'video'} stream that can be decoded.")
            origin_s = (container.start_time or 0) / av.time_base
            if start_s:
                container.seek(round((origin_s + max(start_s - _PREROLL_S, 0.0)) * av.time_base))
            yield container, stream, origin_s
    except av.FFmpegError as error:
        raise BrokenClip(f"{path} is no media file or is damaged: {error.strerror}.") from None

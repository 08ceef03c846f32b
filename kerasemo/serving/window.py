"""The last seconds of a recording that is being made, as a file for the processes that decode."""

import io
import math
from collections import deque
from collections.abc import Sequence
from fractions import Fraction

import av
import numpy as np
import soundfile

__all__ = ["SAMPLE_BYTES", "LastWindow", "as_matroska", "as_wav"]

SAMPLE_BYTES = 2


class LastWindow:
    """The last seconds of sound, of pictures, or of both.

    The time of a recording is that of its sound, or of its pictures if there is no sound.

    Args:
        media: `audio`, `video` or both.
        rate: sampling rate of the sound, hertz.
        frame_rate: pictures per second.
        window_s: length of the window, seconds.
        every_s: seconds of new recording after which the next window is due.
    """

    def __init__(self, media: Sequence[str], rate: int, frame_rate: int, window_s: float, every_s: float):
        self.media, self.rate, self.frame_rate = media, rate, frame_rate
        self._most_samples = round(window_s * rate)
        self._samples, self._n_samples = bytearray(), 0
        self._pictures, self._n_pictures = deque(maxlen=math.ceil(window_s * frame_rate)), 0
        self._step, self._answered = max(round(every_s * self._clock_rate), 1), 0

    @property
    def _clock_rate(self) -> int:
        return self.rate if "audio" in self.media else self.frame_rate

    @property
    def _clock(self) -> int:
        return self._n_samples if "audio" in self.media else self._n_pictures

    @property
    def time_s(self) -> float:
        """The length of the recording so far, seconds."""
        return self._clock / self._clock_rate

    def add_sound(self, samples: bytes) -> None:
        """Add new sound, and forget what is before the window.

        Args:
            samples: little-endian 16-bit samples of one channel.
        """
        self._samples += samples
        self._n_samples += len(samples) // SAMPLE_BYTES
        del self._samples[: -self._most_samples * SAMPLE_BYTES]

    def add_picture(self, jpeg: bytes) -> None:
        """Add the next picture, and forget those before the window.

        Args:
            jpeg: a JPEG file.
        """
        self._pictures.append(jpeg)
        self._n_pictures += 1

    def due(self) -> tuple[str, bytes] | None:
        """Return the window as a file, its name and content, if enough is new; the next is counted from now."""
        if self._clock - self._answered < self._step:
            return None
        self._answered = self._clock
        if "video" not in self.media:
            return "sound.wav", as_wav(bytes(self._samples), self.rate)
        begin_s = self.time_s - len(self._samples) / SAMPLE_BYTES / self.rate if "audio" in self.media else 0.0
        first = self._n_pictures - len(self._pictures) - round(begin_s * self.frame_rate)
        return "recording.mkv", as_matroska(bytes(self._samples), self.rate, self._pictures, self.frame_rate, first)


def as_wav(samples: bytes, rate: int) -> bytes:
    """Return samples as a wav file.

    Args:
        samples: little-endian 16-bit samples of one channel.
        rate: sampling rate, hertz.
    """
    file = io.BytesIO()
    soundfile.write(file, np.frombuffer(samples, "<i2"), rate, "PCM_16", format="WAV")
    return file.getvalue()


def as_matroska(samples: bytes, rate: int, pictures: Sequence[bytes], frame_rate: int, first: int = 0) -> bytes:
    """Return pictures and sound as an mkv file; the pictures are copied into it without being decoded.

    Args:
        samples: little-endian 16-bit samples of one channel; none for a file without sound.
        rate: sampling rate, hertz.
        pictures: JPEG files, one for each frame.
        frame_rate: pictures per second.
        first: number of the frame at which the pictures begin, counted from the beginning of the sound.
    """
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as container:
        if samples:
            sound = container.add_stream("pcm_s16le", rate=rate, layout="mono")
        # The size in the header is not used: each JPEG states its own.
        video = container.add_stream("mjpeg", rate=frame_rate, width=16, height=16, pix_fmt="yuvj420p")
        if samples:
            frame = av.AudioFrame.from_ndarray(np.frombuffer(samples, "<i2")[np.newaxis], "s16", "mono")
            frame.sample_rate, frame.pts = rate, 0
            container.mux(sound.encode(frame))
        for number, picture in enumerate(pictures, start=first):
            packet = av.Packet(picture)
            packet.stream, packet.time_base = video, Fraction(1, frame_rate)
            packet.pts = packet.dts = number
            packet.duration, packet.is_keyframe = 1, True
            if number >= 0:
                container.mux(packet)
    return file.getvalue()

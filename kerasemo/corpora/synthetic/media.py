"""Writers of sound and video files; the same content always gives the same bytes."""

import os
from collections.abc import Iterable
from fractions import Fraction

import av
import cv2
import numpy as np
import soundfile

__all__ = ["write_avi", "write_mp4", "write_wav"]

# FFmpeg's unit of quality, 118 per quantiser step: step 4 preserves the edges of eyelids.
_AVI_QUALITY = 4 * 118


def write_wav(path: str | os.PathLike, samples: np.ndarray, sampling_rate: int) -> None:
    """Write 16-bit PCM.

    Args:
        path: a .wav file.
        samples: sound, `samples` or `samples x channels`, -1 to 1.
        sampling_rate: Hz.
    """
    soundfile.write(path, samples, sampling_rate, subtype="PCM_16", format="WAV")


def write_mp4(
    path: str | os.PathLike,
    frames: Iterable[np.ndarray],
    samples: np.ndarray,
    *,
    size: tuple[int, int],
    frame_rate: Fraction,
    sampling_rate: int,
) -> None:
    """Write H.264 video with AAC sound.

    One encoder thread and no date in the header: the same content always gives the same bytes.

    Args:
        path: a .mp4 file.
        frames: RGB pictures `height x width x 3`, uint8; taken one at a time.
        samples: mono sound, -1 to 1.
        size: width and height of the frames in pixels, both even.
        frame_rate: frames per second.
        sampling_rate: Hz.
    """
    with av.open(os.fspath(path), "w", container_options={"fflags": "+bitexact"}) as container:
        # crf 20: small files that preserve the edges of eyelids.
        picture = container.add_stream("libx264", rate=frame_rate, options={"crf": "20", "preset": "superfast"})
        picture.width, picture.height = size
        picture.pix_fmt = "yuv420p"
        picture.codec_context.thread_count = 1
        sound = container.add_stream("aac", rate=sampling_rate, layout="mono")
        sound.bit_rate = 128_000
        sound.codec_context.thread_count = 1
        for frame in frames:
            container.mux(picture.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(picture.encode(None))
        wave = av.AudioFrame.from_ndarray(samples[None].astype(np.float32), format="fltp", layout="mono")
        wave.sample_rate = sampling_rate
        wave.pts = 0
        container.mux(sound.encode(wave))
        container.mux(sound.encode(None))


def write_avi(
    path: str | os.PathLike,
    frames: Iterable[np.ndarray],
    samples: np.ndarray,
    *,
    size: tuple[int, int],
    frame_rate: Fraction,
    sampling_rate: int,
) -> None:
    """Write MPEG-4 video as in DivX, with uncompressed sound that is interleaved with the pictures.

    The same content always gives the same bytes, as `write_mp4`.

    Args:
        path: an .avi file.
        frames: RGB pictures `height x width x 3`, uint8; taken one at a time.
        samples: sound, `samples x 2`, -1 to 1.
        size: width and height of the frames in pixels, both even.
        frame_rate: frames per second.
        sampling_rate: Hz.
    """
    waves = np.round(np.clip(samples, -1, 1) * 32767).astype(np.int16)
    with av.open(os.fspath(path), "w", container_options={"fflags": "+bitexact"}) as container:
        picture = container.add_stream("mpeg4", rate=frame_rate, options={"flags": "+bitexact+qscale"})
        picture.codec_context.global_quality = _AVI_QUALITY
        picture.width, picture.height = size
        picture.pix_fmt = "yuv420p"
        picture.codec_context.thread_count = 1
        sound = container.add_stream("pcm_s16le", rate=sampling_rate, layout="stereo")
        heard = 0
        for number, frame in enumerate(frames, start=1):
            # OpenCV converts four times as fast as FFmpeg.
            planes = cv2.cvtColor(frame, cv2.COLOR_RGB2YUV_I420)
            container.mux(picture.encode(av.VideoFrame.from_ndarray(planes, format="yuv420p")))
            until = round(number / frame_rate * sampling_rate)
            _mux_sound(container, sound, waves[heard:until], heard)
            heard = until
        container.mux(picture.encode(None))
        _mux_sound(container, sound, waves[heard:], heard)
        container.mux(sound.encode(None))


def _mux_sound(container: av.container.OutputContainer, sound: av.AudioStream, waves: np.ndarray, first: int) -> None:
    if len(waves):
        part = av.AudioFrame.from_ndarray(np.ascontiguousarray(waves.reshape(1, -1)), format="s16", layout="stereo")
        part.sample_rate, part.pts = sound.rate, first
        container.mux(sound.encode(part))

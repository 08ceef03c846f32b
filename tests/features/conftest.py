"""Tiny media files, plain faces and a finder of squares."""

import runpy
from pathlib import Path

import av
import cv2
import numpy as np
import pandas as pd
import pytest
import soundfile

RATE = 8000

SKIN, HAIR, BROWS = (224, 180, 150), (50, 35, 25), (70, 45, 30)
EYES, PUPILS, RIDGE = (110, 80, 70), (20, 15, 15), (240, 200, 170)
NOSTRILS, MOUTH = (150, 105, 90), (150, 60, 60)


def tone(seconds=0.5, rate=RATE, hertz=440.0):
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def write_wav(path, samples=None, rate=RATE, **options):
    """A wav, of a tone unless samples are given."""
    soundfile.write(path, tone(rate=rate) if samples is None else samples, rate, **options)
    return path


def write_video(path, pictures=(), fps=10, samples=None, rate=RATE, codec="mpeg4", sound_codec="aac"):
    """A video of the pictures (none: no video stream) and the samples, mono or a row a channel (`None`: no sound)."""
    with av.open(str(path), "w") as container:
        streams = []
        if len(pictures):
            video = container.add_stream(codec, rate=fps, options={"qscale": "1"})
            video.height, video.width = pictures[0].shape[:2]
            video.pix_fmt = "yuv420p"
            streams.append((video, [av.VideoFrame.from_ndarray(picture, format="rgb24") for picture in pictures]))
        if samples is not None:
            samples = np.atleast_2d(samples)
            layout = "mono" if len(samples) == 1 else "stereo"
            frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout=layout)
            frame.sample_rate = rate
            sound = container.add_stream(sound_codec, rate=rate, layout=layout)
            streams.append((sound, [frame]))
        for stream, frames in streams:
            for frame in [*frames, None]:
                container.mux(stream.encode(frame))
    return path


def grey_pictures(levels, height=48, width=64):
    """A picture of one grey for each level, 0 to 255."""
    return [np.full((height, width, 3), level, np.uint8) for level in levels]


def audio_manifest(root):
    """A manifest of the wavs of a folder, in the order of their names."""
    files = sorted(path.name for path in root.glob("*.wav"))
    return pd.DataFrame(
        {
            "clip": [name.removesuffix(".wav") for name in files],
            "audio": files,
            "video": None,
            "start_s": np.nan,
            "end_s": np.nan,
            "speaker": "s",
        }
    )


def draw_face(picture, x, y, radius):
    """Draw a face about a point; plain as it is, the cascade takes it for one."""

    def ellipse(across, down, width, height, colour):
        centre = x + round(across * radius), y + round(down * radius)
        cv2.ellipse(picture, centre, (round(width * radius), round(height * radius)), 0, 0, 360, colour, -1)

    ellipse(0, 0, 0.8, 1, SKIN)
    ellipse(0, -0.8, 0.75, 0.3, HAIR)
    for side in (-0.33, 0.33):
        ellipse(side, -0.31, 0.2, 0.05, BROWS)
        ellipse(side, -0.15, 0.18, 0.09, EYES)
        ellipse(side, -0.15, 0.08, 0.08, PUPILS)
    ellipse(0, 0.05, 0.06, 0.15, RIDGE)
    ellipse(0, 0.25, 0.14, 0.06, NOSTRILS)
    ellipse(0, 0.52, 0.3, 0.1, MOUTH)


def picture_of(*drawn, height=240, width=320):
    """A grey picture with a face for each (x, y, radius)."""
    picture = np.full((height, width, 3), 90, np.uint8)
    for face in drawn:
        draw_face(picture, *face)
    return cv2.GaussianBlur(picture, (0, 0), 2)


@pytest.fixture
def media():
    """The makers of this file, by their names."""
    import types

    return types.SimpleNamespace(
        tone=tone,
        write_wav=write_wav,
        write_video=write_video,
        grey_pictures=grey_pictures,
        audio_manifest=audio_manifest,
        picture_of=picture_of,
    )


@pytest.fixture(scope="session")
def yunet(tmp_path_factory):
    """The path of a network with YuNet's inputs and outputs: white squares on a grid of 32 pixels are its faces.

    Its box has the square in the middle and is twice as wide and 2.5 times as high; the eyes are .3 below the square's
    upper edge, .1 within its sides.
    """
    of_onnx = runpy.run_path(str(Path(__file__).with_name("onnx_file.py")))
    points = [(0.1, 0.3), (0.9, 0.3), (0.5, 0.5), (0.3, 0.8), (0.7, 0.8)]
    path = tmp_path_factory.mktemp("yunet") / "squares.onnx"
    path.write_bytes(of_onnx["bright_square_finder"](points, size=(2, 2.5)))
    return path

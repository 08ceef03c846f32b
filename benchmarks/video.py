"""Features of pictures: clips a second of one core, against the loop that people write with OpenCV.

    python benchmarks/video.py [--clips 4] [--rounds 5]

The clips are mp4s that the synthetic RAVDESS writes in the size of the real one: about three seconds of 1280 x 720
pixels at 29.97 frames a second, with sound. The loops read each frame with `cv2.VideoCapture` and find faces in whole
pictures with the same Haar cascade and parameters:

    frames      two frames every half second, cropped and scaled to 64 x 64
    face_pairs  the same of the largest face
    faces       one grey picture of the largest face in the middle frame, 128 x 128, after a search for its eyes
    face_video  the largest face in 25 frames a second, 96 x 96 (crop `track`)

Times are processor times with one thread, in alternating order. The last but one line is the speed of two processes
relative to one, for `frames`, by the clock. The last line is `ratio NUMBER`, the lowest median of loop / kerasemo.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import cv2
import numpy as np

from kerasemo.corpora.synthetic import SyntheticRavdess
from kerasemo.features import FacePairs, Faces, FaceVideo, Frames
from kerasemo.features.frames import scale_to

FACE, EYE = (Path(cv2.data.haarcascades) / f"haarcascade_{name}.xml" for name in ("frontalface_default", "eye"))
PAIRS_A_SECOND, FRAMES_A_SECOND = 2, 25


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as folder:
        actors = range(1, arguments.clips + 1)
        corpus = SyntheticRavdess(
            actors=tuple(actors), channels=("speech",), modalities=("video",), clips_per_emotion=1, size="official"
        )
        corpus.write(Path(folder, "corpus"))
        clips = sorted(Path(folder).rglob("*-03-*.mp4"))[: arguments.clips]
        sides = {
            "frames": (loop_frames, Frames().extract),
            "face_pairs": (loop_face_pairs, FacePairs().extract),
            "faces": (loop_faces, Faces().extract),
            "face_video": (loop_face_video, FaceVideo(crop="track").extract),
        }
        print(
            f"{len(clips)} clips; clips a second of one core\n{'features':>10} {'loop':>6} {'kerasemo':>9} {'ratio':>6}"
        )
        ratios = []
        for name, (loop, extract) in sides.items():
            rows = [[taken(side, clips) for side in (loop, extract)] for _ in range(arguments.rounds)]
            mine, other = (len(clips) / statistics.median(times) for times in list(zip(*rows, strict=True))[::-1])
            ratios.append(statistics.median(theirs / ours for theirs, ours in rows))
            print(f"{name:>10} {other:>6.2f} {mine:>9.2f} {ratios[-1]:>6.2f}", flush=True)
        print(f"load over the last minute {os.getloadavg()[0]:.1f}")
        print(f"two processes: {two_processes(clips * 4):.2f} times one")
    print(f"ratio {min(ratios):.2f}")


def taken(extract: Callable[[Path], np.ndarray], clips: list[Path]) -> float:
    """Return the processor time of some clips, seconds."""
    began = time.process_time()
    for clip in clips:
        extract(clip)
    return time.process_time() - began


def two_processes(clips: list[Path]) -> float:
    """Return how many times faster two processes are than one."""
    seconds = []
    for n in (1, 2):
        with ProcessPoolExecutor(n) as pool:
            list(pool.map(Frames().extract, clips[:n]))
            began = time.perf_counter()
            list(pool.map(Frames().extract, clips))
            seconds.append(time.perf_counter() - began)
    return seconds[0] / seconds[1]


def pictures(path: Path) -> Iterator[tuple[int, float, np.ndarray]]:
    """Yield number, time in seconds and picture (red first) of every frame."""
    capture = cv2.VideoCapture(str(path))
    rate, number = capture.get(cv2.CAP_PROP_FPS), 0
    while True:
        is_read, picture = capture.read()
        if not is_read:
            return
        yield number, number / rate, cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
        number += 1


def largest_face(picture: np.ndarray, cascade: cv2.CascadeClassifier) -> np.ndarray | None:
    """Cut out the largest face."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    least = min(grey.shape) // 8
    boxes = cascade.detectMultiScale(grey, scaleFactor=1.1, minNeighbors=5, minSize=(least, least))
    if not len(boxes):
        return None
    left, top, width, height = max(boxes, key=lambda box: box[2] * box[3])
    return picture[top : top + height, left : left + width]


def pairs(path: Path, crop: Callable[[np.ndarray], np.ndarray | None]) -> np.ndarray:
    """Return two frames every half second, next to each other, where the crop of both is known."""
    images, first, next_s = [], None, 0.0
    for number, time_s, picture in pictures(path):
        if first is not None and number == first[0] + 1:
            crops = first[1], crop(picture)
            if all(each is not None for each in crops):
                images.append(np.hstack([scale_to(each, 64, 64) for each in crops]))
        if time_s >= next_s:
            first, next_s = (number, crop(picture)), next_s + 1 / PAIRS_A_SECOND
    return np.stack(images)


def loop_frames(path: Path) -> np.ndarray:
    return pairs(path, lambda picture: picture)


def loop_face_pairs(path: Path) -> np.ndarray:
    cascade = cv2.CascadeClassifier(str(FACE))
    return pairs(path, lambda picture: largest_face(picture, cascade))


def loop_faces(path: Path) -> np.ndarray:
    capture = cv2.VideoCapture(str(path))
    capture.set(cv2.CAP_PROP_POS_FRAMES, capture.get(cv2.CAP_PROP_FRAME_COUNT) // 2)
    _, picture = capture.read()
    face = largest_face(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), cv2.CascadeClassifier(str(FACE)))
    grey = cv2.cvtColor(face, cv2.COLOR_RGB2GRAY)
    cv2.CascadeClassifier(str(EYE)).detectMultiScale(grey, scaleFactor=1.05, minNeighbors=4)
    return cv2.resize(grey, (128, 128), interpolation=cv2.INTER_AREA)


def loop_face_video(path: Path) -> np.ndarray:
    cascade = cv2.CascadeClassifier(str(FACE))
    faces, next_s = [], 0.0
    for _, time_s, picture in pictures(path):
        if time_s >= next_s:
            face = largest_face(picture, cascade)
            if face is not None:
                faces.append(cv2.resize(face, (96, 96), interpolation=cv2.INTER_AREA))
            next_s += 1 / FRAMES_A_SECOND
    return np.stack(faces)


if __name__ == "__main__":
    main()

"""Clips of films in a folder for each emotion, played by synthetic voices and faces."""

import itertools
import os
from dataclasses import asdict, dataclass
from pathlib import Path

import joblib
import numpy as np
import pandas as pd

from kerasemo import files
from kerasemo.corpora.folder import SOURCE_MARK
from kerasemo.corpora.synthetic import films_scene, marker
from kerasemo.corpora.synthetic.erasure import draw_shown
from kerasemo.corpora.synthetic.films_scene import FRAME_RATE, SIZE, WITH_FACE, WITHOUT_FACE
from kerasemo.corpora.synthetic.media import write_mp4
from kerasemo.corpora.synthetic.voice import SAMPLING_RATE, loudness
from kerasemo.errors import InputError
from kerasemo.progress import track
from kerasemo.workers import side_by_side

EMOTIONS = ("angry", "happy", "neutral", "sad")

# Whoever speaks stays in the picture in two of five clips.
_SCENES = ("stays", *WITH_FACE)


@dataclass(frozen=True)
class _Clip:
    """One clip and what it shows."""

    clip: str
    emotion: str
    source: str
    actor: str
    scene: str
    audio_shows: int
    video_shows: int


def write_films(
    root: str | os.PathLike,
    *,
    films: int = 12,
    clips: int = 16,
    lean: float = 0.4,
    faceless: float = 0.04,
    audio_share: float = 1.0,
    video_share: float = 1.0,
    seed: int = 0,
    jobs: int = 1,
) -> None:
    """Write clips cut from synthetic films: mp4s with sound, 2.5 to 3.5 s, in a folder for each of four emotions.

    `angry/film_03__012.mp4` is a clip of film 3. Each film has an actress and an actor of its own, sets, colours,
    contrast, framing and a room that hums and hisses its way. It leans to one emotion, as films do: the first to
    `angry`, the next to `happy` and so on, so that whoever knows the film knows something of the emotion. Where films
    stand in training and test both, that leaks; over four films, or eight, all emotions are equally frequent.

    People stay in the picture, enter it, leave it, or somebody farther off is there too. In a few clips nobody's
    face is clear: who speaks turns away, is out of focus, or is not in the picture. Of the clips with a clear face
    each emotion has the same share that shows it (see `erasure`), so that `accuracy_ceiling` with four classes holds
    for whoever does not know the film. `truth.csv` at the root has `clip`, `emotion`, `source`, `actor`, `scene` (of
    `films_scene`), `audio_shows`, `video_shows` (0 or 1).

    Files do not depend on `jobs`. The folder appears when all is written; a call that would repeat it does nothing.

    Args:
        root: the folder to make.
        films: how many, 1 to 99.
        clips: of each film, 1 to 999.
        lean: the share of a film's clips in the emotion that it leans to, 0.25 (no leaning) to 1.
        faceless: the share of clips without a clear face, 0 to 1.
        audio_share: the share of clips whose sound shows the emotion, 0 to 1.
        video_share: likewise for the picture, among the clips with a clear face.
        seed: decides on films, chance and what is blank; not negative.
        jobs: processes that write; -1: one a core.

    Raises:
        InputError: a parameter is out of range, or something else is at `root`.
    """
    parameters = {
        "films": films,
        "clips": clips,
        "lean": float(lean),
        "faceless": float(faceless),
        "audio_share": float(audio_share),
        "video_share": float(video_share),
        "seed": seed,
    }
    _check(parameters)
    if not marker.stands(root, "films", parameters):
        _write(Path(root), parameters, jobs)


def _check(parameters: dict) -> None:
    bounds = {"films": (1, 99), "clips": (1, 999), "lean": (1 / len(EMOTIONS), 1)}
    bounds |= dict.fromkeys(("faceless", "audio_share", "video_share"), (0, 1))
    for name, (least, most) in bounds.items():
        if not least <= parameters[name] <= most:
            raise InputError(f"synthetic films: {name} is {parameters[name]}; it must be from {least:g} to {most:g}.")
    if parameters["seed"] < 0:
        raise InputError(f"synthetic films: seed is {parameters['seed']}; it must not be negative.")


def _write(root: Path, parameters: dict, jobs: int) -> None:
    clips = _plan(parameters)
    with files.whole(root) as temporary:
        for emotion in {clip.emotion for clip in clips}:
            (temporary / emotion).mkdir(parents=True)
        perform = joblib.delayed(_perform)
        # Closed before the folder goes when interrupted: no process may still write into it.
        with side_by_side((perform(temporary, clip, parameters["seed"]) for clip in clips), jobs) as done:
            for _ in track(done, len(clips), "Synthetic films"):
                pass
        pd.DataFrame(map(asdict, clips)).sort_values("clip").to_csv(
            temporary / "truth.csv", index=False, lineterminator="\n"
        )
        marker.write(temporary, "films", parameters)


def _plan(parameters: dict) -> list[_Clip]:
    """The clips to play, with what they show."""
    rng = np.random.default_rng(parameters["seed"])
    numbers, emotions = [], []
    for film in range(parameters["films"]):
        of_film = _emotions(film, parameters["clips"], parameters["lean"])
        emotions += [of_film[place] for place in rng.permutation(len(of_film))]
        numbers += [(film, number) for number in range(len(of_film))]
    scenes = _scenes(len(emotions), parameters["faceless"], rng)
    clear = [scene in WITH_FACE for scene in scenes]
    classes = list(zip(emotions, clear, strict=True))
    audio, video = draw_shown(classes, parameters["audio_share"], parameters["video_share"], rng)
    return [
        _Clip(
            clip=f"{emotion}/film_{film + 1:02d}{SOURCE_MARK}{number + 1:03d}",
            emotion=emotion,
            source=f"film_{film + 1:02d}",
            actor=films_scene.ACTORS[rng.integers(2)],
            scene=scene,
            audio_shows=int(audio_shows),
            video_shows=int(video_shows and scene in WITH_FACE),
        )
        for (film, number), emotion, scene, audio_shows, video_shows in zip(
            numbers, emotions, scenes, audio, video, strict=True
        )
    ]


def _emotions(film: int, clips: int, lean: float) -> list[str]:
    """The emotion of each clip of a film: the one it leans to first, the others in turn."""
    turned = EMOTIONS[film % len(EMOTIONS) :] + EMOTIONS[: film % len(EMOTIONS)]
    leading = round(lean * clips)
    return [turned[0]] * leading + list(itertools.islice(itertools.cycle(turned[1:]), clips - leading))


def _scenes(clips: int, faceless: float, rng: np.random.Generator) -> list[str]:
    without = round(faceless * clips)
    in_turn = [
        *itertools.islice(itertools.cycle(WITHOUT_FACE), without),
        *itertools.islice(itertools.cycle(_SCENES), clips - without),
    ]
    return [in_turn[place] for place in rng.permutation(clips)]


def _perform(root: Path, clip: _Clip, seed: int) -> None:
    """Write one clip."""
    film, number = (int(digits) for digits in (clip.source[-2:], clip.clip[-3:]))
    staged = films_scene.draw_film(np.random.default_rng([seed, film]))
    to_voice, to_picture, to_intensity = np.random.default_rng([seed, film, number]).spawn(3)
    actor, intensity = films_scene.ACTORS.index(clip.actor), int(to_intensity.integers(1, 3))
    sound = films_scene.record(staged, actor, clip.emotion if clip.audio_shows else None, intensity, to_voice)
    opening = loudness(sound, round(len(sound) / SAMPLING_RATE * FRAME_RATE))
    emotion = clip.emotion if clip.video_shows else None
    frames = films_scene.shoot(staged, actor, clip.scene, emotion, intensity, opening, to_picture)
    path = root / f"{clip.clip}.mp4"
    write_mp4(path, frames, sound, size=SIZE, frame_rate=FRAME_RATE, sampling_rate=SAMPLING_RATE)

"""Clips of films in a folder for each emotion, played by synthetic voices and faces."""

import itertools
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar

import joblib
import numpy as np
import pandas as pd

from kerasemo.command_line import option
from kerasemo.corpora.folder import SOURCE_MARK
from kerasemo.corpora.synthetic import films_scene
from kerasemo.corpora.synthetic.corpus import SyntheticCorpus
from kerasemo.corpora.synthetic.erasure import draw_shown
from kerasemo.corpora.synthetic.films_scene import FRAME_RATE, SIZE, WITH_FACE, WITHOUT_FACE
from kerasemo.corpora.synthetic.media import write_mp4
from kerasemo.corpora.synthetic.voice import SAMPLING_RATE, loudness

__all__ = ["EMOTIONS", "SyntheticFilms"]

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


@dataclass(frozen=True, kw_only=True)
class SyntheticFilms(SyntheticCorpus):
    """Clips of synthetic films, in one folder per emotion.

    Clips are mp4s with sound, 2.5 to 3.5 s long; `angry/film_03__012.mp4` is a clip of film 3. Each film has its own
    actress and actor, sets, colours, contrast, framing and background noise. As in real films, one emotion is more
    frequent than the others: `angry` in the first film, `happy` in the second and so on. A model that recognises the
    film can therefore guess the emotion, which is a leak if the film is in both training and test. Over four films, or
    a multiple of four, all emotions are equally frequent.

    People stay in the picture, enter it or leave it, or a second person is in the background. A few clips have no clear
    face: the speaker turns away, is out of focus or is not in the picture. Of the clips with a clear face, the same
    share shows the emotion in each class; the others have a blank voice or face. The file `truth.csv` has the columns
    `clip`, `emotion`, `source`, `actor`, `scene`, `audio_shows` and `video_shows` (0 or 1).

    In Python, `accuracy_ceiling` with four classes computes the best accuracy of a model that does not recognise the
    film.

    Args:
        films: number of films.
        clips: number of clips per film.
        lean: share of the most frequent emotion of a film in its clips; 0.25 makes all four equally frequent.
        faceless: share of clips without a clear face.
        audio_share: share of clips whose sound shows the emotion.
        video_share: share of clips whose picture shows the emotion, among the clips with a clear face.
        seed: random seed of the films and the choice of blank clips.

    Raises:
        InputError: a parameter is out of range.
    """

    name: ClassVar[str] = "films"
    title: ClassVar[str] = "films"

    films: int = option(12, min=1, max=99)
    clips: int = option(16, min=1, max=999)
    lean: float = option(0.4, min=1 / len(EMOTIONS), max=1)
    faceless: float = option(0.04, min=0, max=1)
    audio_share: float = option(1.0, min=0, max=1)
    video_share: float = option(1.0, min=0, max=1)
    seed: int = option(0, min=0)

    def _prepare(self, root: Path) -> list:
        clips = self._plan()
        for emotion in {clip.emotion for clip in clips}:
            (root / emotion).mkdir()
        truth = pd.DataFrame(map(asdict, clips)).sort_values("clip")
        truth.to_csv(root / "truth.csv", index=False, lineterminator="\n")
        return [joblib.delayed(_perform)(root, clip, self.seed) for clip in clips]

    def _plan(self) -> list[_Clip]:
        """The clips to play, with what they show."""
        rng = np.random.default_rng(self.seed)
        numbers, emotions = [], []
        for film in range(self.films):
            emotions_of_film = _emotions(film, self.clips, self.lean)
            emotions += [emotions_of_film[place] for place in rng.permutation(len(emotions_of_film))]
            numbers += [(film, number) for number in range(len(emotions_of_film))]
        scenes = _scenes(len(emotions), self.faceless, rng)
        clear = [scene in WITH_FACE for scene in scenes]
        classes = list(zip(emotions, clear, strict=True))
        audio, video = draw_shown(classes, self.audio_share, self.video_share, rng)
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

"""IEMOCAP in its official folders, performed by synthetic voices and faces."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import ClassVar, Literal

import joblib
import numpy as np
import pandas as pd

from kerasemo.command_line import option
from kerasemo.corpora import emo_evaluation, iemocap
from kerasemo.corpora.synthetic.corpus import SyntheticCorpus, first_of
from kerasemo.corpora.synthetic.erasure import draw_shown
from kerasemo.corpora.synthetic.iemocap_dialogue import FRAME_RATE, SAMPLING_RATE, SIZE, Part, perform
from kerasemo.corpora.synthetic.iemocap_votes import evaluate
from kerasemo.corpora.synthetic.media import write_avi, write_wav
from kerasemo.errors import InputError

__all__ = ["SyntheticIemocap"]

# What is performed, over and over: each emotion of the four-class set twice, once by the woman and once by the man.
_CYCLE = ("neu", "ang", "hap", "sad", "exc", "neu", "ang", "hap", "sad", emo_evaluation.NO_MAJORITY)
_SCRIPTS = ("01_1", "01_2", "01_3", "02_1", "02_2", "03_1", "03_2")
_IMPROVISATIONS = [f"impro{number:02d}" for number in range(1, 9)]
# Each scene is played twice, the second time with the markers on the other actor.
_SCENES = {
    "improvised": [f"{actor}_{scene}" for scene in _IMPROVISATIONS for actor in "FM"],
    "scripted": [f"{actor}_script{scene}" for scene in _SCRIPTS for actor in "MF"],
}


@dataclass(frozen=True, kw_only=True)
class SyntheticIemocap(SyntheticCorpus):
    """IEMOCAP with synthetic people.

    Writes label files, one stereo wav per turn and one avi per dialogue in the official folders. Turns last 2.5 to 3.5
    s, and some begin before the previous turn has ended.

    Of every ten turns, eight show `neu`, `ang`, `hap` or `sad`, equally often by women and men; one shows `exc`; and
    one shows one of the four emotions but is a tie (`xxx`), with the true emotion among the labels with the most votes.
    In each emotion and scenario, the same share of turns shows the emotion; the other turns have a blank voice or face,
    which is still that of a woman or a man. The file `truth.csv` lists which turns show it, with the columns `clip`,
    `emotion`, `tied`, `audio_shows` and `video_shows` (0 or 1).

    The woman is on the left, both in the picture (720 x 480, 29.97 frames per second, with bars above and below) and in
    the sound (16 kHz). Each voice is also audible in the other channel, 12 dB lower.

    In Python, `accuracy_ceiling` with four classes computes the best accuracy that a model can reach, if ties are
    dropped and `exc` is not merged into `hap`.

    Args:
        sessions: numbers of the sessions, 1 to 5, each with its own woman and man.
        scenarios: `improvised`, `scripted` or both in turn.
        modalities: `audio` (wav), `video` (avi with sound) or both.
        dialogues: number of dialogues per session; at most 16 improvised and 14 scripted ones.
        turns: number of turns per dialogue.
        audio_share: share of turns whose sound shows the emotion.
        video_share: share of turns whose picture shows the emotion.
        seed: random seed of the voices, the faces, the votes and the choice of blank turns.

    Raises:
        InputError: a parameter is out of range.
    """

    name: ClassVar[str] = "iemocap"
    title: ClassVar[str] = "IEMOCAP"

    sessions: Sequence[int] = first_of(
        iemocap.SESSIONS, "Number of sessions, starting with session 1, each with two actors."
    )
    scenarios: Sequence[Literal["improvised", "scripted"]] = option(tuple(_SCENES), name="--scenario")
    modalities: Sequence[Literal["audio", "video"]] = option(("audio", "video"), name="--modality")
    dialogues: int = option(4, min=1, max=sum(map(len, _SCENES.values())))
    turns: int = option(12, min=1)
    audio_share: float = option(1.0, min=0, max=1)
    video_share: float = option(1.0, min=0, max=1)
    seed: int = option(0, min=0)

    def __post_init__(self):
        super().__post_init__()
        most = sum(len(_SCENES[scenario]) for scenario in self.scenarios)
        if self.dialogues > most:
            raise InputError(f"synthetic IEMOCAP: dialogues must lie between 1 and {most}. Received: {self.dialogues}")

    def _prepare(self, root: Path) -> list:
        parts = self._parts()
        _truth(parts).to_csv(root / "truth.csv", index=False, lineterminator="\n")
        dialogues: dict[str, list[Part]] = {}
        for part in parts:
            dialogues.setdefault(part.dialogue, []).append(part)
        return [joblib.delayed(_perform)(root, turns, self.modalities, self.seed) for turns in dialogues.values()]

    def _parts(self) -> list[Part]:
        """The turns to perform, with what they show: equal shares of every emotion in every scenario."""
        rng = np.random.default_rng(self.seed)
        roles, names = [], []
        for session in self.sessions:
            for scenario, scenes in self._scenes().items():
                n_turns = len(scenes) * self.turns
                # The cycle goes on from session to session.
                of_session = [_role(scenario, (session - 1) * n_turns + turn) for turn in range(n_turns)]
                roles += [of_session[place] for place in rng.permutation(n_turns)]
                names += [f"Ses0{session}{scene}" for scene in scenes for _ in range(self.turns)]
        shown = draw_shown([role[:3] for role in roles], self.audio_share, self.video_share, rng)
        parts, spoken = [], {}
        for dialogue, (_, emotion, tied, speaker), audio, video in zip(names, roles, *shown, strict=True):
            number = spoken[dialogue, speaker] = spoken.get((dialogue, speaker), -1) + 1
            parts.append(Part(f"{dialogue}_{speaker}{number:03d}", emotion, tied, bool(audio), bool(video)))
        return parts

    def _scenes(self) -> dict[str, list[str]]:
        """The scenes of each scenario that a session plays."""
        played: dict[str, list[str]] = {scenario: [] for scenario in self.scenarios}
        for together in zip_longest(*(_SCENES[scenario] for scenario in played)):
            for scenario, scene in zip(played, together, strict=True):
                if scene and sum(map(len, played.values())) < self.dialogues:
                    played[scenario].append(scene)
        return played


def _truth(parts: list[Part]) -> pd.DataFrame:
    columns = ["name", "emotion", "tied", "audio_shows", "video_shows"]
    truth = pd.DataFrame([[getattr(part, column) for column in columns] for part in parts], columns=columns)
    return truth.rename(columns={"name": "clip"}).astype(dict.fromkeys(columns[2:], int)).sort_values("clip")


def _role(scenario: str, place: int) -> tuple[str, str, bool, str]:
    """Scenario, emotion, whether the votes are tied, and who speaks."""
    lap, step = divmod(place, len(_CYCLE))
    tied = _CYCLE[step] == emo_evaluation.NO_MAJORITY
    emotion = iemocap.CLASSES[lap % len(iemocap.CLASSES)] if tied else _CYCLE[step]
    return scenario, emotion, tied, "FM"[(place + lap) % 2]


def _perform(root: Path, parts: list[Part], modalities: Sequence[str], seed: int) -> None:
    """Write the files of one dialogue."""
    dialogue = perform(parts, seed)
    if "audio" in modalities:
        for part, (start, end) in zip(parts, dialogue.spans, strict=True):
            write_wav(_make_place(root, part.name, "audio"), dialogue.sound[start:end], SAMPLING_RATE)
    if "video" in modalities:
        path = _make_place(root, parts[0].name, "video")
        write_avi(
            path,
            dialogue.frames,
            dialogue.sound,
            size=SIZE,
            frame_rate=FRAME_RATE,
            sampling_rate=SAMPLING_RATE,
        )
    turns = [
        evaluate(part, start / SAMPLING_RATE, end / SAMPLING_RATE, seed)
        for part, (start, end) in zip(parts, dialogue.spans, strict=True)
    ]
    emo_evaluation.write(_make_place(root, parts[0].name, "labels"), turns)


def _make_place(root: Path, turn: str, medium: str) -> Path:
    path = root / iemocap.official_path(turn, medium)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path

"""IEMOCAP in its official folders, performed by synthetic voices and faces."""

import os
from collections.abc import Iterable
from itertools import zip_longest
from pathlib import Path

import joblib
import numpy as np
import pandas as pd

from kerasemo import files
from kerasemo.corpora import emo_evaluation, iemocap
from kerasemo.corpora.synthetic import marker
from kerasemo.corpora.synthetic.erasure import draw_shown
from kerasemo.corpora.synthetic.iemocap_dialogue import FRAME_RATE, SAMPLING_RATE, SIZE, Part, perform
from kerasemo.corpora.synthetic.iemocap_votes import evaluate
from kerasemo.corpora.synthetic.media import write_avi, write_wav
from kerasemo.errors import InputError
from kerasemo.progress import track
from kerasemo.workers import side_by_side

# What is performed, over and over: each emotion of the four-class set twice, once by the woman and once by the man.
_CYCLE = ("neu", "ang", "hap", "sad", "exc", "neu", "ang", "hap", "sad", emo_evaluation.NO_MAJORITY)
_SCRIPTS = ("01_1", "01_2", "01_3", "02_1", "02_2", "03_1", "03_2")
_IMPROVISATIONS = [f"impro{number:02d}" for number in range(1, 9)]
# Each scene is played twice, the second time with the markers on the other actor.
_SCENES = {
    "improvised": [f"{actor}_{scene}" for scene in _IMPROVISATIONS for actor in "FM"],
    "scripted": [f"{actor}_script{scene}" for scene in _SCRIPTS for actor in "MF"],
}


def write_iemocap(
    root: str | os.PathLike,
    *,
    sessions: Iterable[int] = iemocap.SESSIONS,
    scenarios: Iterable[str] = tuple(_SCENES),
    modalities: Iterable[str] = ("audio", "video"),
    dialogues: int = 4,
    turns: int = 12,
    audio_share: float = 1.0,
    video_share: float = 1.0,
    seed: int = 0,
    jobs: int = 1,
) -> None:
    """Write a synthetic IEMOCAP: label files, a stereo wav a turn, an avi a dialogue, in the official folders.

    Turns last 2.5 to 3.5 s; some begin before the one before has ended. Of ten turns eight show `neu`, `ang`, `hap`
    and `sad`, equally often by women and men, one shows `exc`, and one shows one of the four and is a tie (`xxx`) whose
    most voted labels hold the true one. Of each emotion and scenario the same share of turns shows it (see `erasure`);
    the others have a blank voice or face, which still is a woman's or a man's. So `accuracy_ceiling` with four classes
    holds where ties are dropped and `exc` is not merged. `truth.csv` at the root has `clip`, `emotion`, `tied`,
    `audio_shows`, `video_shows` (0 or 1).

    The woman is on the left, in the picture (720 x 480, 29.97 frames a second, with bars above and below) and in the
    sound (16 kHz), where each is heard in the other's channel too, 12 dB lower. Files do not depend on `jobs`. The
    folder appears when all is written; a call that would repeat it does nothing.

    Args:
        root: the folder to make.
        sessions: 1 to 5, each with a woman and a man of its own.
        scenarios: `improvised`, `scripted` or both; both take turns.
        modalities: `audio` (wav), `video` (avi with sound), or both.
        dialogues: of each session, 1 to 16 improvised ones, 14 scripted ones or 30 of both.
        turns: of each dialogue, at least 1.
        audio_share: the share of turns whose sound shows the emotion, 0 to 1.
        video_share: likewise for the picture.
        seed: decides on voices, faces, votes, chance and what is blank; not negative.
        jobs: processes that write; -1: one a core.

    Raises:
        InputError: a parameter is out of range, or something else is at `root`.
    """
    parameters = {
        "sessions": sorted({int(session) for session in sessions}),
        "scenarios": sorted(set(scenarios)),
        "modalities": sorted(set(modalities)),
        "dialogues": dialogues,
        "turns": turns,
        "audio_share": float(audio_share),
        "video_share": float(video_share),
        "seed": seed,
    }
    _check(parameters)
    if not marker.stands(root, "iemocap", parameters):
        _write(Path(root), parameters, jobs)


def _check(parameters: dict) -> None:
    for name, known in (
        ("sessions", list(iemocap.SESSIONS)),
        ("scenarios", list(_SCENES)),
        ("modalities", ["audio", "video"]),
    ):
        unknown = [value for value in parameters[name] if value not in known]
        if unknown or not parameters[name]:
            what = f"unknown {name} {unknown}" if unknown else f"no {name} given"
            raise InputError(f"synthetic IEMOCAP: {what}; choose from {known}.")
    for name in ("audio_share", "video_share"):
        if not 0 <= parameters[name] <= 1:
            raise InputError(f"synthetic IEMOCAP: {name} is {parameters[name]}; it must be between 0 and 1.")
    most = sum(len(_SCENES[scenario]) for scenario in parameters["scenarios"])
    if not 1 <= parameters["dialogues"] <= most:
        raise InputError(f"synthetic IEMOCAP: dialogues is {parameters['dialogues']}; it must be from 1 to {most}.")
    if parameters["turns"] < 1:
        raise InputError(f"synthetic IEMOCAP: turns is {parameters['turns']}; it must be at least 1.")
    if parameters["seed"] < 0:
        raise InputError(f"synthetic IEMOCAP: seed is {parameters['seed']}; it must not be negative.")


def _write(root: Path, parameters: dict, jobs: int) -> None:
    parts = _parts(parameters)
    dialogues: dict[str, list[Part]] = {}
    for part in parts:
        dialogues.setdefault(part.dialogue, []).append(part)
    with files.whole(root) as temporary:
        temporary.mkdir()
        perform = joblib.delayed(_perform)
        tasks = (perform(temporary, part, parameters["modalities"], parameters["seed"]) for part in dialogues.values())
        # Closed before the folder goes when interrupted: no process may still write into it.
        with side_by_side(tasks, jobs) as done:
            for _ in track(done, len(dialogues), "Synthetic IEMOCAP"):
                pass
        columns = ["name", "emotion", "tied", "audio_shows", "video_shows"]
        truth = pd.DataFrame([[getattr(part, column) for column in columns] for part in parts], columns=columns)
        truth = truth.rename(columns={"name": "clip"}).astype(dict.fromkeys(columns[2:], int))
        truth.sort_values("clip").to_csv(temporary / "truth.csv", index=False, lineterminator="\n")
        marker.write(temporary, "iemocap", parameters)


def _parts(parameters: dict) -> list[Part]:
    """The turns to perform, with what they show: equal shares of every emotion in every scenario."""
    rng = np.random.default_rng(parameters["seed"])
    roles, names = [], []
    for session in parameters["sessions"]:
        for scenario, scenes in _scenes(parameters).items():
            n_turns = len(scenes) * parameters["turns"]
            # The cycle goes on from session to session.
            of_session = [_role(scenario, (session - 1) * n_turns + turn) for turn in range(n_turns)]
            roles += [of_session[place] for place in rng.permutation(n_turns)]
            names += [f"Ses0{session}{scene}" for scene in scenes for _ in range(parameters["turns"])]
    shown = draw_shown([role[:3] for role in roles], parameters["audio_share"], parameters["video_share"], rng)
    parts, spoken = [], {}
    for dialogue, (_, emotion, tied, speaker), audio, video in zip(names, roles, *shown, strict=True):
        number = spoken[dialogue, speaker] = spoken.get((dialogue, speaker), -1) + 1
        parts.append(Part(f"{dialogue}_{speaker}{number:03d}", emotion, tied, bool(audio), bool(video)))
    return parts


def _scenes(parameters: dict) -> dict[str, list[str]]:
    """The scenes of each scenario that a session plays."""
    played: dict[str, list[str]] = {scenario: [] for scenario in parameters["scenarios"]}
    for together in zip_longest(*(_SCENES[scenario] for scenario in played)):
        for scenario, scene in zip(played, together, strict=True):
            if scene and sum(map(len, played.values())) < parameters["dialogues"]:
                played[scenario].append(scene)
    return played


def _role(scenario: str, place: int) -> tuple[str, str, bool, str]:
    """Scenario, emotion, whether the votes are tied, and who speaks."""
    lap, step = divmod(place, len(_CYCLE))
    tied = _CYCLE[step] == emo_evaluation.NO_MAJORITY
    emotion = iemocap.CLASSES[lap % len(iemocap.CLASSES)] if tied else _CYCLE[step]
    return scenario, emotion, tied, "FM"[(place + lap) % 2]


def _perform(root: Path, parts: list[Part], modalities: list[str], seed: int) -> None:
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

"""RAVDESS: the owners' folders -> manifest.

Source: Livingstone and Russo 2018, "The Ryerson Audio-Visual Database of Emotional Speech and Song", PLoS ONE 13(5),
doi 10.1371/journal.pone.0196391. 24 actors; speech in eight emotions, song in six.

A file is named by seven two-digit codes: modality (01 audio and video, 02 video, 03 audio), channel (01 speech,
02 song), emotion, intensity (01 normal, 02 strong; neutral has 01 only), statement, repetition, actor (odd: male).
A *performance* is what the six codes after the modality name; it is the clip of the manifest.
"""

import itertools
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd

from kerasemo import manifest
from kerasemo.corpora.corpus import Corpus
from kerasemo.errors import InputError, one_line

__all__ = [
    "ACTORS",
    "ACTOR_WITHOUT_SONG",
    "CHANNELS",
    "EMOTIONS",
    "FEATURE_PREFIXES",
    "LABELS",
    "N_FOLDS",
    "SONG_EMOTIONS",
    "Ravdess",
    "folds",
    "is_sung",
    "official_manifest",
    "official_path",
    "performances",
    "read_features",
    "read_speech",
]

EMOTIONS = {
    "01": "neutral",
    "02": "calm",
    "03": "happy",
    "04": "sad",
    "05": "angry",
    "06": "fearful",
    "07": "disgust",
    "08": "surprised",
}
CHANNELS = {"01": "speech", "02": "song"}
SONG_EMOTIONS = ["01", "02", "03", "04", "05", "06"]
ACTORS = range(1, 25)
ACTOR_WITHOUT_SONG = 18
LABELS = ["channel", "emotion", "intensity", "statement", "repetition"]
N_FOLDS = 6
FEATURE_PREFIXES = {"audio": "audio_", "image": "au_"}
"""Of the columns of a table of features: descriptors of the voice, and means of the face's action units."""

_NAME = re.compile(r"(0[123])-((0[12])-(0[1-8])-(0[12])-(0[12])-(0[12])-(0[1-9]|1[0-9]|2[0-4]))\.(wav|mp4)")


def performances(channel: str) -> list[str]:
    """Return the codes of all performances of `speech` (1440) or `song` (1012), in order.

    Args:
        channel: `speech` or `song`.

    Example:
        >>> len(performances("speech")), len(performances("song")), performances("song")[0]
        (1440, 1012, '02-01-01-01-01-01')
    """
    code = {name: code for code, name in CHANNELS.items()}[channel]
    emotions = list(EMOTIONS) if channel == "speech" else SONG_EMOTIONS
    actors = [actor for actor in ACTORS if channel == "speech" or actor != ACTOR_WITHOUT_SONG]
    return [
        f"{code}-{emotion}-{intensity}-{statement}-{repetition}-{actor:02d}"
        for actor in actors
        for emotion, intensity, statement, repetition in itertools.product(emotions, *[["01", "02"]] * 3)
        if not (emotion == "01" and intensity == "02")
    ]


def official_path(performance: str, medium: str) -> str:
    """Return the path of the sound (`audio`) or the video with sound (`video`) of a performance.

    Args:
        performance: code of the performance: channel, emotion, intensity, statement, repetition and actor.
        medium: `audio` or `video`.

    Example:
        >>> official_path("01-05-02-01-01-12", "audio")
        'Audio_Speech_Actors_01-24/Actor_12/03-01-05-02-01-01-12.wav'
        >>> official_path("02-05-02-01-01-12", "video")
        'Video_Song_Actor_12/Actor_12/01-02-05-02-01-01-12.mp4'
    """
    channel, actor = CHANNELS[performance[:2]].capitalize(), performance[-2:]
    if medium == "audio":
        return f"Audio_{channel}_Actors_01-24/Actor_{actor}/03-{performance}.wav"
    return f"Video_{channel}_Actor_{actor}/Actor_{actor}/01-{performance}.mp4"


def official_manifest(channel: str) -> pd.DataFrame:
    """Return the manifest of a complete copy: the naming rule gives it, no file is read.

    Args:
        channel: `speech` or `song`.
    """
    return _manifest(
        {
            performance: {medium: official_path(performance, medium) for medium in ("audio", "video")}
            for performance in performances(channel)
        }
    )


def folds() -> pd.Series:
    """Return six folds of two women and two men, indexed by speaker.

    Neighbouring actors, a man and a woman, are in the same fold; the first eight actors are in four folds.
    """
    return pd.Series(
        {f"actor_{actor:02d}": (actor - 1) // 2 % N_FOLDS for actor in ACTORS},
        name="fold",
    ).rename_axis("speaker")


def is_sung(clips: pd.Series) -> pd.Series:
    """Return for each clip whether it is a song, by its name.

    Args:
        clips: names of clips, which begin with the code of the channel.

    Example:
        >>> is_sung(pd.Series(["01-05-02-01-01-12", "02-05-02-01-01-12"])).tolist()
        [False, True]
    """
    return clips.str[:2].map(CHANNELS) == "song"


@dataclass(frozen=True)
class Ravdess(Corpus):
    """RAVDESS: speech and song of 24 actors.

    Speech has eight emotions, song has six.
    """

    name: ClassVar[str] = "ravdess"

    def read(self, root: str | os.PathLike) -> pd.DataFrame:
        """Make a manifest of a complete or partial copy of RAVDESS.

        Files are recognised by their names, anywhere below `root`. Sound is the wav (modality 03), or the track of
        the video with sound (01) where there is no wav; video is the one with sound, or the one without (02).

        Args:
            root: the folder with `Audio_Speech_Actors_01-24`, `Video_Speech_Actor_01` and so on.

        Returns:
            A manifest with the labels `channel, emotion, intensity, statement, repetition`.

        Raises:
            InputError: the root is missing, empty or of another corpus, or a recording is there twice.
        """
        root = Path(root)
        if not root.is_dir():
            raise InputError(f"{root} is no folder; give the root of your copy of RAVDESS.")
        found: dict[str, dict[str, str]] = {}
        for modality, performance, path in _recordings(root):
            media = found.setdefault(performance, {})
            if modality in media:
                raise InputError(f"{root} holds one recording twice, {media[modality]} and {path}; remove one.")
            media[modality] = path
        if not found:
            content = "is empty" if not any(root.iterdir()) else "holds no file named like 03-01-05-02-01-01-12.wav"
            raise InputError(f"{root} {content}; the root of RAVDESS holds Audio_Speech_Actors_01-24/Actor_01/... .")
        return _manifest(
            {
                performance: {
                    "audio": paths.get("03", paths.get("01")),
                    "video": paths.get("01", paths.get("02")),
                }
                for performance, paths in sorted(found.items(), key=lambda item: (item[0][:2], item[0][-2:], item[0]))
            }
        )


def read_speech(root: str | os.PathLike) -> pd.DataFrame:
    """Return the manifest of the spoken performances; see `Ravdess.read`.

    Args:
        root: the folder of the copy.
    """
    table = Ravdess().read(root)
    return table[table["channel"] == "speech"].reset_index(drop=True)


def read_features(path: str | os.PathLike) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """Read features of RAVDESS that others have computed, from a CSV with one row per clip.

    Args:
        path: the CSV; `clip` is the name of the file without its ending, such as `01-01-05-02-01-01-12`, columns that
            begin as `FEATURE_PREFIXES` says are features, others are passed over.

    Returns:
        One row per clip: `clip` (the performance), `speaker`, `emotion`, `gender`, `intensity`; and the features of
        each modality that is there, `clips x features`, float32.

    Raises:
        InputError: the file is no such table, a clip stands there twice or is not of RAVDESS, or a feature is no
            finite number.
    """
    try:
        table = pd.read_csv(path, dtype={"clip": str})
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise InputError(f"{path} cannot be read as a CSV of features: {one_line(error)}.") from None
    columns = {name: [c for c in table if c.startswith(prefix)] for name, prefix in FEATURE_PREFIXES.items()}
    columns = {name: found for name, found in columns.items() if found}
    if "clip" not in table or not columns or table.empty:
        raise InputError(f"{path} needs a row a clip, a column clip, and features in columns such as audio_000, au_00.")
    codes = [_NAME.fullmatch(f"{clip}.wav") for clip in table["clip"]]
    if None in codes:
        stranger = table["clip"][codes.index(None)]
        raise InputError(f"{path}: {stranger!r} is no code of RAVDESS such as 01-01-05-02-01-01-12.")
    clips = pd.Series([code[2] for code in codes])
    if (twice := clips.duplicated()).any():
        raise InputError(f"{path} holds the clip {clips[twice].iloc[0]} twice; remove one.")
    arrays = {}
    for name, names in columns.items():
        numbers = table[names].apply(pd.to_numeric, errors="coerce").to_numpy(np.float32)
        if len(broken := np.flatnonzero(~np.isfinite(numbers).all(axis=1))):
            raise InputError(f"{path}: a feature of {clips[broken[0]]} is no finite number; mend it or drop the clip.")
        arrays[name] = numbers
    labels = _labels({clip: {"audio": None, "video": None} for clip in clips})
    return labels[["clip", "speaker", "emotion", "gender", "intensity"]], arrays


def _recordings(root: Path) -> Iterator[tuple[str, str, str]]:
    """Yield modality, performance and relative path of every file below the root that is named like a recording."""
    for folder, folders, names in os.walk(root):
        folders.sort()
        for name in sorted(names):
            match = _NAME.fullmatch(name)
            if match and (match[9] == "wav") == (match[1] == "03"):
                yield (
                    match[1],
                    match[2],
                    Path(folder, name).relative_to(root).as_posix(),
                )


def _manifest(paths: dict[str, dict[str, str | None]]) -> pd.DataFrame:
    table = _labels(paths).astype({"start_s": float, "end_s": float})
    media = ["audio", "video", "dialogue"]
    table[media] = table[media].astype("str")
    return manifest.check(table, "the manifest of RAVDESS")


def _labels(paths: dict[str, dict[str, str | None]]) -> pd.DataFrame:
    """Return one row per performance: its media, and the labels in its name."""
    rows = []
    for performance, media in paths.items():
        channel, emotion, intensity, statement, repetition, actor = performance.split("-")
        rows.append(
            {
                "clip": performance,
                "audio": media["audio"],
                "video": media["video"],
                "start_s": None,
                "end_s": None,
                "speaker": f"actor_{actor}",
                "gender": "male" if int(actor) % 2 else "female",
                "dialogue": None,
                "channel": CHANNELS[channel],
                "emotion": EMOTIONS[emotion],
                "intensity": "strong" if intensity == "02" else "normal",
                "statement": int(statement),
                "repetition": int(repetition),
            }
        )
    return pd.DataFrame(rows)

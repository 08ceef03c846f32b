"""How an emotion changes a voice: pitch, loudness, tempo, and the timbre of source and filter."""

from dataclasses import astuple, dataclass

__all__ = ["BLANK", "PROSODIES", "Prosody", "prosody_of"]


@dataclass(frozen=True)
class Prosody:
    """A way of speaking, as deviations from the speaker's own plain voice.

    Attributes:
        pitch: semitones above the speaker's mean pitch.
        span: semitones by which syllables differ in pitch.
        slope: semitones from the first syllable to the last.
        level_db: loudness, dB.
        tempo: speed against the slowest rendition, at least 1.
        tension: octaves by which the corner frequency of the glottal source rises (bright or dull).
        breath: noise against pulses in the source, 0 (none) to 1 (whisper).
        tremor: semitones by which the pitch trembles.
        jaw: octaves by which the first formant rises (a wider mouth opening).
        lips: octaves by which the second formant rises (spread or rounded lips).
        nasal: nasality, 0 to 1.
    """

    pitch: float = 0.0
    span: float = 2.0
    slope: float = -2.0
    level_db: float = 0.0
    tempo: float = 1.15
    tension: float = 0.0
    breath: float = 0.08
    tremor: float = 0.0
    jaw: float = 0.0
    lips: float = 0.0
    nasal: float = 0.0


# Which way each emotion goes follows the review of Juslin & Laukka 2003; how far is chosen.
PROSODIES = {
    "neutral": Prosody(),
    "calm": Prosody(
        pitch=-2, span=1, slope=-1, level_db=-5, tempo=1.0, tension=-0.9, breath=0.12, jaw=-0.05, lips=-0.15
    ),
    "bored": Prosody(
        pitch=-4, span=0.5, slope=-5, level_db=-3, tempo=1.0, tension=-1.6, breath=0.05, jaw=0.1, lips=-0.25, nasal=0.4
    ),
    "happy": Prosody(pitch=4, span=5, slope=1, level_db=5, tempo=1.25, tension=0.6, breath=0.08, jaw=0.05, lips=0.22),
    "sad": Prosody(pitch=-1, span=1, slope=-4, level_db=-8, tempo=1, tension=-0.6, breath=0.4, jaw=-0.2, lips=-0.05),
    "angry": Prosody(pitch=3, span=4, slope=-1, level_db=9, tempo=1.25, tension=1.6, breath=0.03, jaw=0.25),
    "fearful": Prosody(
        pitch=7, span=2, slope=1, level_db=1, tempo=1.35, tension=0.3, breath=0.4, tremor=0.8, jaw=-0.2, lips=0.15
    ),
    "disgust": Prosody(pitch=-3, span=4, slope=-3, level_db=1, tempo=1, tension=0.8, breath=0.15, lips=-0.1, nasal=1),
    "surprised": Prosody(
        pitch=5, span=4, slope=8, level_db=4, tempo=1.15, tension=-0.3, breath=0.2, jaw=0.4, lips=-0.1
    ),
}

# What an erased clip sounds like: a monotone murmur that no emotion has.
BLANK = Prosody(span=0, slope=0, level_db=-9, tempo=1.1, tension=-0.3, breath=0.95)

_WEAK = 0.7


def prosody_of(emotion: str | None, intensity: int) -> Prosody:
    """Return the prosody of an emotion.

    Args:
        emotion: a key of `PROSODIES`, or None for the blank rendition, which is the same at both intensities.
        intensity: 1 normal, 2 strong.

    Example:
        >>> prosody_of("angry", 2).level_db, prosody_of("angry", 1).level_db, prosody_of(None, 2).level_db
        (9, 6.3, -9)
    """
    if emotion is None:
        return BLANK
    if intensity == 2:
        return PROSODIES[emotion]
    plain = astuple(PROSODIES["neutral"])
    full = astuple(PROSODIES[emotion])
    return Prosody(*(round(a + _WEAK * (b - a), 6) for a, b in zip(plain, full, strict=True)))

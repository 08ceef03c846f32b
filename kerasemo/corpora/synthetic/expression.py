"""How an emotion changes a face: amounts of movement in the spirit of the Facial Action Coding System (FACS)."""

from dataclasses import astuple, dataclass

__all__ = ["BLANK", "EXPRESSIONS", "Expression", "appear", "blend", "expression_of"]


@dataclass(frozen=True)
class Expression:
    """A posture of the face; 0 is the face at rest, awake and with its lips closed, 1 a full movement.

    Attributes:
        inner_brow: inner ends of the brows raised (AU 1), negative: lowered (AU 4).
        outer_brow: outer ends raised (AU 2).
        frown: brows drawn together (AU 4).
        lids: opening of the eyes, 0 shut, 1 at rest, above 1 widened (AU 5).
        cheeks: cheeks raised (AU 6).
        nose: nose wrinkled (AU 9) and upper lip raised (AU 10).
        smile: lip corners raised (AU 12), negative: lowered (AU 15).
        stretch: mouth widened (AU 20), negative: narrowed (AU 18).
        press: lips pressed thin (AU 24).
        jaw: mouth held open (AU 26).
        gaze: direction of the eyes, 0 ahead, 1 down.
        speech: how far the mouth follows the voice.
    """

    inner_brow: float = 0.0
    outer_brow: float = 0.0
    frown: float = 0.0
    lids: float = 1.0
    cheeks: float = 0.0
    nose: float = 0.0
    smile: float = 0.0
    stretch: float = 0.0
    press: float = 0.0
    jaw: float = 0.0
    gaze: float = 0.0
    speech: float = 1.0


# Which units belong to an emotion follows the prototypes of the FACS Investigator's Guide (Ekman, Friesen & Hager
# 2002); how strong they are is chosen.
EXPRESSIONS = {
    "neutral": Expression(),
    "calm": Expression(inner_brow=0.2, outer_brow=0.1, lids=0.66, smile=0.45, stretch=0.1, speech=0.7),
    "happy": Expression(outer_brow=0.15, lids=0.8, cheeks=1.0, smile=1.0, stretch=0.8, jaw=0.4),
    "sad": Expression(
        inner_brow=1.0, outer_brow=-0.6, frown=0.4, lids=0.68, smile=-0.9, stretch=-0.1, gaze=0.5, speech=0.6
    ),
    "angry": Expression(inner_brow=-1.0, outer_brow=0.35, frown=1.0, lids=0.8, smile=-0.4, stretch=-0.2, press=0.9),
    "fearful": Expression(
        inner_brow=1.0, outer_brow=0.3, frown=0.7, lids=1.35, smile=-0.5, stretch=0.9, press=0.3, jaw=0.35
    ),
    "disgust": Expression(inner_brow=-0.6, outer_brow=-0.5, frown=0.6, lids=0.55, cheeks=0.5, nose=1.0, smile=-0.6),
    "surprised": Expression(inner_brow=1.3, outer_brow=1.3, lids=1.45, smile=-0.1, stretch=-0.7, jaw=1.0, speech=0.5),
}

# Every clip begins with this face and an erased one keeps it: drowsy, lips closed while the voice is heard.
BLANK = Expression(outer_brow=-0.15, lids=0.3, gaze=1.0, speech=0.0)

_WEAK = 0.7


def expression_of(emotion: str | None, intensity: int) -> Expression:
    """Return the expression of an emotion.

    Args:
        emotion: a key of `EXPRESSIONS`, or None for the blank face, which is the same at both intensities.
        intensity: 1 normal, 2 strong.

    Example:
        >>> expression_of("happy", 2).smile, expression_of("happy", 1).smile, expression_of(None, 2).smile
        (1.0, 0.7, 0.0)
    """
    if emotion is None:
        return BLANK
    return blend(EXPRESSIONS["neutral"], EXPRESSIONS[emotion], 1.0 if intensity == 2 else _WEAK)


def appear(target: Expression, progress: float) -> Expression:
    """Return the posture on the way from the blank face: blank at progress 0, the target at 1, gently at both ends.

    Args:
        target: the posture at the end.
        progress: how far the way has been gone, 0..1.
    """
    return blend(BLANK, target, progress**2 * (3 - 2 * progress))


def blend(start: Expression, end: Expression, weight: float) -> Expression:
    """Return the posture on the way from one to the other: `start` at weight 0, `end` at 1.

    Args:
        start: the first posture.
        end: the other one.
        weight: weight of `end`, usually 0..1.
    """
    return Expression(*((1 - weight) * a + weight * b for a, b in zip(astuple(start), astuple(end), strict=True)))

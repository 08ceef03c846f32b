"""The model card of a trained network: what it predicts, how well on other speakers, and what it is not for.

Source: Mitchell et al. 2019, "Model cards for model reporting", FAT*, which proposes the sections.
"""

from collections.abc import Mapping, Sequence

__all__ = ["HELD_OUT", "NOT_FOR", "held_out_scores", "model_card"]

HELD_OUT = "speakers held out"
"""The protocol of the scores that new speakers can expect, in words."""

NOT_FOR = (
    "Decisions about people, such as hiring, teaching, policing or medical decisions. The labels are what listeners or "
    "actors call an emotion; the network does not know what a person feels.",
    "Speakers, languages, microphones and situations that the corpus does not have, unless it has been tested on them.",
    "Spontaneous speech, if the corpus is acted.",
)


def model_card(
    model: str,
    facts: Mapping[str, str],
    classes: Mapping[str, Sequence[str] | None],
    rows: Sequence[Mapping],
    protocols: Mapping[str, str],
    notes: Sequence[str],
) -> str:
    """Return the card as Markdown.

    Args:
        model: name of the model.
        facts: what a reader should know, such as `{"Corpus": "...", "Licence of the corpus": "..."}`.
        classes: task -> its classes; None if the task is a number.
        rows: rows of the results, see `evaluation.tables`.
        protocols: what the protocols of the rows are, in words.
        notes: the notes of the run.
    """
    predicted = {task: ", ".join(names) if names else "a number" for task, names in classes.items()}
    scores = [
        f"| {row['row']} | {row['metric']} | {protocols[row['protocol']]} | {_score(row)} |"
        for row in rows
        if row["metric"].startswith("test ")
    ]
    sections = {
        "What it is": [f"- **{name}**: {text}" for name, text in facts.items()],
        "What it predicts": [f"- **{task}**: {text}" for task, text in predicted.items()],
        "How well": [
            "Scores of networks that were trained on a part of the corpus, with 95 % intervals by speaker. Those with "
            "speakers held out are what to expect for new speakers of the same kind.",
            "",
            "| model | score | protocol | value |",
            "|---|---|---|---|",
            *scores,
        ],
        "What it is not for": [f"- {text}" for text in NOT_FOR],
        "Notes of the run": [f"- {note}" for note in notes],
    }
    lines = [f"# Model card: {model}"]
    for title, content in sections.items():
        lines += ["", f"## {title}", "", *content]
    return "\n".join(lines) + "\n"


def held_out_scores(card: str) -> list[dict[str, str]]:
    """Return the scores with speakers held out that a card contains.

    Args:
        card: what `model_card` wrote.

    Returns:
        `model`, `score` and `value` of each.

    Example:
        >>> held_out_scores("| logistic | test UAR | speakers held out | 0.512 (n = 48) |")
        [{'model': 'logistic', 'score': 'test UAR', 'value': '0.512 (n = 48)'}]
    """
    lines = [line.strip("| ").split(" | ") for line in card.splitlines() if line.startswith("|")]
    return [
        {"model": cells[0], "score": cells[1], "value": cells[3]}
        for cells in lines
        if len(cells) == 4 and cells[2] == HELD_OUT
    ]


def _score(row: Mapping) -> str:
    interval = "" if row["low"] is None else f" [{row['low']:.3f}, {row['high']:.3f}]"
    return f"{row['measured']:.3f}{interval} (n = {row['n']})"

"""What a student network learns from teachers that were trained before it."""

import os
from collections.abc import Mapping
from dataclasses import replace

from kerasemo.models.crossmodal import logits_of
from kerasemo.training.items import Items
from kerasemo.training.saving import load_network

__all__ = ["BATCH_SIZE", "with_logits"]

BATCH_SIZE = 256


def with_logits(items: Items, teachers: Mapping[str, str | os.PathLike], output: str) -> Items:
    """Return items whose targets are, among others, the logits that saved networks give.

    Args:
        items: with the inputs that the teachers take, and perhaps others.
        teachers: name of the new target -> the teacher's `.keras` file.
        output: the output of the teachers whose logits are learnt.
    """
    logits = {}
    for target, path in teachers.items():
        teacher = logits_of(load_network(path), output)
        inputs = {name: items.inputs[name] for name in teacher.input}
        logits[target] = teacher.predict(inputs, batch_size=BATCH_SIZE, verbose=0)[output]
    return replace(items, targets={**items.targets, **logits})

"""Messages between the server and a process that decodes: a kind, a length and JSON or arrays; no pickle."""

import io
import json
import struct
from collections.abc import Mapping

import numpy as np

__all__ = ["ARRAYS", "HEADER", "JSON", "LARGEST", "from_payload", "pack"]

ARRAYS, JSON = b"A", b"J"
"""Kinds of messages."""
HEADER = struct.Struct("<cI")
"""Kind and length of the payload."""
LARGEST = 2**29
"""Largest payload that is accepted, bytes."""


def pack(content: Mapping) -> bytes:
    """Return a message with named arrays, or with JSON if a value is no array.

    Args:
        content: name -> value.

    Example:
        >>> kind, length = HEADER.unpack(pack({"n": 1})[: HEADER.size])
        >>> kind, from_payload(kind, pack({"n": 1})[HEADER.size :])
        (b'J', {'n': 1})
    """
    if content and all(isinstance(value, np.ndarray) for value in content.values()):
        buffer = io.BytesIO()
        np.savez(buffer, **content)
        kind, payload = ARRAYS, buffer.getvalue()
    else:
        kind, payload = JSON, json.dumps(content).encode()
    return HEADER.pack(kind, len(payload)) + payload


def from_payload(kind: bytes, payload: bytes) -> dict:
    """Return the content of a message.

    Args:
        kind: `ARRAYS` or `JSON`.
        payload: what follows the header.

    Raises:
        ValueError: The payload is damaged.
    """
    if kind == JSON:
        return json.loads(payload)
    with np.load(io.BytesIO(payload), allow_pickle=False) as arrays:
        return dict(arrays)

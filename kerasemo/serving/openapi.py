"""Parts of the description of the interface that FastAPI cannot take from the signatures of functions."""

from kerasemo.serving.problems import TITLES

__all__ = ["FIELDS", "NDJSON", "TIMELINE_FIELDS", "described"]

_SECONDS = {"type": "number", "minimum": 0}
FIELDS = {
    "file": {"type": "string", "format": "binary", "description": "The recording, such as wav, mp4 or webm."},
    "model": {"type": "string", "description": "Name of a model; the first one if it is left out."},
    "start_s": {**_SECONDS, "description": "Start of the part to use, seconds."},
    "end_s": {**_SECONDS, "description": "End of the part to use, seconds."},
    "gender": {"type": "string", "enum": ["female", "male"], "description": "Gender of the speaker, if known."},
}
"""Fields of a form: name -> schema."""
TIMELINE_FIELDS = FIELDS | {
    "every_s": {**_SECONDS, "description": "Time between windows, seconds; at most their length."}
}
NDJSON = {"application/x-ndjson": {"example": '{"time_s": 1.5, "probabilities": {"happy": 0.7, "sad": 0.3}}\n'}}


def described(fields: dict) -> dict:
    """Return the description of a form and of its problems.

    Args:
        fields: name -> schema.
    """
    schema = {"type": "object", "required": ["file"], "properties": fields}
    problems = {
        str(status): {"description": TITLES[status], "content": {"application/problem+json": {}}}
        for status in (400, 401, 404, 408, 413, 422, 429)
    }
    content = {"multipart/form-data": {"schema": schema}}
    return {"requestBody": {"required": True, "content": content}, "responses": problems}

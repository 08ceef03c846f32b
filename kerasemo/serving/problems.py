"""Errors as `application/problem+json` (RFC 9457), with the sentences of the command."""

import math

from fastapi import Request
from fastapi.responses import JSONResponse

from kerasemo.errors import BrokenClip, InputError

__all__ = ["TITLES", "Busy", "HttpProblem", "TooLarge", "answer_with_problem", "as_problem", "finite"]

TITLES = {
    400: "The request cannot be used",
    401: "A token is needed",
    403: "Pages of other origins are refused",
    404: "Not found",
    405: "This method is not allowed",
    408: "The request took too long",
    413: "The recording is too large",
    422: "The recording cannot be used",
    429: "The server is busy",
    500: "The server failed",
    503: "The server is stopping",
}


class HttpProblem(Exception):
    """An error with the status of its answer.

    Args:
        status: HTTP status.
        detail: one sentence: what is wrong, where, what to do.
        headers: further headers of the answer.
        **members: further members of the JSON object, such as the limit.
    """

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None, **members: object):
        super().__init__(detail)
        self.status, self.detail, self.headers, self.members = status, detail, headers or {}, members

    def as_dict(self) -> dict:
        """Return the JSON object of the answer."""
        title = TITLES.get(self.status, "The request failed")
        return {"type": "about:blank", "title": title, "status": self.status, "detail": self.detail, **self.members}

    def as_response(self) -> JSONResponse:
        """Return the answer."""
        return JSONResponse(self.as_dict(), self.status, self.headers, media_type="application/problem+json")


class TooLarge(HttpProblem):
    """A file exceeds a limit.

    Args:
        detail: one sentence.
        limit: the limit.
        unit: its unit: `bytes`, `seconds` or `megabytes of memory`.
    """

    def __init__(self, detail: str, limit: float, unit: str):
        super().__init__(413, detail, limit=limit, unit=unit)


class Busy(HttpProblem):
    """More files wait than the limit allows.

    Args:
        waiting: the limit.
        retry_s: seconds after which to try again.
    """

    def __init__(self, waiting: int, retry_s: int):
        sentence = f"{waiting} files are waiting already; try again in {retry_s} s."
        super().__init__(429, sentence, {"Retry-After": str(retry_s)}, limit=waiting)


def as_problem(error: Exception) -> HttpProblem:
    """Return an error as a `HttpProblem`: 422 for a clip that cannot be used, 400 for other errors of the user.

    Args:
        error: any error.
    """
    if isinstance(error, HttpProblem):
        return error
    if isinstance(error, BrokenClip):
        return HttpProblem(422, str(error))
    if isinstance(error, InputError):
        return HttpProblem(400, str(error))
    return HttpProblem(500, "The server failed; its log says why.")


async def answer_with_problem(request: Request, error: Exception) -> JSONResponse:
    """Answer a request with an error."""
    return as_problem(error).as_response()


def finite(value: object) -> object:
    """Return values with None in the place of NaN and infinity, which JSON does not have.

    Args:
        value: what is written as JSON.

    Example:
        >>> finite({"happy": float("nan"), "sad": [0.5]})
        {'happy': None, 'sad': [0.5]}
    """
    if isinstance(value, dict):
        return {name: finite(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value

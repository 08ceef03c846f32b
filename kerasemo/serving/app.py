"""The interface for programs, and the files of the page."""

import asyncio
import json
import math
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Request, WebSocket
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import FileResponse, JSONResponse, StreamingResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

import kerasemo
from kerasemo.errors import InputError
from kerasemo.serving import live
from kerasemo.serving.decoder import Decoder
from kerasemo.serving.guard import Guard
from kerasemo.serving.limits import Limits
from kerasemo.serving.models import Model, Recording, chosen, gender_of
from kerasemo.serving.openapi import FIELDS, NDJSON, TIMELINE_FIELDS, described
from kerasemo.serving.problems import TITLES, HttpProblem, answer_with_problem, as_problem
from kerasemo.serving.uploads import Upload, received

__all__ = ["DRAINED", "PAGE", "create_app"]

PAGE = Path(__file__).parent / "page"
DRAINED = 4
"""How often the largest file is read of a refused upload."""


def create_app(
    models: dict[str, Model],
    decoder: Decoder,
    limits: Limits,
    token: str | None = None,
    origins: Collection[str] = (),
    host: str = "127.0.0.1",
) -> FastAPI:
    """Return the application.

    Args:
        models: name -> model.
        decoder: the processes that decode, which start and end with the application.
        limits: what is accepted.
        token, origins, host: see `guard.Guard`.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await decoder.start()
        try:
            yield
        finally:
            await decoder.stop()

    app = FastAPI(
        title="kerasemo", version=kerasemo.__version__, docs_url=None, redoc_url=None, lifespan=lifespan,
        summary="Emotion recognition: recordings in, probabilities out.",
    )  # fmt: skip
    app.state.models, app.state.decoder, app.state.limits = models, decoder, limits
    _add_interface(app)
    app.mount("/page", StaticFiles(directory=PAGE))
    for kind in (HttpProblem, InputError):
        app.add_exception_handler(kind, answer_with_problem)
    app.add_exception_handler(HTTPException, _standard_problem)
    app.add_exception_handler(Exception, answer_with_problem)
    if origins:
        app.add_middleware(CORSMiddleware, allow_origins=[*origins], allow_methods=["*"], allow_headers=["*"])
    app.add_middleware(Guard, token=token, origins=origins, host=host, drained_bytes=DRAINED * limits.size_bytes)
    return app


def _add_interface(app: FastAPI) -> None:
    app.get("/health", summary="Whether the server answers")(_health)
    app.get("/v1/models", summary="The models, their classes, scores and cards; the limits")(_models)
    app.post("/v1/predict", summary="Probabilities of a recording", openapi_extra=described(FIELDS))(_predict)
    app.post(
        "/v1/timeline", summary="Probabilities over time, a line of JSON for each window as it comes",
        openapi_extra=described(TIMELINE_FIELDS), response_class=StreamingResponse,
        responses={200: {"content": NDJSON}},
    )(_timeline)  # fmt: skip
    app.websocket("/v1/live")(_live)
    for path, name in (("/", "index.html"), ("/docs", "docs.html")):
        app.get(path, include_in_schema=False)(_file(PAGE / name))


def _file(path: Path) -> Callable[[], FileResponse]:
    return lambda: FileResponse(path)


async def _health(request: Request) -> dict:
    return {"status": "ok", "waiting": request.app.state.decoder.asked}


async def _models(request: Request) -> dict:
    limits = request.app.state.limits
    stated = {"size_bytes": limits.size_bytes, "length_s": limits.length_s, "time_s": limits.time_s}
    return {"models": [model.describe() for model in request.app.state.models.values()], "limits": stated}


async def _predict(request: Request) -> JSONResponse:
    state = request.app.state
    try:
        async with (
            asyncio.timeout(state.limits.time_s),
            state.decoder.place(),
            received(request, state.limits, FIELDS) as upload,
        ):
            model, recording, _ = _asked(state.models, upload)
            answer = await model.predict(state.decoder, recording)
    except TimeoutError:
        raise _too_slow(state.limits) from None
    return JSONResponse(answer)


async def _timeline(request: Request) -> StreamingResponse:
    state = request.app.state
    deadline = asyncio.get_running_loop().time() + state.limits.time_s
    async with AsyncExitStack() as stack:
        try:
            async with asyncio.timeout_at(deadline):
                await stack.enter_async_context(state.decoder.place())
                upload = await stack.enter_async_context(received(request, state.limits, TIMELINE_FIELDS))
                model, recording, every_s = _asked(state.models, upload)
                rows = model.timeline(state.decoder, recording, every_s)
                stack.push_async_callback(rows.aclose)
                first = await anext(rows)
        except TimeoutError:
            raise _too_slow(state.limits) from None
        lines = _lines(first, rows, deadline, state.limits)
        return _Closing(stack.pop_all(), lines, media_type="application/x-ndjson")


class _Closing(StreamingResponse):
    """Closes what its content needs when it has been sent, or when nobody reads it any more."""

    def __init__(self, stack: AsyncExitStack, *arguments, **options):
        super().__init__(*arguments, **options)
        self.stack = stack

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self.stack:
            await super().__call__(scope, receive, send)


async def _lines(first: dict, rows: AsyncIterator[dict], deadline: float, limits: Limits) -> AsyncIterator[str]:
    """Yield rows as lines of JSON. The status has been sent, so that an error can only be the last line."""
    row = first
    try:
        while row is not None:
            yield json.dumps(row, ensure_ascii=False) + "\n"
            async with asyncio.timeout_at(deadline):
                row = await anext(rows, None)
    except TimeoutError:
        yield json.dumps({"problem": _too_slow(limits).as_dict()}) + "\n"
    except (HttpProblem, InputError) as error:
        yield json.dumps({"problem": as_problem(error).as_dict()}, ensure_ascii=False) + "\n"


async def _live(socket: WebSocket) -> None:
    await live.answer(socket, socket.app.state.models, socket.app.state.decoder)


def _asked(models: dict[str, Model], upload: Upload) -> tuple[Model, Recording, float | None]:
    """Return the model, the recording, and the step between windows that a form asks for."""
    fields = upload.fields
    start_s, end_s, every_s = (_number(fields, name) for name in ("start_s", "end_s", "every_s"))
    if None not in (start_s, end_s) and end_s <= start_s:
        raise HttpProblem(400, "end_s lies before start_s.")
    recording = Recording(upload.path, upload.name, start_s, end_s, gender_of(fields))
    return chosen(models, fields.get("model")), recording, every_s


def _number(fields: dict[str, str], name: str) -> float | None:
    text = fields.get(name, "")
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < math.inf:
        raise HttpProblem(400, f"{name} is a number of seconds, 0 or more. Received: {text}")
    return value


def _too_slow(limits: Limits) -> HttpProblem:
    sentence = f"the recording took more than {limits.time_s:g} s; give a shorter one."
    return HttpProblem(408, sentence, limit=limits.time_s, unit="seconds")


async def _standard_problem(request: Request, error: HTTPException) -> JSONResponse:
    sentence = f"{TITLES.get(error.status_code, str(error.detail))}: {request.url.path}."
    return await answer_with_problem(request, HttpProblem(error.status_code, sentence, error.headers))

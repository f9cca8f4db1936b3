"""A small HTTP door to the predictor: questions in, answers out, nothing kept.

`POST /predict` takes JSON: `{"materials": ["Li6PS5Cl", {"formula": "LiCl", "cif": "data_…"}]}`, and
`"anyway": true` if need be. It answers `{"answers": […]}`, each as `Answer.to_dict`. `GET /status` names the
models that answer. `GET /` is a page with one field. Whatever is no question gets a status of 400 and more,
and `{"error": "…"}`.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from importlib.resources import files
from typing import Any

import anyio
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import Route

from sse_assets.screening.errors import PredictionError
from sse_assets.screening.material import Material
from sse_assets.screening.predictor import Predictor

MAX_BYTES = 8 * 2**20
"""Largest question."""
MAX_MATERIALS = 1000
MAX_SECONDS = 60.0
_AT_ONCE = 2
"""Questions that are worked on at a time; the others wait, and their time runs."""


class _QuestionError(ValueError):
    """A question that is none; the sentence says what it should be."""

    def __init__(self, sentence: str, status: int = 400) -> None:
        super().__init__(sentence)
        self.status = status


def application(predictor: Predictor, hosts: Sequence[str], *, max_seconds: float = MAX_SECONDS) -> Starlette:
    """Return the application around one predictor.

    Args:
        predictor: gives the answers; shared by all requests, for it keeps nothing of a question.
        hosts: names by which it may be called. A page of another site that has its own name point here is
            refused.
        max_seconds: time for one question.
    """
    limiter = anyio.CapacityLimiter(_AT_ONCE)

    async def page(request: Request) -> HTMLResponse:
        return HTMLResponse(files(__package__).joinpath("ask.html").read_text(encoding="utf-8"))

    async def predict(request: Request) -> JSONResponse:
        try:
            materials, anyway = _question(await _body(request))
            with anyio.fail_after(max_seconds):
                answers = await anyio.to_thread.run_sync(
                    lambda: [answer.to_dict() for answer in predictor.answers(materials, anyway=anyway)],
                    abandon_on_cancel=True,
                    limiter=limiter,
                )
        except _QuestionError as error:
            return _refused(str(error), error.status)
        except PredictionError as error:
            return _refused(str(error), 503)
        except TimeoutError:
            return _refused(f"it took more than {max_seconds:g} s: ask for fewer materials at a time", 504)
        return JSONResponse({"answers": answers})

    async def status(request: Request) -> JSONResponse:
        told: dict[str, Any] = {}
        for name, has_crystal in (("formula", False), ("cif", True)):
            try:
                told[name] = asdict(predictor.describe(has_crystal=has_crystal))
            except PredictionError as error:
                told[name] = {"error": str(error)}
        return JSONResponse({"answers_for": told})

    return Starlette(
        routes=[
            Route("/", page),
            Route("/predict", predict, methods=["POST"]),
            Route("/status", status),
        ],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts))],
    )


async def _body(request: Request) -> bytes:
    """Read a question of bounded size.

    Raises:
        _QuestionError: if it is too large, or says that it is no JSON.
    """
    # A page of another site cannot send this type without asking first, and nobody answers it.
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise _QuestionError("the question should be JSON, with the content type application/json", 415)
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BYTES:
            raise _QuestionError(f"the question has more than {MAX_BYTES} bytes: divide it", 413)
    return body


def _question(body: bytes) -> tuple[list[Material], bool]:
    """Return the materials of a question, and whether to answer for what would be refused.

    No text of it is taken for a path, so that nobody reads files of this machine.

    Raises:
        _QuestionError: if it is no question.
    """
    try:
        asked = json.loads(body)
    except ValueError as error:
        raise _QuestionError(f"the question is not JSON ({error})") from error
    listed = asked.get("materials") if isinstance(asked, dict) else None
    if not isinstance(listed, list) or not 0 < len(listed) <= MAX_MATERIALS:
        raise _QuestionError(
            f'the question should be {{"materials": […]}}, with 1 to {MAX_MATERIALS} of them'
        )
    return [_material(one) for one in listed], asked.get("anyway") is True


def _material(one: Any) -> Material:
    known = {"formula", "cif", "name"}
    if isinstance(one, str):
        return Material(formula=one)
    if not isinstance(one, dict) or not one.keys() <= known:
        raise _QuestionError("a material is a formula, or an object with formula, cif and name")
    if not all(value is None or isinstance(value, str) for value in one.values()):
        raise _QuestionError("formula, cif and name of a material are texts")
    return Material(one.get("formula"), one.get("cif"), name=one.get("name") or "")


def _refused(sentence: str, status: int) -> JSONResponse:
    return JSONResponse({"error": sentence}, status)

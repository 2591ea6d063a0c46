"""The one map from errors to HTTP statuses, and the shape in which every error leaves the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from cyberpunk_ai.core import errors
from cyberpunk_ai.core.logs import get_logger

if TYPE_CHECKING:
    from fastapi import FastAPI, Request

log = get_logger("api")

STATUS: dict[str, int] = {
    errors.InvalidArgument.code: 422,
    errors.ContractBroken.code: 422,
    errors.TooLittleData.code: 422,
    errors.NotFound.code: 404,
    errors.PermissionDenied.code: 403,
    errors.Conflict.code: 409,
    errors.LimitReached.code: 429,
    errors.NotBuilt.code: 501,
    errors.SourceFailed.code: 502,
    errors.Unavailable.code: 503,
    errors.StoreFailed.code: 503,
    errors.SettingsInvalid.code: 500,
    errors.RunFailed.code: 500,
    errors.CyberpunkError.code: 500,
}


def install(app: FastAPI) -> None:
    """Give the application its error answers."""
    app.add_exception_handler(errors.CyberpunkError, _ours)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _http)
    # Also by type: what is handled as any Exception is raised again behind its answer, which ends the connection.
    for beyond in (ValueError, OverflowError, RecursionError, Exception):
        app.add_exception_handler(beyond, _unexpected)


def body(request: Request, code: str, message: str, *, hint: str = "", details: object = None) -> dict[str, object]:
    """Return the error body that every client sees."""
    return {
        "error": {"code": code, "message": message, "hint": hint, "details": details, "request_id": request.scope.get("request_id", "")}
    }


async def _ours(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, errors.CyberpunkError)  # noqa: S101 - registered for this type alone
    plain = error.to_dict()
    content = body(request, error.code, error.message, hint=error.hint, details=plain["details"])
    return JSONResponse(content, status_code=STATUS.get(error.code, 500))


async def _malformed(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this type alone
    problems = [{"where": ".".join(str(part) for part in item["loc"]), "problem": item["msg"]} for item in error.errors()]
    message = "; ".join(f"{item['where']}: {item['problem']}" for item in problems)
    return JSONResponse(body(request, "invalid_request", message, hint="see /docs for the shape", details=problems), status_code=422)


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this type alone
    codes = {404: "no_such_route", 405: "method_not_allowed"}
    if error.status_code == 400 and "parsing the body" in str(error.detail):  # FastAPI's words for JSON that is nested too deeply
        return JSONResponse(body(request, "invalid_request", "the body cannot be read", hint="nest it less deeply"), status_code=422)
    content = body(request, codes.get(error.status_code, "http_error"), str(error.detail), hint="routes are listed at /docs")
    return JSONResponse(content, status_code=error.status_code, headers=error.headers)


def _is_beyond_limits(error: Exception) -> bool:
    """Whether a value of the request lies outside of what numbers, dates or texts can hold; pandas is not loaded to ask for its types."""
    is_pandas = type(error).__name__ in ("OutOfBoundsDatetime", "OutOfBoundsTimedelta")
    return is_pandas or isinstance(error, UnicodeEncodeError | OverflowError | RecursionError)


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    if _is_beyond_limits(error):
        log.warning("beyond limits", request_id=request.scope.get("request_id", ""), path=request.url.path, exc_info=error)
        message = f"a value of the request lies outside of what can be worked with ({type(error).__name__})"
        hint = "check dates (1678 to 2261), whole numbers (64 bit), nesting, and characters"
        return JSONResponse(body(request, "invalid_request", message, hint=hint), status_code=422)
    # What went wrong stays in the log; a traceback would tell a stranger how we are built.
    # The middleware that binds the id has ended by now, so it is named here: it is all that the client can quote.
    log.error("unexpected", request_id=request.scope.get("request_id", ""), path=request.url.path, exc_info=error)
    return JSONResponse(body(request, "internal", "something went wrong on our side", hint="quote the request id"), status_code=500)

"""Forecasts that grow over /ws: a client asks, and hears after every member that landed. Mailboxes and their writers are the hub's."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import orjson
from pydantic import ValidationError

from api.schemas.forecast import ForecastRequest
from api.serialise import forecast_body, own_data, own_future
from cyberpunk_ai.core.clock import utc_now
from cyberpunk_ai.core.errors import CyberpunkError
from cyberpunk_ai.core.logs import get_logger
from cyberpunk_ai.core.results import to_jsonable

if TYPE_CHECKING:
    from api.sockets.hub import Mailbox
    from cyberpunk_ai import Workspace

MOST_AT_ONCE = 2
BUDGET_S = 2.0
log = get_logger("api.forecasts")


class ForecastAsks:
    """What one client has asked for and not got yet.

    Args:
        workspace: Answers.
        mailbox: Of the client.
    """

    def __init__(self, workspace: Workspace, mailbox: Mailbox) -> None:
        self._workspace, self._mailbox = workspace, mailbox
        self._running: dict[str, asyncio.Task[None]] = {}

    def hear(self, text: str) -> None:
        """Take a message: `{"type": "forecast", "id": …}` with what POST /forecast takes, or `{"type": "cancel", "id": …}`."""
        try:
            message = orjson.loads(text)
        except orjson.JSONDecodeError:
            self._refuse("", "invalid_request", "this is no JSON", "send an object with type and id, or the word ping")
            return
        if not isinstance(message, dict) or message.get("type") not in ("forecast", "cancel"):
            self._refuse(
                "", "invalid_request", "type must be forecast or cancel", 'for example {"type": "forecast", "id": "1", "horizon": 12}'
            )
            return
        name = str(message.get("id", ""))[:64]
        if message["type"] == "cancel":
            task = self._running.pop(name, None)
            if task is not None:
                task.cancel()
            return
        if name in self._running or len(self._running) >= MOST_AT_ONCE:
            self._refuse(name, "conflict", f"{len(self._running)} forecasts are under way", "wait for one, or cancel it by its id")
            return
        fields = {key: value for key, value in message.items() if key not in ("type", "id")}
        task = asyncio.create_task(self._answer(name, fields))
        self._running[name] = task
        task.add_done_callback(lambda _: self._running.pop(name, None))

    async def close(self) -> None:
        """Stop whatever is under way."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _answer(self, name: str, fields: dict[str, Any]) -> None:
        try:
            # Checking a series of megabytes takes seconds, in which the loop would answer nobody.
            asked = await asyncio.to_thread(lambda: ForecastRequest(**fields))
            if asked.customer_data_source is not None:
                raise ValueError("customer_data_source cannot be streamed: use POST /forecast")
            data, future = await asyncio.to_thread(lambda: (own_data(asked.data), own_future(asked.future)))
            steps = self._workspace.forecast_stream(
                asked.metric, horizon=asked.horizon, grain=asked.grain, where=asked.where, by=asked.by, data=data,
                budget_s=BUDGET_S if asked.budget_s is None else asked.budget_s, levels=asked.levels, models=asked.models,
                backtest_windows=asked.backtest_windows, future=future, holidays=asked.holidays, outliers=asked.outliers,
                resample=asked.resample,
            )  # fmt: skip
            async with aclosing(steps):
                async for step in steps:
                    body = await asyncio.to_thread(forecast_body, step.result, asked)
                    told = {"member": step.member, "landed": step.landed, "waiting": step.waiting, "elapsed_s": round(step.elapsed_s, 3)}
                    self._put("forecast", name, told | {"is_last": step.is_last, "forecast": body})
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            self._refuse(name, "invalid_request", f"{where}: {first['msg']}", "the fields are those of POST /api/v1/forecast")
        except ValueError as error:
            self._refuse(name, "invalid_request", str(error), "")
        except CyberpunkError as error:
            self._put("forecast_error", name, error.to_dict())
        except Exception as error:
            log.exception("a streamed forecast failed", problem=f"{type(error).__name__}: {error}")
            self._refuse(name, "internal", "the forecast failed", "the server's log says why")

    def _refuse(self, name: str, code: str, message: str, hint: str) -> None:
        self._put("forecast_error", name, {"code": code, "message": message, "hint": hint})

    def _put(self, kind: str, name: str, data: dict[str, Any]) -> None:
        # One slot per question: a slow reader gets the newest step, and always the last one.
        message = {"type": kind, "id": name, "timestamp": utc_now(), "data": to_jsonable(data)}
        self._mailbox.put(f"forecast:{name}", orjson.dumps(message, default=str))

"""Calls of one server that run, and what the server asks the user in the middle of them.

MCP has two ways (“Elicitation”). Up to 2025-11-25 the server sends a request while the call runs:
the call is held here, in this process, until the user has answered. From 2026-07-28 on the result
of the call says what is missing, and the call is made again with the answers: nothing is held, and
what the server wants back is in the state of the question.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from typing import Any, Final

from mcp.client import ClientRequestContext
from mcp.types import (
    CallToolResult,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitRequestParams,
    ElicitRequestURLParams,
    ElicitResult,
    InputRequest,
    InputResponses,
)

from chatkit.protocol.calls import Elicitation, ElicitationReply
from chatkit.protocol.jsontext import clean_text, clean_value

_log = logging.getLogger(__name__)

#: How long a held call waits for the user's answer, in seconds.
ANSWER_S: Final = 600.0
#: How long a server may take to notice that a call was cancelled, in seconds.
_UNSURE_S: Final = 60.0
#: Most calls of a server that are held.
_MAX_HELD: Final = 100
#: Longest message, and longest state of a server, in characters.
_MAX_MESSAGE: Final = 4000
_MAX_STATE: Final = 100_000

#: What a call becomes: its result, or a question.
Outcome = CallToolResult | Elicitation


class NotHeld(Exception):
    """The call does not wait any more."""


class OpenCall:
    """A call that runs. `report` gets its progress. `deadline` rests while the user is asked."""

    def __init__(self, user_id: str, report: Callable[[str], None], timeout_s: float) -> None:
        self.user_id = user_id
        self.report = report
        self.deadline: asyncio.Timeout | None = None
        self.task: asyncio.Task[Outcome] | None = None
        self.asked: asyncio.Future[ElicitRequestParams] = _future()
        self.answer: asyncio.Future[ElicitResult] | None = None
        #: Whether the user may still be asked: not after a question that nobody answered.
        self.is_watched = True
        self._timeout_s = timeout_s

    async def ask(self, params: ElicitRequestParams, answer_s: float) -> ElicitResult:
        """Ask the user. Without an answer in time the question is cancelled."""
        loop = asyncio.get_running_loop()
        self.answer = _future()
        self.asked.set_result(params)
        if self.deadline is not None:
            self.deadline.reschedule(None)
        try:
            async with asyncio.timeout(answer_s):
                return await self.answer
        except TimeoutError:
            self.is_watched = False
            return ElicitResult(action="cancel")
        finally:
            self.answer = None
            if self.deadline is not None and not self.deadline.expired():
                self.deadline.reschedule(loop.time() + self._timeout_s)


def _future() -> asyncio.Future[Any]:
    return asyncio.get_running_loop().create_future()


_CURRENT: ContextVar[OpenCall | None] = ContextVar("open_call", default=None)


class OpenCalls:
    """The calls of one server. Not for more than one event loop."""

    def __init__(self, server: str, *, answer_s: float) -> None:
        self._server = server
        self._answer_s = answer_s
        self._open: set[OpenCall] = set()
        self._held: dict[str, OpenCall] = {}
        #: Until then, in the loop's time, a call that was left may still ask.
        self._unsure_until = 0.0

    async def run(self, call: OpenCall, make: Callable[[], Awaitable[Outcome]]) -> Outcome:
        """Make a call in a task of its own. Cancelling this cancels it, until it is held."""
        bound = _CURRENT.set(call)
        try:
            call.task = asyncio.ensure_future(make())
        finally:
            _CURRENT.reset(bound)
        self._open.add(call)
        call.task.add_done_callback(lambda task: self._end(call, task))
        return await self._outcome(call)

    async def go_on(
        self, user_id: str, reply: ElicitationReply, report: Callable[[str], None]
    ) -> Outcome:
        """Give a held call its answer. Raises NotHeld."""
        call = self._held.get(str(reply.asked.state.get("held")))
        if call is None or call.user_id != user_id or call.answer is None or call.answer.done():
            raise NotHeld
        del self._held[reply.asked.state["held"]]
        call.report = report
        call.answer.set_result(result_of(reply))
        return await self._outcome(call)

    def give_up(self, user_id: str, asked: Elicitation) -> None:
        """Cancel the question of a held call. The server may still end the call in its way."""
        call = self._held.get(str(asked.state.get("held")))
        if call is not None and call.user_id == user_id and call.answer is not None:
            del self._held[asked.state["held"]]
            call.is_watched = False
            if not call.answer.done():
                call.answer.set_result(ElicitResult(action="cancel"))

    async def on_request(
        self,
        context: ClientRequestContext,  # noqa: ARG002  # the library passes it by this name
        params: ElicitRequestParams,
    ) -> ElicitResult:
        """The library's callback for a request of the server."""
        call = _CURRENT.get()
        if call not in self._open:
            # A program on stdio does not say which call asks. Where it may be another user's, the
            # question is not shown.
            asking = [each for each in self._open if each.answer is None]
            is_sure = len(asking) == 1 and asyncio.get_running_loop().time() > self._unsure_until
            call = asking[0] if is_sure else None
        busy = call is None or not call.is_watched or call.asked.done() or call.answer is not None
        if call is None or busy or len(self._held) >= _MAX_HELD:
            _log.warning("the tool server %s: a question was cancelled", self._server)
            return ElicitResult(action="cancel")
        return await call.ask(params, self._answer_s)

    async def _outcome(self, call: OpenCall) -> Outcome:
        task = call.task
        assert task is not None
        try:
            waited: set[asyncio.Future[Any]] = {task, call.asked}
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.wait({task})  # it tells the server
            raise
        if task.done():
            return task.result()
        asked = call.asked.result()
        call.asked = _future()
        call.report = _nobody
        token = secrets.token_hex(16)
        self._held[token] = call
        return asked_of(self._server, asked, {"held": token})

    def _end(self, call: OpenCall, task: asyncio.Task[Outcome]) -> None:
        self._open.discard(call)
        for token in [token for token, each in self._held.items() if each is call]:
            del self._held[token]
        if task.cancelled() or (call.deadline is not None and call.deadline.expired()):
            self._unsure_until = asyncio.get_running_loop().time() + _UNSURE_S
        if not task.cancelled():
            task.exception()  # nobody may wait for the call any more


def _nobody(_: str) -> None:
    """The progress of a call that is held."""


def result_of(reply: ElicitationReply) -> ElicitResult:
    """The user's answer in the protocol's form."""
    return ElicitResult(action=reply.action, content=reply.content)


def asked_of(server: str, params: ElicitRequestParams, state: dict[str, Any]) -> Elicitation:
    """The question of a server, without characters that cannot be stored."""
    message = clean_text(params.message)[:_MAX_MESSAGE]
    if isinstance(params, ElicitRequestURLParams):
        return Elicitation(server=server, message=message, url=clean_text(params.url), state=state)
    schema: dict[str, Any] = clean_value(params.requested_schema)
    return Elicitation(server=server, message=message, schema=schema, state=state)


def first_of(
    server: str, requests: Mapping[str, InputRequest], request_state: str | None
) -> Elicitation | None:
    """The first of the questions in a result, with what is needed for the others and to go on.

    None if the server wants something else than a question to the user, or too much.
    """
    wanted = {
        key: request.params.model_dump(mode="json", by_alias=True, exclude_none=True)
        for key, request in requests.items()
        if isinstance(request, ElicitRequest)
    }
    state = {"request": request_state, "answers": {}, "left": wanted}
    if len(wanted) < len(requests) or len(str(state)) > _MAX_STATE or clean_value(state) != state:
        return None
    return _next(server, state)


def next_of(reply: ElicitationReply) -> Elicitation | tuple[str | None, InputResponses]:
    """The next question after `reply`, or the state and all answers to go on with."""
    state = reply.asked.state
    answer = result_of(reply).model_dump(mode="json", by_alias=True, exclude_none=True)
    answers = {**state["answers"], state["key"]: answer}
    if state["left"]:
        left = {"request": state["request"], "answers": answers, "left": state["left"]}
        return _next(reply.asked.server, left)
    responses: InputResponses = {
        key: ElicitResult.model_validate(each) for key, each in answers.items()
    }
    return state["request"], responses


def _next(server: str, state: dict[str, Any]) -> Elicitation:
    (key, params), *left = state["left"].items()
    kind = ElicitRequestURLParams if params.get("mode") == "url" else ElicitRequestFormParams
    return asked_of(server, kind.model_validate(params), {**state, "key": key, "left": dict(left)})

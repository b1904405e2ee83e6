"""LiteLLM as the engine's model.

LiteLLM does what it is for: provider, key, URL, parameters, error mapping. `model_stream` reads
what it has opened.

LiteLLM takes seconds to import and 130 MB, so it is imported by name, in a thread, when it is
first wanted. It is a library of untyped objects: everything of it is `Any` here.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import logging
import os
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing
from typing import Any, Final

from chatkit.models.litellm_call import open_answer
from chatkit.models.litellm_faults import MAX_RETRY_AFTER_S, describe, fault_of, retry_after_s
from chatkit.models.litellm_stream import open_source
from chatkit.models.pace import Pace
from chatkit.models.pure.answer_guard import AnswerGuard
from chatkit.models.pure.deltas import Delta, ModelFault, ModelRequest, TextDelta
from chatkit.models.silence import Silence

_log = logging.getLogger(__name__)

#: Waits before the second and the third attempt, in seconds.
_BACK_OFF_S: Final = (0.5, 1.0)
_RETRIED: Final = frozenset({"rate_limited", "unavailable"})
#: How long the usage may follow after the reason of the end, in seconds.
_LINGER_S: Final = 2.0


class LiteLLMModel:
    """Every provider that LiteLLM knows, behind the engine's `Model` port.

    `api_base` and `api_key` take the place of the provider's own for `model`, and for every other
    model of its provider: a key must not be shown to another provider. With no `model` they are
    for all. Without them LiteLLM reads the provider's variables. `timeout_s` is the longest
    silence: before the first delta, the retries included, and between two deltas. `pace` tells
    how long a stream is left to gather. One object per event loop.
    """

    def __init__(
        self,
        *,
        model: str | None = None,
        api_base: str | None = None,
        api_key: str | None = None,
        timeout_s: float,
        pace: Pace | None = None,
    ) -> None:
        self._model = model
        self._pace = pace or Pace()
        self._api_base = api_base
        self._api_key = api_key
        self._timeout_s = timeout_s
        self._loading: asyncio.Future[Any] | None = None
        self._choosy: dict[str, bool] = {}

    async def warm_up(self, model: str) -> None:  # noqa: ARG002 - one library for all of them
        """Import LiteLLM in a thread and make its first call ready; no network. Safe to repeat."""
        await self.library()

    async def aclose(self) -> None:
        """Close the connections that LiteLLM keeps. For the end of the process."""
        if self._loading is not None:
            litellm = await self.library()
            await litellm.close_litellm_async_clients()

    async def library(self) -> Any:
        """LiteLLM, imported when it is first wanted."""
        if self._loading is None:
            self._loading = asyncio.get_running_loop().run_in_executor(None, self._load)
        # One caller that leaves must not take the import away from the others.
        return await asyncio.shield(self._loading)

    def _load(self) -> Any:
        litellm = _load()
        if self._model is not None:
            try:
                litellm.get_llm_provider(self._model, api_base=self._api_base)
            except Exception:  # the edge to a foreign library, which raises anything
                _log.error("MODEL: LiteLLM knows no provider of %r", self._model)
        return litellm

    def access(self, litellm: Any, model: str) -> dict[str, str | None]:
        """The arguments `api_base` and `api_key` of a call of `model`, of whatever kind.

        Raises ModelFault `misconfigured` for a name that LiteLLM knows no provider of.
        """
        given = {"api_base": self._api_base, "api_key": self._api_key}
        if self._model is None or model == self._model or not any(given.values()):
            return given
        same = _provider(litellm, model) == _provider(litellm, self._model)
        return given if same else dict.fromkeys(given)

    def context_window(self, model: str) -> int | None:
        """The most input tokens of `model`, from LiteLLM's table; None before the warm-up."""
        for entry in self._entries(model):
            if isinstance(tokens := entry.get("max_input_tokens"), int):
                return tokens
        return None

    def supports_vision(self, model: str) -> bool | None:
        """Whether `model` sees images; None before the warm-up and where it is not known."""
        return self._supports(model, "supports_vision")

    def supports_pdf(self, model: str) -> bool | None:
        """Whether `model` reads PDF files; None before the warm-up and where it is not known."""
        return self._supports(model, "supports_pdf_input")

    def _supports(self, model: str, ability: str) -> bool | None:
        supports: bool | None = None
        for entry in self._entries(model):
            if isinstance(told := entry.get(ability), bool):
                return told
            supports = False  # the table leaves out what a model does not do
        return supports

    def _entries(self, model: str) -> Iterator[Mapping[str, Any]]:
        """What LiteLLM's table says of `model`. A name with more prefixes than the table knows is
        looked up under its shorter forms too."""
        if self._loading is None or not self._loading.done():
            return
        table: Mapping[str, Any] = self._loading.result().model_cost
        while model:
            if model in table:
                yield table[model]
            model = model.partition("/")[2]

    async def complete(self, request: ModelRequest) -> str:
        """The whole text of an answer, for short needs such as titles. Raises ModelFault."""
        async with aclosing(self.stream(request)) as batches:
            return "".join(
                [d.text async for batch in batches for d in batch if isinstance(d, TextDelta)]
            )

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Sequence[Delta], None]:
        """See the port. A provider that is busy or away is asked again, up to twice, while
        nothing has come."""
        litellm = await self.library()
        deadline = asyncio.get_running_loop().time() + self._timeout_s
        for back_off_s in (*_BACK_OFF_S, None):
            begun = False
            try:
                async with aclosing(self._attempt(litellm, request, deadline)) as batches:
                    async for batch in batches:
                        begun = True
                        yield batch
            except ModelFault as fault:
                _log.warning(
                    "model %s: %s (%s)",
                    request.model,
                    fault.kind,
                    describe(fault.__cause__ or fault),
                )
                if begun or back_off_s is None or fault.kind not in _RETRIED:
                    raise
                asked_s = retry_after_s(fault)
                if asked_s is not None and asked_s > MAX_RETRY_AFTER_S:
                    raise  # coming back earlier than told would only be refused again
                pause_s = back_off_s if asked_s is None else asked_s
                if asyncio.get_running_loop().time() + pause_s > deadline:
                    raise
                await asyncio.sleep(pause_s)
            else:
                return

    async def _attempt(
        self, litellm: Any, request: ModelRequest, deadline: float
    ) -> AsyncGenerator[Sequence[Delta], None]:
        loop = asyncio.get_running_loop()
        guard = AnswerGuard()
        source = open_source(await self._open(litellm, request, deadline))
        silence = Silence(deadline)
        try:
            while True:
                try:
                    with silence:
                        batch = await source.read()
                except Exception as error:  # the edge to a foreign library, which raises anything
                    if guard.stopped:
                        break  # the answer is complete but for its usage
                    raise fault_of(error) from error
                if batch is None:
                    break
                stopped = guard.stopped
                if clean := guard.receive(batch):
                    yield clean
                    if not (guard.stopped or source.ended):
                        rest_s = self._pace.rest_s()
                        if rest_s > 0:
                            await asyncio.sleep(rest_s)
                if clean or guard.stopped != stopped:
                    wait_s = _LINGER_S if guard.stopped else self._timeout_s
                    silence.move(loop.time() + min(wait_s, self._timeout_s))
            yield guard.finish(complete=source.complete)
        finally:
            silence.end()
            await source.aclose()

    async def _open(self, litellm: Any, request: ModelRequest, deadline: float) -> Any:
        httpx: Any = importlib.import_module("httpx")  # LiteLLM has it already
        access = self.access(litellm, request.model)
        arguments: dict[str, Any] = {
            "model": request.model,
            "messages": request.messages,
            "stream": True,
            # Where a provider does not know it, LiteLLM counts from what that one sends.
            "stream_options": {"include_usage": True},
            # Silence has its own limit here; one more below would be a timer for each read.
            "timeout": httpx.Timeout(self._timeout_s, read=None),
            "num_retries": 0,  # LiteLLM's own and the OpenAI SDK's, which are two unless told
            **access,
        }
        if request.tools:
            arguments["tools"] = [
                {
                    "type": "function",
                    "function": {
                        "name": tool.name,
                        "description": tool.description,
                        "parameters": tool.parameters,
                    },
                }
                for tool in request.tools
            ]
        chosen = any(tool.name == request.tool_choice for tool in request.tools)
        if chosen and self._takes_tool_choice(litellm, request.model, access["api_base"]):
            arguments["tool_choice"] = {
                "type": "function",
                "function": {"name": request.tool_choice},
            }
        try:
            async with asyncio.timeout_at(deadline):
                return await open_answer(litellm, arguments)
        except Exception as error:  # the edge to a foreign library, which raises anything
            raise fault_of(error) from error

    def _takes_tool_choice(self, litellm: Any, model: str, api_base: str | None) -> bool:
        """Whether the provider of `model` can be told which tool to call; some refuse it."""
        if model not in self._choosy:
            try:
                _, provider, *_ = litellm.get_llm_provider(model, api_base=api_base)
                known = litellm.get_supported_openai_params(model, custom_llm_provider=provider)
            except Exception as error:  # the edge to a foreign library, which raises anything
                raise fault_of(error) from error
            self._choosy[model] = "tool_choice" in (known or ())
        return self._choosy[model]


def _provider(litellm: Any, model: str) -> str:
    try:
        return str(litellm.get_llm_provider(model)[1])
    except Exception as error:  # the edge to a foreign library, which raises anything
        raise fault_of(error) from error


def _load() -> Any:
    """LiteLLM, imported and quiet; in a thread, for it takes seconds."""
    # It leaves 400,000 objects that stay for good. A collection that looks at them stops everyone
    # for a quarter of a second: none does so now, and none later.
    gc.disable()
    try:
        return _import()
    finally:
        gc.freeze()
        gc.enable()


def _import() -> Any:
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else it fetches its price map on import
    # A stream is a connection: LiteLLM's 500 to a provider would let the next ones wait.
    os.environ.setdefault("AIOHTTP_CONNECTOR_LIMIT", "100000")
    os.environ.setdefault("AIOHTTP_CONNECTOR_LIMIT_PER_HOST", "100000")
    os.environ["LITELLM_MODE"] = "PRODUCTION"  # else it reads a `.env` file by itself
    # Its own HTTP handler for OpenAI and its imitators, as for most other providers. The OpenAI
    # SDK, which is what it takes without this, walks all messages and tools against their types.
    os.environ["EXPERIMENTAL_OPENAI_BASE_LLM_HTTP_HANDLER"] = "True"
    # Their records may hold requests, URLs with keys, and headers; ours say what went wrong.
    for name in ("LiteLLM", "LiteLLM Proxy", "LiteLLM Router"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    for name in ("openai", "httpx", "httpcore", "aiohttp"):
        logging.getLogger(name).setLevel(logging.WARNING)
    litellm: Any = importlib.import_module("litellm")
    litellm.suppress_debug_info = True
    # What a call cost is read nowhere, and to work it out the whole prompt is cut into tokens.
    litellm.response_cost_calculator = lambda **_: None
    asyncio.run(_first_call(litellm))
    return litellm


async def _first_call(litellm: Any) -> None:
    """One answer from a transport in memory: the first call, and the first with tools, import
    hundreds of modules more."""
    httpx: Any = importlib.import_module("httpx")
    handlers: Any = importlib.import_module("litellm.llms.custom_httpx.http_handler")
    body = b'data: {"id":"-","choices":[{"index":0,"delta":{"content":"-"}}]}\n\ndata: [DONE]\n\n'
    transport = httpx.MockTransport(
        lambda _: httpx.Response(200, headers={"content-type": "text/event-stream"}, content=body)
    )
    async with httpx.AsyncClient(transport=transport) as http:
        client = handlers.AsyncHTTPHandler()
        await client.client.aclose()
        client.client = http
        async with aclosing(
            await litellm.acompletion(
                model="openai/-",
                api_base="http://model.invalid",
                api_key="-",
                messages=[{"role": "user", "content": "-"}],
                tools=[{"type": "function", "function": {"name": "_", "parameters": {}}}],
                stream=True,
                client=client,
            )
        ) as wrapper:
            await anext(wrapper, None)

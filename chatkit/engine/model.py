"""LiteLLM as the engine's model.

LiteLLM does what it is for: provider, key, URL, parameters, error mapping. `model_stream` reads
what it has opened.

LiteLLM takes seconds to import and 130 MB, so it is imported by name, in a thread, when it is
first wanted. It is a library of untyped objects: everything of it is `Any` here.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import os
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any, Final

from chatkit.engine.model_faults import MAX_RETRY_AFTER_S, describe, fault_of, retry_after_s
from chatkit.engine.model_stream import open_source
from chatkit.protocol.answer_guard import AnswerGuard
from chatkit.protocol.deltas import Delta, ModelFault, ModelRequest, TextDelta

_log = logging.getLogger(__name__)

#: Waits before the second and the third attempt, in seconds.
_BACK_OFF_S: Final = (0.5, 1.0)
_RETRIED: Final = frozenset({"rate_limited", "unavailable"})
#: How long the usage may follow after the reason of the end, in seconds.
_LINGER_S: Final = 2.0


class LiteLLMModel:
    """Every provider that LiteLLM knows, behind the engine's `Model` port.

    `api_base` and `api_key` take the place of the provider's own; without them LiteLLM reads the
    provider's variables. `timeout_s` is the longest silence: before the first delta, the retries
    included, and between two deltas. One object per event loop.
    """

    def __init__(
        self, *, api_base: str | None = None, api_key: str | None = None, timeout_s: float
    ) -> None:
        self._api_base = api_base
        self._api_key = api_key
        self._timeout_s = timeout_s
        self._loading: asyncio.Future[Any] | None = None
        self._takes_usage: dict[str, bool] = {}

    async def warm_up(self) -> None:
        """Import LiteLLM in a thread and make its first call ready; no network. Safe to repeat."""
        await self._library()

    async def aclose(self) -> None:
        """Close the connections that LiteLLM keeps. For the end of the process."""
        if self._loading is not None:
            litellm = await self._library()
            await litellm.close_litellm_async_clients()

    def context_window(self, model: str) -> int | None:
        """The most input tokens of `model`, from LiteLLM's table; None before the warm-up.

        A name with more prefixes than the table knows is looked up under its shorter forms.
        """
        if self._loading is None or not self._loading.done():
            return None
        table: Mapping[str, Any] = self._loading.result().model_cost
        name = model
        while name:
            if isinstance(tokens := table.get(name, {}).get("max_input_tokens"), int):
                return tokens
            name = name.partition("/")[2]
        return None

    async def complete(self, request: ModelRequest) -> str:
        """The whole text of an answer, for short needs such as titles. Raises ModelFault."""
        async with aclosing(self.stream(request)) as batches:
            return "".join(
                [d.text async for batch in batches for d in batch if isinstance(d, TextDelta)]
            )

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Sequence[Delta], None]:
        """See the port. A provider that is busy or away is asked again, up to twice, while
        nothing has come."""
        litellm = await self._library()
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
        try:
            while True:
                try:
                    async with asyncio.timeout_at(deadline):
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
                if clean or guard.stopped != stopped:
                    wait_s = _LINGER_S if guard.stopped else self._timeout_s
                    deadline = loop.time() + min(wait_s, self._timeout_s)
            yield guard.finish(complete=source.complete)
        finally:
            await source.aclose()

    async def _open(self, litellm: Any, request: ModelRequest, deadline: float) -> Any:
        parameters: dict[str, Any] = {}
        if self._reports_usage(litellm, request.model):
            parameters["stream_options"] = {"include_usage": True}
        if request.tools:
            parameters["tools"] = [
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
        try:
            async with asyncio.timeout_at(deadline):
                return await litellm.acompletion(
                    model=request.model,
                    messages=request.messages,
                    stream=True,
                    api_base=self._api_base,
                    api_key=self._api_key,
                    timeout=self._timeout_s,
                    num_retries=0,  # LiteLLM's own and the OpenAI SDK's, which are two unless told
                    **parameters,
                )
        except Exception as error:  # the edge to a foreign library, which raises anything
            raise fault_of(error) from error

    def _reports_usage(self, litellm: Any, model: str) -> bool:
        if model not in self._takes_usage:
            try:
                _, provider, *_ = litellm.get_llm_provider(model, api_base=self._api_base)
                known = litellm.get_supported_openai_params(model, custom_llm_provider=provider)
            except Exception as error:  # the edge to a foreign library, which raises anything
                raise fault_of(error) from error
            self._takes_usage[model] = "stream_options" in (known or ())
        return self._takes_usage[model]

    async def _library(self) -> Any:
        if self._loading is None:
            self._loading = asyncio.get_running_loop().run_in_executor(None, _load)
        # One caller that leaves must not take the import away from the others.
        return await asyncio.shield(self._loading)


def _load() -> Any:
    """LiteLLM, imported and quiet; in a thread, for it takes seconds."""
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else it fetches its price map on import
    os.environ["LITELLM_MODE"] = "PRODUCTION"  # else it reads a `.env` file by itself
    # Their records may hold requests, URLs with keys, and headers; ours say what went wrong.
    for name in ("LiteLLM", "LiteLLM Proxy", "LiteLLM Router"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    for name in ("openai", "httpx", "httpcore", "aiohttp"):
        logging.getLogger(name).setLevel(logging.WARNING)
    litellm: Any = importlib.import_module("litellm")
    litellm.suppress_debug_info = True
    from chatkit.engine.demo import provider  # imports LiteLLM at its head

    provider.register()
    asyncio.run(_first_call(litellm))
    return litellm


async def _first_call(litellm: Any) -> None:
    """One answer from a transport in memory: the first call, and the first with tools, import
    hundreds of modules more."""
    httpx: Any = importlib.import_module("httpx")
    openai: Any = importlib.import_module("openai")
    body = b'data: {"id":"-","choices":[{"index":0,"delta":{"content":"-"}}]}\n\ndata: [DONE]\n\n'
    transport = httpx.MockTransport(
        lambda _: httpx.Response(200, headers={"content-type": "text/event-stream"}, content=body)
    )
    async with httpx.AsyncClient(transport=transport) as http:
        client = openai.AsyncOpenAI(api_key="-", base_url="http://model.invalid", http_client=http)
        async with aclosing(
            await litellm.acompletion(
                model="openai/-",
                messages=[{"role": "user", "content": "-"}],
                tools=[{"type": "function", "function": {"name": "_", "parameters": {}}}],
                stream=True,
                client=client,
            )
        ) as wrapper:
            await anext(wrapper, None)

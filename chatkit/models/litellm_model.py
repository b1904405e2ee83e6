"""The engine's `Model` port on top of LiteLLM.

LiteLLM chooses provider, key, URL and parameters and maps errors. `litellm_stream` reads the
streams that it opens. LiteLLM is untyped: all its objects are `Any` here.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import date
from typing import Any, Final

from chatkit.models.abilities import Abilities, Place
from chatkit.models.call_watch import CallWatch
from chatkit.models.deprecations import end_of_service
from chatkit.models.litellm_call import open_answer
from chatkit.models.litellm_faults import MAX_RETRY_AFTER_S, describe, fault_of, retry_after_s
from chatkit.models.litellm_library import load_litellm
from chatkit.models.litellm_stream import open_source
from chatkit.models.pace import Pace
from chatkit.models.pure.answer_guard import AnswerGuard
from chatkit.models.pure.compose import compose
from chatkit.models.pure.deltas import (
    Delta,
    Lacks,
    ModelFault,
    ModelRequest,
    ReasoningDelta,
    TextDelta,
)
from chatkit.models.pure.fault_kinds import Ability, missing_in
from chatkit.models.pure.masking import masked
from chatkit.models.pure.provider_rules import ProviderRules, rules_for
from chatkit.models.pure.tools import ToolCopies
from chatkit.models.silence import Silence

_log = logging.getLogger(__name__)

#: Delays before the second and the third attempt, in seconds.
_BACK_OFF_S: Final = (0.5, 1.0)
_RETRIED: Final = frozenset({"rate_limited", "unavailable", "overloaded"})
#: Kinds of faults by which providers say that a model lacks something.
_OF_ABILITIES: Final = frozenset({"misconfigured", "unknown_model", "unavailable", "credentials"})
#: Longest answer of `complete`, in characters, with its reasoning.
MAX_COMPLETION: Final = 20_000
#: Longest silence after the finish reason, in seconds: the usage comes behind it, and some servers
#: send their last text or call there.
_LINGER_S: Final = 10.0


class LiteLLMModel:
    """Every provider that LiteLLM supports, behind the engine's `Model` port.

    `api_base` and `api_key` replace the provider's own settings for `model` and for all models of
    the same provider, because a key must not be sent to another provider. Without `model` they are
    for all models. If they are None, LiteLLM reads the provider's environment variables.
    `timeout_s` is the longest silence: before the first delta, including retries, and between two
    deltas. `pace` decides how long deltas are collected before they are sent.
    Use one object per event loop.
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
        self._tool_choice_by_model: dict[str, bool] = {}
        self._rules_by_model: dict[str, ProviderRules] = {}
        self._tools = ToolCopies()
        self._abilities = Abilities()

    async def warm_up(self, model: str) -> None:  # noqa: ARG002 - one library for all of them
        """Import LiteLLM in a thread and prepare its first call. No network. Safe to repeat."""
        await self.library()

    async def aclose(self) -> None:
        """Close LiteLLM's connections. Call it when the process ends."""
        if self._loading is not None:
            litellm = await self.library()
            await litellm.close_litellm_async_clients()

    async def library(self) -> Any:
        """LiteLLM, imported on first use."""
        if self._loading is None:
            self._loading = asyncio.get_running_loop().run_in_executor(None, self._load)
        # A cancelled caller must not cancel the import that others wait for.
        return await asyncio.shield(self._loading)

    def _load(self) -> Any:
        litellm = load_litellm()
        if self._model is not None:
            try:
                litellm.get_llm_provider(self._model, api_base=self._api_base)
            except Exception:  # a foreign library, which may raise anything
                _log.error("MODEL: LiteLLM knows no provider of %r", self._model)
        return litellm

    def access(self, litellm: Any, model: str) -> dict[str, str | None]:
        """The arguments `api_base` and `api_key` for a call of `model`.

        Raises ModelFault `misconfigured` if LiteLLM knows no provider for the name.
        """
        given = {"api_base": self._api_base, "api_key": self._api_key}
        if self._model is None or model == self._model or not any(given.values()):
            return given
        same = _provider(litellm, model) == _provider(litellm, self._model)
        return given if same else dict.fromkeys(given)

    def context_window(self, model: str) -> int | None:
        """The largest number of input tokens, from LiteLLM's table. None before the warm-up."""
        for entry in self._entries(model):
            if isinstance(tokens := entry.get("max_input_tokens"), int):
                return tokens
        return None

    def supports_vision(self, model: str) -> bool | None:
        """Whether `model` accepts images. None before the warm-up and if it is unknown."""
        return self._supports(model, "supports_vision")

    def supports_pdf(self, model: str) -> bool | None:
        """Whether `model` accepts PDF files. None before the warm-up and if it is unknown."""
        return self._supports(model, "supports_pdf_input")

    def end_of_service(self, model: str) -> date | None:
        """The day on which its provider ends `model`. None before the warm-up or if unknown."""
        return end_of_service(model, self._table())

    def _supports(self, model: str, ability: str) -> bool | None:
        supports: bool | None = None
        for entry in self._entries(model):
            if isinstance(value := entry.get(ability), bool):
                return value
            supports = False  # the table leaves out abilities that a model does not have
        return supports

    def _entries(self, model: str) -> Iterator[Mapping[str, Any]]:
        """The entries of LiteLLM's table for `model`, also under shorter forms of its name.

        If the name is not in the table, its prefixes are removed one by one.
        """
        table = self._table()
        while model:
            if model in table:
                yield table[model]
            model = model.partition("/")[2]

    def _table(self) -> Mapping[str, Mapping[str, Any]]:
        """LiteLLM's table of models; empty before the import."""
        if self._loading is None or not self._loading.done():
            return {}
        table: Mapping[str, Mapping[str, Any]] = self._loading.result().model_cost
        return table

    async def complete(self, request: ModelRequest) -> str:
        """The text of a short answer, such as a title. Raises ModelFault.

        It ends after MAX_COMPLETION characters, of which those of reasoning are left out.
        """
        text, length = "", 0
        async with aclosing(self.stream(request)) as batches:
            async for batch in batches:
                for delta in batch:
                    if isinstance(delta, TextDelta | ReasoningDelta):
                        length += len(delta.text)
                        text += delta.text if isinstance(delta, TextDelta) else ""
                if length >= MAX_COMPLETION:
                    break
        return text[:MAX_COMPLETION]

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Sequence[Delta], None]:
        """See the port. Retries up to twice if the provider is busy or unavailable, but only
        before the first delta."""
        litellm = await self.library()
        place = request.model, self.access(litellm, request.model)["api_base"]
        deadline = asyncio.get_running_loop().time() + self._timeout_s
        entry = next(self._entries(request.model), {})
        # The table leaves out what it does not know: only a plain "false" counts.
        known_without = entry.get("supports_function_calling") is False
        found = known_without and request.tools and self._abilities.learn(place, "tools")
        if request.tools and "tools" in self._abilities.missing(place):
            yield [Lacks("tools", new=bool(found))]
        back_offs = iter(_BACK_OFF_S)
        asked_twice = False
        while True:
            begun = False
            left_out = self._abilities.missing(place)
            try:
                async with aclosing(self._attempt(litellm, request, place, deadline)) as batches:
                    async for batch in batches:
                        begun = True
                        yield batch
            except ModelFault as fault:
                self._log(request, fault)
                if begun:
                    raise
                missing = missing_in(fault.message) if fault.kind in _OF_ABILITIES else None
                # Another request may have learned it while this one was on its way.
                if missing is not None and missing not in left_out:
                    self._abilities.learn(place, missing)
                    lacks = _lacks(missing, request)
                elif fault.kind == "bad_call" and not asked_twice:
                    asked_twice, lacks = True, []
                elif fault.kind in _RETRIED and (pause_s := _pause_s(fault, back_offs)) is not None:
                    if asyncio.get_running_loop().time() + pause_s > deadline:
                        raise
                    await asyncio.sleep(pause_s)
                    lacks = []
                else:
                    raise
            else:
                return
            if lacks:
                yield lacks

    def _log(self, request: ModelRequest, fault: ModelFault) -> None:
        cause = fault.__cause__ or fault
        sentence = masked(fault.message, [self._api_key or ""])  # `fault_of` removed quotations
        why = f"{describe(cause)}: {sentence}" if sentence else describe(cause)
        _log.warning("model %s: %s (%s)", request.model, fault.kind, why)

    async def _attempt(
        self, litellm: Any, request: ModelRequest, place: Place, deadline: float
    ) -> AsyncGenerator[Sequence[Delta], None]:
        loop = asyncio.get_running_loop()
        guard = AnswerGuard()
        calls = CallWatch(request.tools, self._abilities, place)
        source = open_source(await self._open(litellm, request, place, deadline))
        silence = Silence(deadline)
        try:
            while True:
                try:
                    with silence:
                        batch = await source.read()
                except Exception as error:  # a foreign library, which may raise anything
                    if guard.stopped:
                        break  # the answer is complete; only its usage is missing
                    raise fault_of(error, _texts_of(request.messages)) from error
                if batch is None:
                    break
                stopped = guard.stopped
                if clean := calls.receive(guard.receive(batch)):
                    yield clean
                    if not (guard.stopped or source.ended):
                        pause_s = self._pace.pause_s()
                        if pause_s > 0:
                            await asyncio.sleep(pause_s)
                if clean or guard.stopped != stopped:
                    wait_s = _LINGER_S if guard.stopped else self._timeout_s
                    silence.move(loop.time() + min(wait_s, self._timeout_s))
            yield calls.finish(guard.finish(complete=source.complete))
        finally:
            silence.end()
            await source.aclose()

    async def _open(
        self, litellm: Any, request: ModelRequest, place: Place, deadline: float
    ) -> Any:
        httpx: Any = importlib.import_module("httpx")  # already imported by LiteLLM
        missing = self._abilities.missing(place)
        rules = replace(
            self._rules(litellm, *place),
            tools="tools" not in missing or not request.tools,
            system="system" not in missing,
            images="images" not in missing,
        )
        arguments: dict[str, Any] = {
            "model": request.model,
            "messages": compose(request.messages, model=request.model, rules=rules),
            "stream": True,
            # `Silence` limits the time between reads. A read timeout would set a timer per read.
            "timeout": httpx.Timeout(self._timeout_s, read=None),
            "num_retries": 0,  # for LiteLLM and for the OpenAI SDK, whose default is two
            **self.access(litellm, request.model),
        }
        if "stream_options" not in missing:
            # If the provider does not support it, LiteLLM counts the tokens of the stream itself.
            arguments["stream_options"] = {"include_usage": True}
        if request.tools and "tools" not in missing:
            arguments["tools"] = self._tools.copy_of(request.tools)
            chosen = any(tool.name == request.tool_choice for tool in request.tools)
            if chosen and "tool_choice" not in missing and self._takes_tool_choice(litellm, *place):
                function = {"name": request.tool_choice}
                arguments["tool_choice"] = {"type": "function", "function": function}
        try:
            async with asyncio.timeout_at(deadline):
                return await open_answer(litellm, arguments)
        except Exception as error:  # a foreign library, which may raise anything
            raise fault_of(error, _texts_of(request.messages)) from error

    def _rules(self, litellm: Any, model: str, api_base: str | None) -> ProviderRules:
        """The rules of the provider of `model`."""
        if model not in self._rules_by_model:
            provider = _provider(litellm, model, api_base)
            rules = rules_for(provider, model, own_server=api_base is not None)
            self._rules_by_model[model] = rules
        return self._rules_by_model[model]

    def _takes_tool_choice(self, litellm: Any, model: str, api_base: str | None) -> bool:
        """Whether the provider of `model` supports `tool_choice`; some reject it."""
        if model not in self._tool_choice_by_model:
            provider = _provider(litellm, model, api_base)
            try:
                known = litellm.get_supported_openai_params(model, custom_llm_provider=provider)
            except Exception as error:  # a foreign library, which may raise anything
                raise fault_of(error) from error
            self._tool_choice_by_model[model] = "tool_choice" in (known or ())
        return self._tool_choice_by_model[model]


def _lacks(missing: Ability, request: ModelRequest) -> list[Delta]:
    """What the user will miss, if anything."""
    if missing == "tools" and request.tools:
        return [Lacks("tools")]
    return [Lacks("images")] if missing == "images" else []


def _pause_s(fault: ModelFault, back_offs: Iterator[float]) -> float | None:
    """How long to wait before the next attempt; None for no further one."""
    back_off_s, asked_s = next(back_offs, None), retry_after_s(fault)
    if back_off_s is None or asked_s is None:
        return back_off_s
    # A retry before the provider's Retry-After would fail again.
    return asked_s if asked_s <= MAX_RETRY_AFTER_S else None


def _texts_of(messages: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """All texts of a request, for finding what an error quotes of them."""
    for message in messages:
        content = message["content"] or ""
        for part in [{"text": content}] if isinstance(content, str) else content:
            if isinstance(text := part.get("text"), str):
                yield text
        for call in message.get("tool_calls", ()):
            yield call["function"]["arguments"]


def _provider(litellm: Any, model: str, api_base: str | None = None) -> str:
    try:
        return str(litellm.get_llm_provider(model, api_base=api_base)[1])
    except Exception as error:  # a foreign library, which may raise anything
        raise fault_of(error) from error

"""Chooses by its name whether the demo or LiteLLM serves a model."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime

from chatkit.demo.model import PREFIX, DemoModel
from chatkit.models.deprecations import warning_of
from chatkit.models.litellm_model import LiteLLMModel
from chatkit.models.pure.deltas import Delta, ModelRequest
from chatkit.ports.models import Model
from chatkit.wiring.background import Background
from chatkit.wiring.settings import Settings

_log = logging.getLogger("chatkit")


class Models:
    """The engine's `Model`: names that begin with `demo/` go to the demo, others to LiteLLM.

    LiteLLM is imported at its first use. If MODEL needs it, `loading` imports it earlier; start
    `loading` once the server is up. It also warns of configured models that end soon; `configured`
    holds them with the names of their variables.
    """

    def __init__(
        self,
        *,
        demo: DemoModel,
        litellm: LiteLLMModel,
        first: str,
        configured: Sequence[tuple[str, str | None]],
    ) -> None:
        self.demo = demo
        self.litellm = litellm
        self.loading = Background(lambda: self._load(first, configured), "warm-up of the model")

    async def _load(self, first: str, configured: Sequence[tuple[str, str | None]]) -> None:
        await self.warm_up(first)
        today = datetime.now(UTC).date()
        for variable, model in configured:
            if model is not None:
                warning = warning_of(model, self.litellm.end_of_service(model), today)
                if warning is not None:
                    _log.warning("%s: %s", variable, warning)

    def _of(self, model: str) -> Model:
        return self.demo if model.startswith(PREFIX) else self.litellm

    async def warm_up(self, model: str) -> None:
        """See the port."""
        await self._of(model).warm_up(model)

    def context_window(self, model: str) -> int | None:
        """See the port."""
        return self._of(model).context_window(model)

    def supports_vision(self, model: str) -> bool | None:
        """See the port."""
        return self._of(model).supports_vision(model)

    def supports_pdf(self, model: str) -> bool | None:
        """See the port."""
        return self._of(model).supports_pdf(model)

    async def complete(self, request: ModelRequest) -> str:
        """See the port."""
        return await self._of(request.model).complete(request)

    def stream(self, request: ModelRequest) -> AsyncGenerator[Sequence[Delta], None]:
        """See the port."""
        return self._of(request.model).stream(request)


def open_models(settings: Settings, stack: AsyncExitStack) -> Models:
    """Build the models. `stack` closes the connections of LiteLLM."""
    real = not settings.model.startswith(PREFIX)
    litellm = LiteLLMModel(
        model=settings.model if real else None,
        # Base and key are those of MODEL's provider; the demo has no provider.
        api_base=settings.model_api_base if real else None,
        api_key=settings.model_api_key if real else None,
        timeout_s=settings.model_timeout_s,
    )
    stack.push_async_callback(litellm.aclose)
    models = Models(
        demo=DemoModel(),
        litellm=litellm,
        first=settings.model,
        configured=(
            ("MODEL", settings.model),
            *(("MODELS", model) for model in settings.other_models),
            ("TITLE_MODEL", settings.title_model),
            ("TRANSCRIBE_MODEL", settings.transcribe_model),
            ("IMAGE_MODEL", settings.image_model),
        ),
    )
    stack.push_async_callback(models.loading.stop)
    return models

"""Chooses by its name whether the demo or LiteLLM serves a model."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack

from chatkit.demo.model import PREFIX, DemoModel
from chatkit.models.litellm_model import LiteLLMModel
from chatkit.models.pure.deltas import Delta, ModelRequest
from chatkit.ports.models import Model
from chatkit.wiring.background import Background
from chatkit.wiring.settings import Settings


class Models:
    """The engine's `Model`: names that begin with `demo/` go to the demo, others to LiteLLM.

    LiteLLM is imported at its first use. If MODEL needs it, `loading` imports it earlier; start
    `loading` once the server is up.
    """

    def __init__(self, *, demo: DemoModel, litellm: LiteLLMModel, first: str) -> None:
        self.demo = demo
        self.litellm = litellm
        self.loading = Background(lambda: self.warm_up(first), "warm-up of the model")

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
    models = Models(demo=DemoModel(), litellm=litellm, first=settings.model)
    stack.push_async_callback(models.loading.stop)
    return models

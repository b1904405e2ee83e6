"""Models that are asked over a socket, in every way of reading them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chatkit.models import litellm_model as model_module
from chatkit.models import litellm_stream as model_stream
from chatkit.models.litellm_model import LiteLLMModel
from chatkit.models.media import Media


@pytest.fixture
def make_media(make_model: Callable[..., LiteLLMModel]) -> Callable[..., Media]:
    """Makes what listens and draws by that server; other arguments are those of `make_model`."""

    def make(
        *,
        image_model: str | None = "openai/dall-e-3",
        transcribe_model: str | None = "openai/gpt-transcribe",
        timeout_s: float = 20.0,
        **changes: Any,
    ) -> Media:
        return Media(
            make_model(timeout_s=timeout_s, **changes),
            transcribe_model=transcribe_model,
            image_model=image_model,
            timeout_s=timeout_s,
        )

    return make


@pytest.fixture
def through_the_wrapper(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every answer is read as that of a provider which speaks no OpenAI chunks."""
    monkeypatch.setattr(model_stream, "_PLAIN_PARSERS", frozenset())
    monkeypatch.setattr(model_module, "open_source", model_stream._WrapperSource)


@pytest.fixture
def no_back_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that is asked again is so at once."""
    monkeypatch.setattr(model_module, "_BACK_OFF_S", (0.0, 0.0))

"""Calls of a scripted model server, and what comes of them."""

from __future__ import annotations

from collections.abc import Sequence

from chatkit.models.litellm_model import LiteLLMModel
from chatkit.models.pure.deltas import Delta, FaultKind, ModelFault, ModelRequest
from chatkit.models.pure.tools import ToolSpec

TOOLS = (
    ToolSpec(name="f", description="d", parameters={"type": "object", "properties": {}}),
    ToolSpec(name="g", description="d", parameters={"type": "object", "properties": {}}),
)
KEY = "sk-a-key-that-no-log-may-hold"
WORDS = "what the user wrote"
#: LiteLLM's own handler with OpenAI's parser, with OpenRouter's, and with the plain one.
NAMES = ("openai/m", "openrouter/a/b", "hosted_vllm/m")


def ask(name: str = NAMES[0], *, tools: tuple[ToolSpec, ...] = TOOLS) -> ModelRequest:
    return ModelRequest(model=name, messages=[{"role": "user", "content": WORDS}], tools=tools)


async def read(
    model: LiteLLMModel, request: ModelRequest
) -> tuple[list[Sequence[Delta]], FaultKind | None]:
    """The batches, and how the answer failed if it did."""
    batches: list[Sequence[Delta]] = []
    try:
        async for batch in model.stream(request):
            batches.append(batch)
    except ModelFault as fault:
        return batches, fault.kind
    return batches, None


def flat(batches: list[Sequence[Delta]]) -> list[Delta]:
    assert all(batches)
    return [delta for batch in batches for delta in batch]

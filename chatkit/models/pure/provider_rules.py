"""What providers insist on in a request, beyond what every one of them accepts.

The defaults are the strictest form that is harmless everywhere: unknown servers (vLLM, llama.cpp,
LM Studio and others, often with a chat template that raises errors) get it. Names of providers are
LiteLLM's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderRules:
    """The form of a request.

    `short_ids`: ids of calls are nine letters or digits. `user_after_tool`: a user message may
    follow a tool's result. `null_content`: calls without text have null in place of an empty text.
    `reasoning_content`: calls have their reasoning, or a space. `system`: there is a role for the
    system message. `tools`: the model has tools. `images`: it reads images and files.
    `cache_marks`: marks tell what to cache.
    """

    short_ids: bool = True
    user_after_tool: bool = False
    null_content: bool = False
    reasoning_content: bool = False
    system: bool = True
    tools: bool = True
    images: bool = True
    cache_marks: bool = False


_RELAXED: Final = ProviderRules(short_ids=False, user_after_tool=True)
_CACHED: Final = replace(_RELAXED, cache_marks=True)
# LiteLLM makes a part of an empty text. Gemini refuses it, 400: "required oneof field 'data' must
# have one initialized field". For Anthropic it becomes "[System: Empty message content …]".
_GEMINI: Final = replace(_RELAXED, null_content=True)
_ANTHROPIC: Final = replace(_CACHED, null_content=True)

_BY_PROVIDER: Final = {
    "azure": _RELAXED,
    "azure_ai": _RELAXED,
    # DeepSeek, "Thinking mode", 400: "The `reasoning_content` in the thinking mode must be passed
    # back to the API". It is on by default, and calls of other models have none to pass back.
    "deepseek": replace(_RELAXED, reasoning_content=True),
    "gemini": _GEMINI,
    "groq": _RELAXED,
    "openai": _RELAXED,
    "openrouter": _RELAXED,
    "vertex_ai": _GEMINI,
    "xai": _RELAXED,
    # Anthropic and Bedrock cache only what is marked (Anthropic, "Prompt caching"; LiteLLM turns
    # the marks into Bedrock's cache points). OpenAI, DeepSeek and Gemini cache a repeated prefix by
    # themselves. For Gemini, LiteLLM would turn marks into an extra request before the answer.
    "anthropic": _ANTHROPIC,
    "bedrock": _ANTHROPIC,
    "bedrock_converse": _ANTHROPIC,
}
# Mistral, 400: "Tool call id was … but must be a-z, A-Z, 0-9, with a length of 9", and "Unexpected
# role 'user' after role 'tool'". The chat templates of its open models raise the same errors.
_STRICT: Final = ProviderRules()


def rules_for(provider: str, model: str, *, own_server: bool) -> ProviderRules:
    """The rules of a provider. `own_server`: the operator gave the address, so that a server that
    only imitates the provider may be behind it, with any template."""
    if provider == "openai" and own_server:
        return _STRICT
    rules = _BY_PROVIDER.get(provider, _STRICT)
    if provider in ("openrouter", "vertex_ai") and "claude" in model:
        return replace(rules, cache_marks=True)
    return rules

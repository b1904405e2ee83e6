"""What providers insist on in a request, beyond what every one of them accepts.

The defaults are the strictest form that is harmless everywhere: unknown servers (vLLM, llama.cpp,
LM Studio and others, often with a chat template that raises errors) get it. Names of providers are
LiteLLM's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderRules:
    """The form of a request.

    `short_ids`: ids of calls are nine letters or digits. `user_after_tool`: a user message may
    follow a tool's result. `system`: there is a role for the system message. `tools`: the model has
    tools. `images`: it reads images and files. `cache_marks`: marks tell what to cache.
    """

    short_ids: bool = False
    user_after_tool: bool = False
    system: bool = True
    tools: bool = True
    images: bool = True
    cache_marks: bool = False


_RELAXED: Final = ProviderRules(user_after_tool=True)
_CACHED: Final = ProviderRules(user_after_tool=True, cache_marks=True)

_BY_PROVIDER: Final = {
    "azure": _RELAXED,
    "azure_ai": _RELAXED,
    "deepseek": _RELAXED,
    "gemini": _RELAXED,
    "groq": _RELAXED,
    "openai": _RELAXED,
    "openrouter": _RELAXED,
    "vertex_ai": _RELAXED,
    "xai": _RELAXED,
    # Anthropic and Bedrock cache only what is marked (Anthropic, "Prompt caching"; LiteLLM turns
    # the marks into Bedrock's cache points). OpenAI, DeepSeek and Gemini cache a repeated prefix by
    # themselves. For Gemini, LiteLLM would turn marks into an extra request before the answer.
    "anthropic": _CACHED,
    "bedrock": _CACHED,
    "bedrock_converse": _CACHED,
    # Mistral, 400: "Tool call id was … but must be a-z, A-Z, 0-9, with a length of 9", and
    # "Expected last role User or Tool", "Unexpected role 'user' after role 'tool'".
    "mistral": ProviderRules(short_ids=True),
    "codestral": ProviderRules(short_ids=True),
}
_STRICT: Final = ProviderRules()


def rules_for(provider: str, model: str, *, own_server: bool) -> ProviderRules:
    """The rules of a provider. `own_server`: the operator gave the address, so that a server that
    only imitates the provider may be behind it, with any template."""
    if provider == "openai" and own_server:
        return _STRICT
    rules = _BY_PROVIDER.get(provider, _STRICT)
    if provider in ("openrouter", "vertex_ai") and "claude" in model:
        return _CACHED
    return rules

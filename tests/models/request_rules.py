"""What providers refuse in the messages of a request: each check raises with the provider's words.

They are written from the providers' documentation and error messages, without the code under test.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from chatkit.models.pure.provider_rules import ProviderRules, rules_for

Messages = Sequence[Mapping[str, Any]]


class Refused(AssertionError):
    """The provider answers 400."""


def check_openai(messages: Messages) -> None:
    """OpenAI and Azure, "Create chat completion": what their 400s say."""
    waiting: list[str] = []
    for message in messages:
        if waiting and message["role"] != "tool":
            raise Refused(
                "An assistant message with 'tool_calls' must be followed by tool messages "
                f"responding to each 'tool_call_id': {waiting}"
            )
        match message["role"]:
            case "assistant":
                calls = message.get("tool_calls")
                if calls is not None and not calls:
                    raise Refused("[] is too short - 'messages.tool_calls'")
                for call in calls or ():
                    _require_name(call["function"]["name"], r"[a-zA-Z0-9_-]{1,64}")
                    if len(call["id"]) > 40:
                        raise Refused("string too long. Expected a string with maximum length 40")
                    if not isinstance(call["function"]["arguments"], str):
                        raise Refused("Invalid type for 'arguments': expected a string")
                    waiting.append(call["id"])
                if not isinstance(message["content"], str):
                    raise Refused("Invalid value for 'content': expected a string, got null")
            case "tool":
                if message["tool_call_id"] not in waiting:
                    raise Refused(
                        "messages with role 'tool' must be a response to a preceding message with "
                        "'tool_calls'"
                    )
                waiting.remove(message["tool_call_id"])
            case "system" | "user":
                pass
            case role:
                raise Refused(f"Invalid value: '{role}'")
        known = {"role", "content", "tool_calls", "tool_call_id"}
        if unknown := set(message) - known:
            raise Refused(f"Additional properties are not allowed ({unknown} was unexpected)")
    if waiting:
        raise Refused("An assistant message with 'tool_calls' must be followed by tool messages")


def check_objects(messages: Messages) -> None:
    """Ollama, Anthropic and Gemini take the arguments as an object; templates parse the text."""
    for call in _calls(messages):
        try:
            value = json.loads(call["function"]["arguments"])
        except ValueError as error:
            raise Refused("json: cannot unmarshal string into Go struct field") from error
        if not isinstance(value, dict):
            raise Refused("tool_use.input: Input should be a valid dictionary")


def check_anthropic(messages: Messages) -> None:
    """Anthropic, "Messages": ids, pairs in one message, and text that is not blank."""
    seen: set[str] = set()
    for call in _calls(messages):
        if re.fullmatch(r"[a-zA-Z0-9_-]+", call["id"]) is None:
            raise Refused("tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'")
        if call["id"] in seen:
            raise Refused("tool_use ids must be unique")
        seen.add(call["id"])
    for message in messages:
        content = message["content"]
        texts = [content] if isinstance(content, str) else [p.get("text", "x") for p in content]
        if message["role"] == "user" and not all(text.strip() for text in texts):
            raise Refused("messages: text content blocks must contain non-whitespace text")
        if message["role"] == "assistant" and content and not content.strip():
            raise Refused("messages: text content blocks must contain non-whitespace text")
    first = next(message["role"] for message in messages if message["role"] != "system")
    if first != "user":
        raise Refused("messages: first message must use the 'user' role")
    if messages[-1]["role"] == "assistant":
        raise Refused("This model does not support assistant message prefill")


def check_mistral(messages: Messages) -> None:
    """Mistral's "Chat completion": its 400s and 422s."""
    for call in _calls(messages):
        if re.fullmatch(r"[a-zA-Z0-9]{9}", call["id"]) is None:
            raise Refused(
                f"Tool call id was {call['id']} but must be a-z, A-Z, 0-9, with a length of 9."
            )
    for before, message in pairwise(messages):
        if before["role"] == "tool" and message["role"] == "user":
            raise Refused("Unexpected role 'user' after role 'tool'")
    for message in messages:
        if message["role"] == "assistant" and not (message["content"] or message.get("tool_calls")):
            raise Refused("Assistant message must have either content or tool_calls, but not none.")
    if messages[-1]["role"] not in ("user", "tool"):
        raise Refused("Expected last role User or Tool (or Assistant with prefix True)")


def check_template(messages: Messages) -> None:
    """A chat template of vLLM, llama.cpp or LM Studio that alternates, as Mistral's and Gemma's do:
    messages with calls and results of tools do not count."""
    turns = [message for message in messages if message["role"] != "system"]
    if any(message["role"] == "system" for message in messages[1:]):
        raise Refused("System message must be at the beginning.")
    plain = [
        message["role"]
        for message in turns
        if message["role"] == "user"
        or (message["role"] == "assistant" and not message.get("tool_calls"))
    ]
    if any(role != ("user", "assistant")[place % 2] for place, role in enumerate(plain)):
        raise Refused("Conversation roles must alternate user/assistant/user/assistant/...")
    for message in messages:
        if not isinstance(message["content"], str | list):
            raise Refused("can only concatenate str (not NoneType) to str")


def _calls(messages: Messages) -> list[Mapping[str, Any]]:
    return [call for message in messages for call in message.get("tool_calls") or ()]


def _require_name(name: str, pattern: str) -> None:
    if re.fullmatch(pattern, name) is None:
        raise Refused(f"Invalid 'messages.tool_calls.function.name': '^{pattern}$'")


_ALL: tuple[Callable[[Messages], None], ...] = (check_openai, check_objects, check_anthropic)

#: What each provider refuses, by LiteLLM's name; the operator's own servers have no name here.
CHECKS: Mapping[str, tuple[Callable[[Messages], None], ...]] = {
    "openai": _ALL,
    "azure": _ALL,
    "anthropic": _ALL,
    "gemini": _ALL,
    "mistral": (*_ALL, check_mistral, check_template),
    "deepseek": _ALL,
    "openrouter": _ALL,
    "groq": _ALL,
    "ollama_chat": (*_ALL, check_template),
    "hosted_vllm": (*_ALL, check_template),
    "llamafile": (*_ALL, check_template),
    "lm_studio": (*_ALL, check_template),
}


def rules_of(provider: str) -> ProviderRules:
    """The rules of a provider, for a model of any name at its own address."""
    return rules_for(provider, "m", own_server=False)


def check(provider: str, messages: Messages) -> None:
    """Raise Refused if the provider refuses the messages. Marks and reasoning are left aside."""
    aside = {"cache_control", "reasoning_content", "reasoning_details", "thinking_blocks"}
    plain = [
        {name: value for name, value in message.items() if name not in aside}
        for message in messages
    ]
    for one in CHECKS[provider]:
        one(plain)

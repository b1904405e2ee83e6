"""The body that LiteLLM makes of a list of messages, without sending it."""

from __future__ import annotations

import copy
import importlib
from collections.abc import Sequence
from typing import Any

from chatkit.models.pure.provider_rules import ProviderRules, rules_for
from tests.models.rule_books.book import Book


def rules_of(book: Book) -> ProviderRules:
    """What we know of the provider of a book."""
    provider, _, model = book.model.partition("/")
    return rules_for(provider, model, own_server=book.own_server)


def body_of(book: Book, messages: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The body of the request, as LiteLLM translates it. Raises whatever LiteLLM does.

    LiteLLM must have been loaded by LiteLLMModel, which sets it up.
    """
    provider, _, model = book.model.partition("/")
    given = copy.deepcopy(list(messages))  # LiteLLM changes it
    if provider == "gemini":
        gemini: Any = importlib.import_module("litellm.llms.vertex_ai.gemini.transformation")
        body: dict[str, Any] = gemini._transform_request_body(
            messages=given,
            model=model,
            optional_params={},
            custom_llm_provider=provider,
            litellm_params={},
            cached_content=None,
        )
        return body
    utils: Any = importlib.import_module("litellm.utils")
    providers: Any = importlib.import_module("litellm.types.utils").LlmProviders
    config = utils.ProviderConfigManager.get_provider_chat_config(model, providers(provider))
    body = config.transform_request(
        model=model, messages=given, optional_params={}, litellm_params={}, headers={}
    )
    return dict(body)

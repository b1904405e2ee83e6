"""OpenAI, and Azure, which has the same rules and another answer to refused content."""

from __future__ import annotations

import json

from tests.model_steps import Reply, finish, refusal
from tests.models.model_calls import KEY
from tests.models.rule_books.book import Book
from tests.models.rule_books.chat_rules import CHAT, CONTENT_NULL, chat_stream, openai_error

OPENAI = Book(
    name="OpenAI",
    model="openai/gpt-5-mini",
    rules=(*CHAT, CONTENT_NULL),
    error=openai_error,
    say=chat_stream(),
    withheld=[refusal("I can't help with that."), finish("stop")],
    environment={"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": "{base}"},
    own_server=False,
)

#: https://learn.microsoft.com/azure/ai-foundry/openai/concepts/content-filter
_FILTERED = {
    "message": "The response was filtered due to the prompt triggering Azure OpenAI's content "
    "management policy.",
    "type": None,
    "param": "prompt",
    "code": "content_filter",
    "status": 400,
    "innererror": {"code": "ResponsibleAIPolicyViolation"},
}

AZURE = Book(
    name="Azure",
    model="azure/gpt-5-mini",
    rules=(*CHAT, CONTENT_NULL),
    error=openai_error,
    say=chat_stream(),
    withheld=[Reply(json.dumps({"error": _FILTERED}).encode(), status=400)],
    environment={"AZURE_API_VERSION": "2024-10-21"},
)

"""Imports LiteLLM and sets it up.

Its import takes seconds and 130 MB, so it is imported by name, in a thread, on first use.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import logging
import os
import sys
from contextlib import aclosing
from typing import Any

from chatkit.models.litellm_bodies import bound_bodies


def load_litellm() -> Any:
    """Import LiteLLM and configure it. Run it in a thread: it takes seconds."""
    # The import creates 400,000 objects that are never freed. A garbage collection over them blocks
    # all threads for a quarter of a second. So collection is off during the import, and later ones
    # skip these objects.
    gc.disable()
    try:
        return _import()
    finally:
        gc.freeze()
        gc.enable()


def _import() -> Any:
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # or it downloads its price map on import
    # Every open stream needs a connection; LiteLLM's limit of 500 would block further streams.
    os.environ.setdefault("AIOHTTP_CONNECTOR_LIMIT", "100000")
    os.environ.setdefault("AIOHTTP_CONNECTOR_LIMIT_PER_HOST", "100000")
    os.environ["LITELLM_MODE"] = "PRODUCTION"  # or it reads a `.env` file
    # Use LiteLLM's own HTTP handler for OpenAI and compatible servers, as for most providers. The
    # default, the OpenAI SDK, validates all messages and tools against its types, which is slow.
    os.environ["EXPERIMENTAL_OPENAI_BASE_LLM_HTTP_HANDLER"] = "True"
    # Their log records may contain requests, URLs with keys, and headers. We log faults ourselves.
    for name in ("LiteLLM", "LiteLLM Proxy", "LiteLLM Router"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    for name in ("openai", "httpx", "httpcore", "aiohttp"):
        logging.getLogger(name).setLevel(logging.WARNING)
    litellm: Any = importlib.import_module("litellm")
    litellm.suppress_debug_info = True
    litellm.REPEATED_STREAMING_CHUNK_LIMIT = sys.maxsize  # AnswerGuard has a limit of its own
    # The cost of a call is not used, and computing it would tokenize the whole prompt.
    litellm.response_cost_calculator = lambda **_: None
    bound_bodies(importlib.import_module("litellm.llms.custom_httpx.aiohttp_transport"))
    asyncio.run(_first_call(litellm))
    return litellm


async def _first_call(litellm: Any) -> None:
    """Make one call through an in-memory transport. The first call, and the first one with tools,
    import hundreds of further modules."""
    httpx: Any = importlib.import_module("httpx")
    handlers: Any = importlib.import_module("litellm.llms.custom_httpx.http_handler")
    body = b'data: {"id":"-","choices":[{"index":0,"delta":{"content":"-"}}]}\n\ndata: [DONE]\n\n'
    transport = httpx.MockTransport(
        lambda _: httpx.Response(200, headers={"content-type": "text/event-stream"}, content=body)
    )
    async with httpx.AsyncClient(transport=transport) as http:
        client = handlers.AsyncHTTPHandler()
        await client.client.aclose()
        client.client = http
        async with aclosing(
            await litellm.acompletion(
                model="openai/-",
                api_base="http://model.invalid",
                api_key="-",
                messages=[{"role": "user", "content": "-"}],
                tools=[{"type": "function", "function": {"name": "_", "parameters": {}}}],
                stream=True,
                client=client,
            )
        ) as wrapper:
            await anext(wrapper, None)

"""Opens an answer stream, through LiteLLM's public entry point or through a faster internal one.

`acompletion` builds each request in a thread of the loop's pool, because some providers do I/O
for it (fetch a token, read a file). Providers known to need no I/O are called by the internal
entry point, in the event loop: the thread and LiteLLM's work for its proxy take a third of the CPU
time of a call. Both ways send the same request and raise the same exceptions.

LiteLLM is not imported here: its objects are `Any`.
"""

from __future__ import annotations

import datetime
import uuid
from typing import Any, Final

#: Providers (LiteLLM's names) whose requests need only a key and a URL.
_COMPOSED_IN_MEMORY: Final = frozenset({"openai", "openrouter", "groq", "mistral"})


async def open_answer(litellm: Any, arguments: dict[str, Any]) -> Any:
    """LiteLLM's open stream. `arguments` are those of `acompletion`.

    Raises any exception of LiteLLM and the libraries below it.
    """
    _, provider, *_ = litellm.get_llm_provider(
        arguments["model"], api_base=arguments.get("api_base")
    )
    if provider not in _COMPOSED_IN_MEMORY:
        return await litellm.acompletion(**arguments)
    record, arguments = litellm.utils.function_setup(
        "acompletion",
        litellm.utils.Rules(),
        datetime.datetime.now(),  # noqa: DTZ005  LiteLLM subtracts others of its kind from it
        **arguments,
        litellm_call_id=str(uuid.uuid4()),
    )
    try:
        return await litellm.completion(
            acompletion=True, **{**arguments, "litellm_logging_obj": record}
        )
    except Exception as error:  # the edge to a foreign library, which raises anything
        raise litellm.exception_type(
            model=arguments["model"],
            custom_llm_provider=provider,
            original_exception=error,
            completion_kwargs=arguments,
            extra_kwargs={},
        ) from error

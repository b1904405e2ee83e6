"""How LiteLLM is asked for an answer: by its front door, or by the one behind it.

`acompletion` composes each request in a thread of the loop's pool, since some providers do I/O
for it (fetch a token, read a file). For those of which it is known that they compose in memory,
the request is composed where we are: the thread, and what LiteLLM does around it for its proxy,
are a third of the CPU time of a call. Both ways send the same and fail with the same exceptions.

LiteLLM is not imported here: its objects are `Any`.
"""

from __future__ import annotations

import datetime
import uuid
from typing import Any, Final

#: Providers, in LiteLLM's words, whose requests need nothing but a key and an address.
_COMPOSED_IN_MEMORY: Final = frozenset({"openai", "openrouter", "groq", "mistral"})


async def open_answer(litellm: Any, arguments: dict[str, Any]) -> Any:
    """LiteLLM's open stream for `arguments`, which are those of `acompletion`.

    Raises whatever LiteLLM and the libraries below it raise.
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

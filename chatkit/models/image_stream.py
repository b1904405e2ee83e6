"""Image generation with previews: the streaming mode of OpenAI's images API.

LiteLLM does not support it. The events are those of OpenAI's reference, "Image generation streaming
events". URL, key and TLS settings come from LiteLLM, as for every other call.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import AsyncGenerator, Mapping
from typing import Any, Final

import httpx

from chatkit.models.litellm_faults import fault_of
from chatkit.models.media_fetch import read_body
from chatkit.models.pure.deltas import ModelFault
from chatkit.models.pure.fault_kinds import kind_of_error
from chatkit.protocol.sse import Decoder

#: How many previews are requested; each costs some tokens.
_PREVIEWS: Final = 2
#: Longest preview shown, in base64 characters: it is sent to every follower and kept in the log.
_MAX_PREVIEW_CHARS: Final = 4 * 2**20
#: Size allowed for the rest of the response besides the image, in bytes.
_OTHER_BYTES: Final = 64 * 1024


class NotStreamed(Exception):
    """The model has no previews, or its provider rejects streaming requests."""


async def stream_image(
    litellm: Any, given: Mapping[str, Any], prompt: str, size: str | None, *, max_bytes: int
) -> AsyncGenerator[tuple[Mapping[str, Any], float], None]:
    """Yield the previews and the final image, each with its progress from 0 to 1.

    An image is an object with `b64_json` or `url`. `given` has the model and its credentials, as
    LiteLLM's arguments. There is no timeout here; the caller sets one.
    Raises NotStreamed (only before the first image), ModelFault, and httpx's and LiteLLM's errors.
    """
    name, provider, *_ = litellm.get_llm_provider(given["model"], api_base=given["api_base"])
    if provider != "openai" or not name.startswith("gpt-image"):
        raise NotStreamed
    body = {"model": name, "prompt": prompt, "stream": True, "partial_images": _PREVIEWS}
    if size is not None:
        body["size"] = size
    max_bytes = max_bytes * 4 // 3 + _OTHER_BYTES
    async with (
        _client(given) as client,
        client.stream("POST", "images/generations", json=body) as response,
    ):
        await _check(response)
        if not response.headers.get("content-type", "").startswith("text/event-stream"):
            yield _unstreamed_image(await read_body(response, max_bytes)), 1.0
            return
        decoder = Decoder(max_frame_bytes=max_bytes)
        previews = 0
        async for piece in response.aiter_bytes():
            for frame in decoder.receive(piece):
                event = _read(frame.data)
                if event.get("type") == "image_generation.completed":
                    yield event, 1.0
                    return
                if event.get("type") == "image_generation.partial_image" and previews < _PREVIEWS:
                    previews += 1
                    if len(frame.data) <= _MAX_PREVIEW_CHARS:
                        yield event, previews / (_PREVIEWS + 1)
    raise ModelFault("unavailable")


def _client(given: Mapping[str, Any]) -> httpx.AsyncClient:
    openai: Any = importlib.import_module("litellm.llms.openai.common_utils")
    handlers: Any = importlib.import_module("litellm.llms.custom_httpx.http_handler")
    access = openai.get_openai_credentials(given["api_base"], given["api_key"])
    if not access.api_key:
        raise ModelFault("credentials")
    headers = {"authorization": f"Bearer {access.api_key}"}
    if access.organization:
        headers["openai-organization"] = access.organization
    return httpx.AsyncClient(
        base_url=access.api_base,
        headers=headers,
        verify=handlers.get_ssl_configuration(),
        follow_redirects=True,
        timeout=given["timeout"],
    )


async def _check(response: httpx.Response) -> None:
    if response.is_success:
        return
    await response.aread()
    try:
        response.raise_for_status()
    except httpx.HTTPStatusError as error:
        if fault_of(error).kind == "misconfigured":
            raise NotStreamed from error
        raise


def _read(text: str | bytes) -> Mapping[str, Any]:
    value = json.loads(text)
    if not isinstance(value, Mapping):
        raise ModelFault("malformed")
    if value.get("error") or value.get("type") == "error":
        raise ModelFault(kind_of_error(value.get("error") or value))
    return value


def _unstreamed_image(body: bytes) -> Mapping[str, Any]:
    """The image in the response of a gateway that does not stream."""
    images = _read(body).get("data")
    if isinstance(images, list) and images and isinstance(images[0], Mapping):
        return images[0]
    raise ModelFault("malformed")

"""Transcription and image generation through LiteLLM (image previews: see image_stream).

TRANSCRIBE_MODEL and IMAGE_MODEL may be from other providers than MODEL. MODEL_API_BASE and
MODEL_API_KEY are used for them if the provider is the same (see `LiteLLMModel.access`).
"""

from __future__ import annotations

import asyncio
import base64
import logging
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing, contextmanager, suppress
from typing import Any, Final

from chatkit.models.litellm_faults import describe, fault_of
from chatkit.models.litellm_model import LiteLLMModel
from chatkit.models.pure.answer_guard import tidy
from chatkit.models.pure.deltas import ImageStep, ModelFault
from chatkit.protocol.errors import Sentence, UnsupportedMedia
from chatkit.protocol.file_types import image_type

_log = logging.getLogger(__name__)

#: Largest image accepted, in bytes.
MAX_IMAGE_BYTES: Final = 20 * 2**20
#: Longest transcript, in characters; longer ones are cut. An hour of speech has about 60,000.
MAX_TRANSCRIPT_CHARS: Final = 100_000

#: File name by media type: providers detect the format from the extension.
_RECORDINGS: Final = {
    "audio/webm": "audio.webm",
    "audio/mp4": "audio.mp4",
    "audio/m4a": "audio.m4a",
    "audio/x-m4a": "audio.m4a",
    "audio/ogg": "audio.ogg",
    "audio/wav": "audio.wav",
    "audio/wave": "audio.wav",
    "audio/x-wav": "audio.wav",
    "audio/mpeg": "audio.mp3",
}


class Media:
    """The models for transcription and images. `timeout_s` is for a whole call.

    Every method raises ModelFault, `misconfigured` if the model for the feature is None.
    Cancelling closes the provider's connection.
    """

    def __init__(
        self,
        model: LiteLLMModel,
        *,
        transcribe_model: str | None,
        image_model: str | None,
        timeout_s: float,
    ) -> None:
        self._model = model
        self._transcribe_model = transcribe_model
        self._image_model = image_model
        self._timeout_s = timeout_s

    async def transcribe(self, audio: bytes, mime_type: str) -> str:
        """The text of a recording; empty for silence. `mime_type` is as the browser sends it.

        Raises UnsupportedMedia for a type that is not a common audio format.
        """
        kind = mime_type.partition(";")[0].strip().lower()
        name = _RECORDINGS.get(kind)
        if name is None:
            raise UnsupportedMedia(Sentence("dictation.recordings", types=", ".join(_RECORDINGS)))

        litellm, given = await self._given(self._transcribe_model)
        with _faults_of(given["model"]):
            async with asyncio.timeout(self._timeout_s):
                answer = await litellm.atranscription(
                    file=(name, audio, kind), max_retries=0, num_retries=0, **given
                )
            if not isinstance(answer.text, str):
                raise ModelFault("malformed")
            return tidy(answer.text[:MAX_TRANSCRIPT_CHARS]).strip()

    async def generate_image(
        self, prompt: str, size: str | None = None
    ) -> AsyncGenerator[ImageStep, None]:
        """Generate an image from `prompt`. `size` is in OpenAI's form, such as `1024x1024`.

        Models with previews yield up to two of them first, with growing progress.
        """
        litellm, given = await self._given(self._image_model)
        deadline = asyncio.get_running_loop().time() + self._timeout_s
        async with aclosing(_draw(litellm, given, prompt, size)) as steps:
            while True:
                with _faults_of(given["model"]):
                    async with asyncio.timeout_at(deadline):
                        step = await anext(steps, None)
                if step is None:
                    return
                yield step

    async def _given(self, model: str | None) -> tuple[Any, Mapping[str, Any]]:
        """LiteLLM, and the arguments common to every call of `model`."""
        if model is None:
            raise ModelFault("misconfigured")
        litellm = await self._model.library()
        access = self._model.access(litellm, model)
        return litellm, {"model": model, "timeout": self._timeout_s, **access}


@contextmanager
def _faults_of(model: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # a foreign library, which may raise anything
        fault = fault_of(error)
        _log.warning("model %s: %s (%s)", model, fault.kind, describe(error))
        raise fault from error


async def _draw(
    litellm: Any, given: Mapping[str, Any], prompt: str, size: str | None
) -> AsyncGenerator[ImageStep, None]:
    # Imported here because it imports httpx, which would slow down the start.
    from chatkit.models.image_stream import NotStreamed, stream_image

    with suppress(NotStreamed):
        images = stream_image(litellm, given, prompt, size, max_bytes=MAX_IMAGE_BYTES)
        async with aclosing(images):
            async for image, progress in images:
                yield await _step(image, progress, given)
        return
    answer = await litellm.aimage_generation(
        prompt=prompt,
        size=size,
        response_format="b64_json",
        drop_params=True,  # leave out size and format for models that do not support them
        num_retries=0,
        **given,
    )
    first = answer.data[0] if answer.data else None
    image = {name: getattr(first, name, None) for name in ("b64_json", "url")}
    yield await _step(image, 1.0, given)


async def _step(image: Mapping[str, Any], progress: float, given: Mapping[str, Any]) -> ImageStep:
    data = await _image_bytes(image, given["api_base"])
    if (mime_type := image_type(data)) is None:
        raise ModelFault("malformed")
    return ImageStep(data=data, mime_type=mime_type, progress=progress)


async def _image_bytes(image: Mapping[str, Any], api_base: str | None) -> bytes:
    """The bytes of an image, from the response itself or from the URL in it."""
    encoded, url = image.get("b64_json"), image.get("url")
    if not encoded and isinstance(url, str) and url.startswith("data:"):
        encoded = url.partition(";base64,")[2]
    if isinstance(encoded, str) and encoded:
        if len(encoded) > MAX_IMAGE_BYTES * 4 // 3 + 4:
            raise ModelFault("malformed")
        try:
            return base64.b64decode(encoded, validate=True)
        except ValueError as error:
            raise ModelFault("malformed") from error
    if not isinstance(url, str):
        raise ModelFault("malformed")
    from chatkit.models.media_fetch import fetch, origin_of

    return await fetch(url, trusted=origin_of(api_base), max_bytes=MAX_IMAGE_BYTES)

"""Ports: the language model, the image model and the speech model."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Protocol

from chatkit.models.pure.deltas import Delta, ImageStep, ModelRequest


class Model(Protocol):
    """A language model that streams."""

    async def warm_up(self, model: str) -> None:
        """Prepare for calls of `model`. May be repeated."""
        ...

    def context_window(self, model: str) -> int | None:
        """Most input tokens of `model`; None if unknown."""
        ...

    def supports_vision(self, model: str) -> bool | None:
        """Whether `model` reads images; None if unknown."""
        ...

    def supports_pdf(self, model: str) -> bool | None:
        """Whether `model` reads PDF files; None if unknown."""
        ...

    async def complete(self, request: ModelRequest) -> str:
        """Return the whole text of an answer. Raises ModelFault."""
        ...

    def stream(self, request: ModelRequest) -> AsyncGenerator[Sequence[Delta], None]:
        """Yield the answer in batches. A batch holds the deltas of one read and is never empty.

        Ends after a StreamEnd. Raises ModelFault. Closing the iterator (`aclose`) or cancelling
        the task that reads it closes the provider's connection.
        """
        ...


class Images(Protocol):
    """A model that makes images."""

    def generate_image(self, prompt: str, size: str | None) -> AsyncGenerator[ImageStep, None]:
        """Yield previews, if the provider has them, then the complete image. Raises ModelFault."""
        ...


class Transcriber(Protocol):
    """A model that transcribes speech."""

    async def transcribe(self, audio: bytes, mime_type: str) -> str:
        """Return the spoken text. Raises ModelFault and UnsupportedMedia."""
        ...

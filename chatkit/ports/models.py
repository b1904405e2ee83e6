"""Models: what answers, draws and listens."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Protocol

from chatkit.models.pure.deltas import Delta, ImageStep, ModelRequest


class Model(Protocol):
    """A language model that streams."""

    async def warm_up(self, model: str) -> None:
        """Get ready for calls of `model`; again is harmless."""
        ...

    def context_window(self, model: str) -> int | None:
        """The most input tokens that `model` takes; None where it is not known."""
        ...

    def supports_vision(self, model: str) -> bool | None:
        """Whether `model` sees images; None where it is not known."""
        ...

    def supports_pdf(self, model: str) -> bool | None:
        """Whether `model` reads PDF files; None where it is not known."""
        ...

    async def complete(self, request: ModelRequest) -> str:
        """The whole text of an answer. Raises ModelFault."""
        ...

    def stream(self, request: ModelRequest) -> AsyncGenerator[Sequence[Delta], None]:
        """The answer, in batches: what arrived in one read leaves as one batch, never empty.

        Ends after a StreamEnd. Raises ModelFault. Closing the iterator (`aclose`) or cancelling
        the task that reads it closes the provider's connection.
        """
        ...


class Images(Protocol):
    """A model that makes images."""

    def generate_image(self, prompt: str, size: str | None) -> AsyncGenerator[ImageStep, None]:
        """Sketches, where the provider has them, and the whole image. Raises ModelFault."""
        ...


class Transcriber(Protocol):
    """A model that listens."""

    async def transcribe(self, audio: bytes, mime_type: str) -> str:
        """What was said. Raises ModelFault and UnsupportedMedia."""
        ...

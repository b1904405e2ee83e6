"""Dictation: transcribes recordings with a speech model."""

from __future__ import annotations

from dataclasses import dataclass

from chatkit.engine import faults
from chatkit.models.pure.deltas import ModelFault
from chatkit.ports.models import Transcriber
from chatkit.protocol.errors import Forbidden, Sentence, Unavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """Transcribes for the user. `model` is None if dictation is switched off."""

    model: Transcriber | None

    async def transcribe(self, audio: bytes, mime_type: str) -> str:
        """The text of a recording; empty for silence.

        Raises Forbidden (`dictation_off`) if dictation is off, UnsupportedMedia for an unknown
        audio format, and Unavailable if the model fails.
        """
        if self.model is None:
            raise Forbidden(
                Sentence("dictation.off"),
                code="dictation_off",
            )
        try:
            return await self.model.transcribe(audio, mime_type)
        except ModelFault as fault:
            raise Unavailable(faults.MODEL_FAULTS[fault.kind].sentence) from fault

"""Dictation: recordings into words, by another model."""

from __future__ import annotations

from dataclasses import dataclass

from chatkit.engine import faults
from chatkit.models.pure.deltas import ModelFault
from chatkit.ports.models import Transcriber
from chatkit.protocol.errors import Forbidden, Sentence, Unavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """`model` is None where dictation is switched off."""

    model: Transcriber | None

    async def transcribe(self, audio: bytes, mime_type: str) -> str:
        """What was said; empty for silence.

        Raises Forbidden (`dictation_off`) while it is off, UnsupportedMedia for what is no common
        recording, Unavailable where the model fails.
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

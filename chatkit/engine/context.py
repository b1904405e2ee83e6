"""Builds the messages for the model: instructions, the newest turns that fit, and files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chatkit.access.caller import Caller
from chatkit.access.zones import zone_of
from chatkit.answer import history
from chatkit.engine.file_contents import contents_for
from chatkit.ports.files import FileStore
from chatkit.ports.models import Model
from chatkit.protocol.attachments import (
    Attachment,
    DocumentContent,
    FileContent,
    ImageContent,
    NameContent,
)
from chatkit.protocol.bodies import Body, UserMessage

_NOT_SEEN = "The model in use cannot read files of this type."


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Builds the messages of a turn. `tokens` is the budget; None: derived from the model."""

    model: Model
    files: FileStore
    instructions: str
    tokens: int | None
    now: Callable[[], datetime]

    def fit(self, bodies: Sequence[Body], model: str) -> list[Body]:
        """The newest whole turns within the token budget."""
        budget = self.tokens
        if budget is None:
            # Half of the window leaves room for the answer and the tools. The upper limit bounds
            # the cost of a long thread.
            budget = min((self.model.context_window(model) or 16_000) // 2, 64_000)
        return history.fit(bodies, budget)

    def newly_trimmed(self, bodies: Sequence[Body], model: str) -> bool:
        """Whether the newest turn is the first whose history had to be trimmed."""
        starts = [place for place, body in enumerate(bodies) if isinstance(body, UserMessage)]
        if len(starts) < 2 or not history.is_trimmed(self.fit(bodies, model)):
            return False
        return not history.is_trimmed(self.fit(bodies[: starts[-1]], model))

    async def load_files(
        self, bodies: Sequence[Body], caller: Caller, model: str
    ) -> dict[str, FileContent]:
        """The contents of every attachment in `bodies`, by attachment id.

        The newest message's files use the budget first.
        """
        attachments = [
            attachment
            for body in reversed(bodies)
            if isinstance(body, UserMessage)
            for attachment in body.attachments
        ]
        contents = await contents_for(caller.user_id, attachments, self.files)
        return {
            attachment.id: self._readable(attachment, content, model)
            for attachment, content in zip(attachments, contents, strict=True)
        }

    def _readable(self, attachment: Attachment, content: FileContent, model: str) -> FileContent:
        """Replace content that the model cannot read: a provider would reject the whole request."""
        unseen = isinstance(content, ImageContent) and self.model.supports_vision(model) is False
        unread = isinstance(content, DocumentContent) and not self.model.supports_pdf(model)
        if unseen or unread:
            name, mime_type = attachment.name, attachment.mime_type
            return NameContent(name=name, mime_type=mime_type, why=_NOT_SEEN)
        return content

    def messages(
        self, bodies: Sequence[Body], files: Mapping[str, FileContent], caller: Caller
    ) -> list[dict[str, Any]]:
        """Convert the result of `fit` to OpenAI's chat format, with the system message first."""
        moment = self.now().astimezone(zone_of(caller))
        system = history.system_message(self.instructions, moment, caller.time_zone)
        return [system, *history.to_messages(bodies, files)]

"""Builds the messages for the model: instructions, the newest turns that fit, and files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from chatkit.access.caller import Caller
from chatkit.access.zones import zone_of
from chatkit.answer import history
from chatkit.answer.fitting import Fitted, fit, shorten
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
from chatkit.protocol.bodies import ToolRound, UserMessage
from chatkit.protocol.items import Item

#: Maximum number of a thread's items that are loaded for the model. The token budget trims further.
MAX_HISTORY_ITEMS: Final = 400
#: Window of a model that LiteLLM does not know, in tokens, until a provider refuses a request.
UNKNOWN_WINDOW: Final = 16_000
#: Room for the tools of other servers: the share of the window that they get, and the least room,
#: in tokens.
TOOLS_SHARE: Final = 20
MIN_TOOLS: Final = 2_000
#: Largest budget, and the smallest after a refusal, in tokens.
MAX_BUDGET: Final = 64_000
MIN_BUDGET: Final = 1_500
#: Share of a history that is kept after its provider found it too long. Estimates of other scripts
#: than Latin are up to three times too low; three attempts at this share make up for it.
_SHORTER: Final = 0.6
_NOT_SEEN: Final = "The model in use cannot read files of this type."
_NO_ROOM: Final = "It was left out, because the conversation is too long for the model with it."


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Builds the messages of a turn. `tokens` is the budget; None: derived from the model."""

    model: Model
    files: FileStore
    instructions: str
    tokens: int | None
    now: Callable[[], datetime]
    #: Budgets that worked after the provider had found a request too long, by model. In tokens.
    learned: dict[str, int] = field(default_factory=dict)

    def fit(self, items: Sequence[Item], model: str) -> Fitted:
        """The newest whole turns within the token budget. `items` may be the end of a thread."""
        budget = self.tokens
        if budget is None:
            # Half of the window leaves room for the answer and the tools. The upper limit bounds
            # the cost of a long thread.
            budget = min((self.model.context_window(model) or UNKNOWN_WINDOW) // 2, MAX_BUDGET)
        budget = min(budget, self.learned.get(model, budget))
        return fit(items, budget, complete=len(items) < MAX_HISTORY_ITEMS)

    def tools_budget(self, model: str) -> int:
        """How many tokens the tools of other servers may take of each request."""
        window = self.model.context_window(model) or UNKNOWN_WINDOW
        return max(window // TOOLS_SHARE, MIN_TOOLS)

    def shorten(self, items: Sequence[Item], too_long: Fitted) -> tuple[Fitted, int] | None:
        """A shorter history than one that the provider found too long, and its budget.

        None if that one is too short already to make it shorter.
        """
        budget = max(MIN_BUDGET, int(too_long.tokens * _SHORTER))
        shorter = shorten(items, budget, complete=len(items) < MAX_HISTORY_ITEMS)
        return (shorter, budget) if shorter.tokens < too_long.tokens else None

    def newly_trimmed(self, items: Sequence[Item], model: str) -> bool:
        """Whether the newest turn is the first whose history had to be trimmed."""
        starts = [place for place, item in enumerate(items) if isinstance(item.body, UserMessage)]
        if len(starts) < 2 or not self.fit(items, model).trimmed:
            return False
        return not self.fit(items[: starts[-1]], model).trimmed

    async def load_files(
        self, items: Sequence[Item], caller: Caller, model: str
    ) -> dict[str, FileContent]:
        """The contents of every attachment and every image of a tool in `items`, by id.

        The newest files use the budget first.
        """
        attachments = attachments_of(reversed(items))
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
        self, fitted: Fitted, files: Mapping[str, FileContent], caller: Caller
    ) -> list[dict[str, Any]]:
        """Convert the result of `fit` to OpenAI's chat format, with the system message first."""
        clock = history.Clock(zone=zone_of(caller), zone_name=caller.time_zone, now=self.now())
        messages = [history.system_message(self.instructions)]
        if fitted.trimmed:
            messages.append(history.note(history.TRIMMED))
        return [*messages, *history.to_messages(fitted.items, clock, files)]


def names_only(items: Iterable[Item]) -> dict[str, FileContent]:
    """The attachments in `items` as names without contents, by attachment id."""
    return {
        attachment.id: NameContent(
            name=attachment.name, mime_type=attachment.mime_type, why=_NO_ROOM
        )
        for attachment in attachments_of(items)
    }


def attachments_of(items: Iterable[Item]) -> list[Attachment]:
    """The files of messages, and the images that tools returned."""
    attachments: list[Attachment] = []
    for item in items:
        match item.body:
            case UserMessage():
                attachments += item.body.attachments
            case ToolRound(calls=calls):
                attachments += [image for call in calls for image in call.images]
    return attachments

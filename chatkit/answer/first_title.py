"""The first title of a thread: the first line of its first message."""

from __future__ import annotations

from typing import Final

from chatkit.protocol.bodies import UserMessage
from chatkit.protocol.content import InputText

#: Longest title that the server makes, in characters.
MAX_TITLE_CHARS: Final = 60


def text_of(message: UserMessage) -> str:
    """The text of a message, with `@label` for each tag."""
    return "".join(
        part.text if isinstance(part, InputText) else f"@{part.text}" for part in message.content
    )


def first_line(message: UserMessage) -> str | None:
    """The first line of a message, cut at a word; without text, the name of its first file."""
    line = next((line.strip() for line in text_of(message).splitlines() if line.strip()), "")
    if not line and message.attachments:
        line = message.attachments[0].name
    if len(line) <= MAX_TITLE_CHARS:
        return line or None
    cut = line[:MAX_TITLE_CHARS]
    head, space, _ = cut.rpartition(" ")
    return (head if space else cut).rstrip(" ,;:.-") + "…"

"""The caller of an operation, as every part of the server may see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

#: Every guest's user id begins with it, and no other's.
GUEST_PREFIX: Final = "guest_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The user and context of a call. The server sets it; a model cannot choose any of it.

    `thread_id` and `turn_id` are None outside a conversation. `round`: the calls of the model's
    answer that this call is one of, each as name and arguments (JSON text). `shows_cards`: cards
    that a tool offers are shown.
    `language` is a BCP 47 tag, `time_zone` an IANA name.
    """

    user_id: str
    thread_id: str | None = None
    turn_id: str | None = None
    round: tuple[tuple[str, str], ...] = ()
    shows_cards: bool = False
    language: str = "en"
    time_zone: str = "UTC"

"""Who asks, as every part of the server may know."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks. Bound by the server for each call and never a parameter that a model can name.

    `thread_id` and `turn_id` are None outside a conversation; `alone` says that the model calls
    this tool just once in this round, `shows_cards` that the cards which a tool offers are shown.
    `language` is a BCP 47 tag, `time_zone` an IANA name.
    """

    user_id: str
    thread_id: str | None = None
    turn_id: str | None = None
    alone: bool = True
    shows_cards: bool = False
    language: str = "en"
    time_zone: str = "UTC"

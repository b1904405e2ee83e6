"""The icons that widgets can draw, and replacements for other names (section 20)."""

from __future__ import annotations

from typing import Final

_NAMES: Final = """
agent analytics atom batch bolt book-open book-closed book-clock bug calendar chart check
check-circle check-circle-filled chevron-left chevron-right circle-question clock compass
confetti cube desktop document dot dots-horizontal dots-vertical empty-circle external-link
globe keys lab images info lifesaver lightbulb mail map-pin maps mobile name notebook
notebook-pencil page-blank phone play plus profile profile-card reload star star-filled search
sparkle sparkle-double square-code square-image square-text suitcase settings-slider user
wreath write write-alt write-alt2
"""
ICONS: Final = frozenset(_NAMES.split())

#: Common names of icons, and the known icon with that meaning.
_ALIASES: Final = {
    "add": "plus",
    "alert": "info",
    "book": "book-open",
    "checkmark": "check",
    "code": "square-code",
    "done": "check",
    "edit": "write",
    "email": "mail",
    "file": "document",
    "help": "circle-question",
    "image": "square-image",
    "location": "map-pin",
    "pencil": "write",
    "question": "circle-question",
    "refresh": "reload",
    "settings": "settings-slider",
    "time": "clock",
    "warning": "info",
}


def known_icon(name: str) -> str | None:
    """`name` if it is a known icon, else its replacement, else None."""
    if name in ICONS or name.startswith(("lucide:", "vendor:")):
        return name
    return _ALIASES.get(name.lower().replace("_", "-"))

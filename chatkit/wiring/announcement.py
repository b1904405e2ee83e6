"""The message that a start prints: address, database, model and guests.

Its only secret is the link that lets a guest in, once.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from chatkit.wiring.settings import DEMO_MODEL, Settings

_GUESTS = {
    "local": "welcome from this machine (no sign-in is set up)",
    "on": "welcome",
    "link": "let in by this link, once: {link}",
    "off": "not let in",
}


def announce(settings: Settings, address: str, place: Path | None, link: str | None) -> str:
    """The start message. `place` is the directory of the embedded database, `link` the link for a
    guest, where one is needed."""
    if settings.database_url is None:
        database = f"embedded PostgreSQL in {place}"
    else:
        parts = urlsplit(settings.database_url)
        database = f"PostgreSQL {parts.path.lstrip('/')} on {parts.hostname or 'a unix socket'}"
    model = settings.model
    if model == DEMO_MODEL:
        model += " (built in; for a real one set OPENROUTER_API_KEY, GEMINI_API_KEY or MODEL)"
    return (
        f"\nChatKit server on {address}  (Ctrl+C stops it)\n"
        f"  database  {database}\n"
        f"  model     {model}\n"
        f"  guests    {_GUESTS[settings.guest_policy].format(link=link)}\n"
    )

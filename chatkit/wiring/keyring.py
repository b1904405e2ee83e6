"""The keys of this process, which notices when they are rotated."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from chatkit.access.keys import Keys
from chatkit.protocol.errors import ChatKitError
from store.secrets import Secrets, SecretsError

_log = logging.getLogger("chatkit")

GUEST_KEYS: Final = "guest_key"
FILE_KEYS: Final = "file_key"
#: How often the keys are read again, in seconds.
LOOK_S: Final = 10.0


class Keyring:
    """Opens keys by name; `run` keeps them as they are in the database."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets
        self._opened: dict[str, Keys] = {}

    async def open(self, name: str) -> Keys:
        """The keys `name`, to be held by whoever uses them. Raises SecretsError."""
        keys = self._opened[name] = await self._secrets.load(name)
        return keys

    async def run(self) -> None:
        """Look for rotated keys until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            for name, keys in self._opened.items():
                try:
                    fresh = await self._secrets.load(name)
                except (ChatKitError, SecretsError) as error:
                    _log.warning("the keys could not be read again: %s", error)
                    continue
                if fresh.current != keys.current:
                    _log.info("the %s was rotated", name.replace("_", " "))
                keys.current, keys.previous = fresh.current, fresh.previous

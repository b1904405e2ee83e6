"""Keys that the server generates, in the database and shared by all processes.

With a password (SECRETS_KEY) they are stored encrypted, so that a dump of the database is not
enough to sign anything.
"""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Callable
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chatkit.access.keys import Keys
from store.postgres import Database
from store.sql import load

_SQL: Final = load("secrets")

#: What an encrypted value begins with.
_ENCRYPTED: Final = "aes-gcm-1:"
_NONCE_BYTES: Final = 12


class SecretsError(Exception):
    """The keys cannot be read; the message is one sentence for the operator."""


async def keep_name(database: Database, name: str, make: Callable[[], str]) -> str:
    """A random name that is no secret, created with `make` if missing. All callers get the same."""
    found = await database.fetchval(_SQL["get_secret"], name)
    if found is None:
        await database.execute(_SQL["add_secret"], name, make())
        found = await database.fetchval(_SQL["get_secret"], name)
    return str(found)


class Secrets:
    """The keys by name. `password`: what they are encrypted with; None: they are not."""

    def __init__(self, database: Database, *, password: str | None) -> None:
        self._database = database
        self._cipher = None
        if password is not None:
            self._cipher = AESGCM(sha256(b"chatkit-secrets-v1" + password.encode()).digest())

    async def load(self, name: str) -> Keys:
        """The keys `name`, created if missing. Raises SecretsError.

        Concurrent callers get the same. A key from before there was a password is encrypted now.
        """
        stored = await self._database.fetchval(_SQL["get_secret"], name)
        if stored is None:
            fresh = self._seal(name, secrets.token_hex(32))
            await self._database.execute(_SQL["add_secret"], name, fresh)
            stored = await self._database.fetchval(_SQL["get_secret"], name)
        current = self._open(name, stored)
        if self._cipher is not None and not stored.startswith(_ENCRYPTED):
            sealed = self._seal(name, current)
            await self._database.execute(_SQL["replace_secret"], name, stored, sealed)
        return Keys(current=bytes.fromhex(current), previous=await self._previous(name))

    async def _previous(self, name: str) -> bytes | None:
        stored = await self._database.fetchval(_SQL["get_secret"], _previous(name))
        if stored is None:
            return None
        key, _, expires = self._open(_previous(name), stored).partition(" ")
        return bytes.fromhex(key) if time.time() < int(expires) else None

    async def rotate(self, name: str, *, keep_s: float) -> None:
        """Make a new key. The present one is accepted for `keep_s` seconds more; 0: no longer.

        With 0 the present key is not read, so that a lost password is no hindrance. Raises
        SecretsError.
        """
        fresh = self._seal(name, secrets.token_hex(32))
        async with self._database.acquire() as connection, connection.transaction():
            present = await connection.fetchval(_SQL["lock_secret"], name)
            if present is not None and keep_s > 0:
                kept = f"{self._open(name, present)} {int(time.time() + keep_s)}"
                previous = self._seal(_previous(name), kept)
                await connection.execute(_SQL["set_secret"], _previous(name), previous)
            else:
                await connection.execute(_SQL["drop_secret"], _previous(name))
            await connection.execute(_SQL["set_secret"], name, fresh)

    def _seal(self, name: str, value: str) -> str:
        if self._cipher is None:
            return value
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, value.encode(), name.encode())
        return _ENCRYPTED + base64.b64encode(sealed).decode()

    def _open(self, name: str, stored: str) -> str:
        if not stored.startswith(_ENCRYPTED):
            return stored
        if self._cipher is None:
            raise SecretsError(
                "the keys in the database are encrypted, and SECRETS_KEY is not set: set it as "
                "before, or make new keys with: python app.py rotate-keys --now"
            )
        sealed = base64.b64decode(stored.removeprefix(_ENCRYPTED))
        try:
            text = self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], name.encode())
        except InvalidTag as error:
            raise SecretsError(
                "the keys in the database are encrypted with another SECRETS_KEY: set the former "
                "one, or make new keys with: python app.py rotate-keys --now"
            ) from error
        return text.decode()


def _previous(name: str) -> str:
    return f"{name}.previous"

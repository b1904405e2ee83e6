"""What each user stores. Triggers of the database count it (schema.sql, `stored_amounts`).

A statement that accepts a request is given the amounts that its user may store. It sets them as
`chatkit.allowed` for its own transaction, in its result, which is made before the triggers run. The
trigger that counts above one of them refuses the statement, which is then undone as a whole. Thus a
request costs no further round trip, and the server's own writes, such as answers, are not refused.
"""

from __future__ import annotations

from typing import Final

from chatkit.access.quotas import Amounts, Quotas
from chatkit.protocol.jsontext import dumps
from store.postgres import Database
from store.sql import load

_SQL: Final = load("amounts")


class StoredAmounts:
    """The `AmountStore`."""

    def __init__(self, database: Database, quotas: Quotas) -> None:
        self._database = database
        self._quotas = quotas

    async def load(self, user_id: str) -> tuple[Amounts, Amounts]:
        """See the port."""
        row = await self._database.fetchrow(_SQL["load_amounts"], user_id)
        return Amounts(**row) if row is not None else Amounts(), self._quotas.of(user_id)


def allowed(quotas: Quotas, user_id: str) -> str:
    """The parameter "what the user may store" of a statement."""
    return dumps(quotas.of(user_id).to_wire())

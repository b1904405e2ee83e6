"""Pages by keyset: `limit + 1` rows are read, and the page says whether there are more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Generic, Literal, Protocol, TypeVar

from chatkit.protocol.jsontext import dumps

Order = Literal["asc", "desc"]

DEFAULT_LIMIT: Final = 20
#: The widget asks for 9,999 threads at once; it gets this many and a cursor.
MAX_LIMIT: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """Which page: at most `limit` entries strictly after the id `after`, in `order`."""

    limit: int = DEFAULT_LIMIT
    order: Order = "desc"
    after: str | None = None


class _Listed(Protocol):
    @property
    def id(self) -> str: ...

    def encode(self) -> str: ...


EntryT = TypeVar("EntryT", bound=_Listed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[EntryT]):
    """Entries in the order asked for."""

    data: Sequence[EntryT]
    has_more: bool

    @classmethod
    def of(cls, rows: Sequence[EntryT], limit: int) -> Page[EntryT]:
        """The page in `limit + 1` rows, or fewer where the list ends."""
        return cls(data=rows[:limit], has_more=len(rows) > limit)

    def encode(self) -> str:
        """The wire object as JSON text; `after` only where there is a next page."""
        data = ",".join(entry.encode() for entry in self.data)
        if not self.has_more:
            return f'{{"data":[{data}],"has_more":false}}'
        return f'{{"data":[{data}],"has_more":true,"after":{dumps(self.data[-1].id)}}}'

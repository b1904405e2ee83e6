"""Keyset pages: `limit + 1` rows are read, and the extra row shows that there are more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Generic, Literal, Protocol, TypeVar

from chatkit.protocol.jsontext import dumps

Order = Literal["asc", "desc"]

DEFAULT_LIMIT: Final = 20
#: Largest page. The widget asks for 9,999 threads at once; it gets this many and a cursor.
MAX_LIMIT: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """The requested page: at most `limit` entries after the id `after`, in `order`."""

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
    """One page of entries, in the requested order."""

    data: Sequence[EntryT]
    has_more: bool

    @classmethod
    def of(cls, rows: Sequence[EntryT], limit: int) -> Page[EntryT]:
        """Build the page from up to `limit + 1` rows; fewer at the end of the list."""
        return cls(data=rows[:limit], has_more=len(rows) > limit)

    def encode(self) -> str:
        """The wire object as JSON text. `after` is left out on the last page."""
        data = ",".join(entry.encode() for entry in self.data)
        if not self.has_more:
            return f'{{"data":[{data}],"has_more":false}}'
        return f'{{"data":[{data}],"has_more":true,"after":{dumps(self.data[-1].id)}}}'

"""Keyset pages: `limit + 1` rows are read, and the extra row shows that there are more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, Literal, Protocol, TypeVar

from chatkit.protocol.jsontext import dumps

Order = Literal["asc", "desc"]

DEFAULT_LIMIT: Final = 20
#: Largest page, and largest page of threads: the widget asks for 9,999 of them at once.
MAX_LIMIT: Final = 100
MAX_THREADS_LIMIT: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """The requested page: at most `limit` entries after `after`, in `order`.

    `after` is an id, or the cursor of a page where that has one of its own.
    """

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
    after: str | None = None
    """Where the next page begins; None on the last page."""

    @classmethod
    def of(
        cls, rows: Sequence[EntryT], limit: int, place_of: Callable[[EntryT], str] | None = None
    ) -> Page[EntryT]:
        """Build the page from up to `limit + 1` rows; fewer at the end of the list.

        `place_of`: the cursor of an entry, where it is not the id.
        """
        data = rows[:limit]
        if len(rows) <= limit:
            return cls(data=data, has_more=False)
        return cls(data=data, has_more=True, after=place_of(data[-1]) if place_of else data[-1].id)

    def encode(self) -> str:
        """The wire object as JSON text. `after` is left out on the last page."""
        data = ",".join(entry.encode() for entry in self.data)
        if not self.has_more:
            return f'{{"data":[{data}],"has_more":false}}'
        return f'{{"data":[{data}],"has_more":true,"after":{dumps(self.after)}}}'

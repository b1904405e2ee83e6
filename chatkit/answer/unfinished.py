"""Pages of items in a thread that is being answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from chatkit.protocol.items import Item, StoredItem, stored_item
from chatkit.protocol.paging import Cursor, Page


def with_unfinished(
    page: Page[StoredItem], unfinished: Sequence[Item], cursor: Cursor
) -> Page[StoredItem]:
    """The page with the newest items in it where it reaches them.

    They come beside its limit: no page ends with one of them and a cursor, which would be refused.
    """
    newest = [stored_item(item) for item in unfinished]
    if cursor.order == "asc":
        data = [*page.data, *([] if page.has_more else newest)]
    else:
        data = [*([] if cursor.after is not None else reversed(newest)), *page.data]
    return replace(page, data=data)

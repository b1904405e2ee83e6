"""Pages of items in a thread that is being answered."""

from __future__ import annotations

from collections.abc import Sequence

from chatkit.protocol.items import Item, StoredItem, stored_item
from chatkit.protocol.paging import Cursor, Page


def with_unfinished(
    page: Page[StoredItem], unfinished: Sequence[Item], cursor: Cursor
) -> Page[StoredItem]:
    """The page with the newest items in it where it reaches them, cut to its limit again."""
    newest = [stored_item(item) for item in unfinished]
    if cursor.order == "asc":
        data = [*page.data, *([] if page.has_more else newest)]
    else:
        data = [*([] if cursor.after is not None else reversed(newest)), *page.data]
    cut = len(data) > cursor.limit
    return Page(data=data[: cursor.limit], has_more=page.has_more or cut)

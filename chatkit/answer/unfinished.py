"""Adds the unfinished items of a running turn to a page of stored items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from chatkit.protocol.items import Item, StoredItem, stored_item
from chatkit.protocol.paging import Cursor, Page


def with_unfinished(
    page: Page[StoredItem], unfinished: Sequence[Item], cursor: Cursor
) -> Page[StoredItem]:
    """Add the unfinished items to a page that reaches the newest stored item.

    They do not count toward the limit. Otherwise a page could end with one, and its id would be
    refused as a cursor.
    """
    newest = [stored_item(item) for item in unfinished]
    if cursor.order == "asc":
        data = [*page.data, *([] if page.has_more else newest)]
    else:
        data = [*([] if cursor.after is not None else reversed(newest)), *page.data]
    return replace(page, data=data)

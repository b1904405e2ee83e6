"""Images of an answer while they are being made, by the calls that asked for them."""

from __future__ import annotations

from dataclasses import replace

from chatkit.protocol.bodies import GeneratedImage
from chatkit.protocol.events import Event, ImageUpdated, ItemAdded, ItemRemoved
from chatkit.protocol.items import Item
from chatkit.protocol.links import placeholder


class Pictures:
    """Each begins with an empty item, and is final when its round is."""

    def __init__(self) -> None:
        self._open: dict[str, Item] = {}
        self._whole: list[Item] = []

    def begin(self, call_id: str, item: Item) -> Event:
        """One is on its way."""
        self._open[call_id] = item
        return ItemAdded(item)

    def grow(self, call_id: str, url: str, progress: float) -> Event:
        """One so far, as a `data:` URL; `progress` is from 0 to 1."""
        item_id = self._open[call_id].id
        return ImageUpdated(item_id=item_id, image_id=item_id, url=url, progress=progress)

    def end(self, call_id: str, file_id: str | None) -> Event:
        """One is whole and its file kept, or (None) there is none."""
        item = self._open.pop(call_id)
        if file_id is None:
            return ItemRemoved(item.id)
        self._whole.append(replace(item, body=GeneratedImage(file_id=file_id)))
        url = placeholder(file_id)
        return ImageUpdated(item_id=item.id, image_id=file_id, url=url, progress=1.0)

    def take(self) -> list[Item]:
        """Those that are whole."""
        whole, self._whole = self._whole, []
        return whole

    def drop(self) -> list[Event]:
        """Take away all that are not final."""
        dropped = [*self._open.values(), *self._whole]
        self._open, self._whole = {}, []
        return [ItemRemoved(item.id) for item in dropped]

"""Items that show files: images while they are generated, and what tools return."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from chatkit.protocol.attachments import Attachment
from chatkit.protocol.bodies import Body, GeneratedImage, TaskBody
from chatkit.protocol.content import UrlSource
from chatkit.protocol.events import Event, ImageUpdated, ItemAdded, ItemRemoved
from chatkit.protocol.ids import Prefix
from chatkit.protocol.items import Item
from chatkit.protocol.links import placeholder
from chatkit.protocol.workflows import WebSearchTask
from chatkit.words.say import Say


def bodies_of(files: Iterable[Attachment], say: Say) -> Iterator[tuple[Prefix, Body]]:
    """The items that show files of tools: an image, or a step with a link to download the file."""
    for file in files:
        if file.is_image:
            yield "msg", GeneratedImage(file_id=file.id)
        else:
            source = UrlSource(title=file.name, url=placeholder(file.id))
            title = say("step.file_returned")
            step = WebSearchTask(status="complete", title=title, sources=(source,))
            yield "tsk", TaskBody(step=step)


class Pictures:
    """The images of one round. Each starts as an empty item and becomes final with the round."""

    def __init__(self) -> None:
        self._open: dict[str, Item] = {}
        self._whole: list[Item] = []

    def begin(self, call_id: str, item: Item) -> Event:
        """Add the empty item of an image."""
        self._open[call_id] = item
        return ItemAdded(item)

    def grow(self, call_id: str, url: str, progress: float) -> Event:
        """Show a preview. `url` is a `data:` URL; `progress` is from 0 to 1."""
        item_id = self._open[call_id].id
        return ImageUpdated(item_id=item_id, image_id=item_id, url=url, progress=progress)

    def end(self, call_id: str, file_id: str | None) -> Event:
        """Complete an image with its stored file; remove the item if `file_id` is None."""
        item = self._open.pop(call_id)
        if file_id is None:
            return ItemRemoved(item.id)
        self._whole.append(replace(item, body=GeneratedImage(file_id=file_id)))
        url = placeholder(file_id)
        return ImageUpdated(item_id=item.id, image_id=file_id, url=url, progress=1.0)

    def take(self) -> list[Item]:
        """Return the complete items, and forget them."""
        whole, self._whole = self._whole, []
        return whole

    def drop(self) -> list[Event]:
        """Remove all items that are not final."""
        dropped = [*self._open.values(), *self._whole]
        self._open, self._whole = {}, []
        return [ItemRemoved(item.id) for item in dropped]

"""Widgets as a server sends them, and the built-in page that shows one."""

from __future__ import annotations

from typing import Any

from playwright.async_api import Locator, Page, expect

from tests.acceptance.page_api import ScriptedApi, item, open_thread, stored


def widget(root: dict[str, Any], item_id: str = "msg_7") -> dict[str, Any]:
    return item("widget", item_id, widget=root)


def card(*children: dict[str, Any], **props: Any) -> dict[str, Any]:
    return {"type": "Card", "children": [*children], **props}


def text(value: str, **props: Any) -> dict[str, Any]:
    return {"type": "Text", "value": value, **props}


def action(kind: str, payload: Any = None, **config: Any) -> dict[str, Any]:
    return {"type": kind, "payload": payload, **config}


def checkbox(done_: bool, **props: Any) -> dict[str, Any]:
    toggle = action("task.toggle", {"id": "t1"}, streaming=False)
    return {
        "type": "Checkbox",
        "name": "done",
        "label": "Call the dentist",
        "defaultChecked": done_,
        "onChangeAction": toggle,
        **props,
    }


async def show(page: Page, api: ScriptedApi, root: dict[str, Any]) -> Locator:
    """Open the thread with that one widget in it. Gives its row."""
    api.answers["threads.get_by_id"] = stored(widget(root))
    await open_thread(page)
    row = page.get_by_role("article", name="Assistant")
    await expect(row).to_be_visible()
    return row

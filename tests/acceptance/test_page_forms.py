"""Forms in the widgets of the built-in page."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.acceptance.page_api import ScriptedApi
from tests.acceptance.page_cards import action, card, show, text, widget

pytestmark = pytest.mark.asyncio(loop_scope="module")


def edit_form() -> dict[str, Any]:
    priorities = [{"value": "1", "label": "High"}, {"value": "2", "label": "Normal"}]
    repeats = [{"value": "no", "label": "Never"}, {"value": "day", "label": "Daily"}]
    return card(
        {"type": "Label", "value": "Title", "fieldName": "task.title"},
        {"type": "Input", "name": "task.title", "required": True, "defaultValue": "Old"},
        {"type": "Label", "value": "Notes", "fieldName": "task.notes"},
        {"type": "Textarea", "name": "task.notes"},
        {"type": "Label", "value": "Due", "fieldName": "due"},
        {"type": "DatePicker", "name": "due", "defaultValue": "2026-11-30T00:00:00Z"},
        {"type": "Label", "value": "Priority", "fieldName": "priority"},
        {"type": "Select", "name": "priority", "options": priorities, "defaultValue": "2"},
        {"type": "Label", "value": "Repeat", "fieldName": "repeat"},
        {"type": "RadioGroup", "name": "repeat", "options": repeats, "defaultValue": "no"},
        {"type": "Checkbox", "name": "remind", "label": "Remind me", "defaultChecked": True},
        {"type": "Input", "name": "id", "defaultValue": "forged"},
        {"type": "Input", "name": "__proto__.polluted", "defaultValue": "x"},
        text("Edited in place", editable={"name": "headline"}),
        asForm=True,
        confirm={
            "label": "Save",
            "action": action("task.save", {"id": "t1", "task": {"list": "home"}}, streaming=False),
        },
        cancel={"label": "Cancel", "action": action("task.cancel", streaming=False)},
    )


async def test_a_form_sends_its_fields_by_name_and_keeps_what_the_payload_says(
    page: Page, api: ScriptedApi
) -> None:
    row = await show(page, api, edit_form())
    api.answers["threads.sync_custom_action"] = lambda _: (200, {})
    await row.get_by_label("Title").fill("New title")
    await row.get_by_label("Notes").fill("Two\nlines")
    await row.get_by_label("Due").fill("2026-12-01")
    await row.get_by_label("Priority").select_option("High")
    await row.get_by_role("radiogroup", name="Repeat").get_by_label("Daily").check()
    await row.get_by_label("Remind me").uncheck()
    await row.get_by_label("Title").press("Enter")
    await expect(row.locator("[inert]")).to_have_count(0)
    (params,) = api.asked("threads.sync_custom_action")
    sent = json.loads(json.dumps(params["action"]))
    assert sent["payload"].pop("__proto__") == {"polluted": "x"}
    assert sent == {
        "type": "task.save",
        "payload": {
            "id": "t1",
            "task": {"list": "home", "title": "New title", "notes": "Two\nlines"},
            "due": "2026-12-01",
            "priority": "1",
            "repeat": "day",
            "remind": False,
            "headline": "Edited in place",
        },
    }
    assert await page.evaluate("({}).polluted === undefined")


async def test_a_form_with_a_missing_field_is_not_sent_unless_it_is_cancelled(
    page: Page, api: ScriptedApi
) -> None:
    row = await show(page, api, edit_form())
    api.answers["threads.sync_custom_action"] = lambda _: (200, {})
    await row.get_by_label("Title").fill("")
    await row.get_by_role("button", name="Save").click()
    await expect(row.get_by_label("Title")).to_be_focused()
    assert api.asked("threads.sync_custom_action") == []
    async with page.expect_response("**/api/chatkit"):
        await row.get_by_role("button", name="Cancel").click()
    (params,) = api.asked("threads.sync_custom_action")
    assert params["action"]["type"] == "task.cancel"


async def test_a_submit_button_sends_the_action_of_its_form(page: Page, api: ScriptedApi) -> None:
    form = {
        "type": "Form",
        "onSubmitAction": action("add", ["kept as it is"], streaming=False),
        "children": [
            {"type": "Textarea", "name": "title", "pattern": "[a-z]+", "placeholder": "A word"},
            {"type": "Button", "label": "Add", "submit": True},
        ],
    }
    row = await show(page, api, card(form))
    api.answers["threads.sync_custom_action"] = lambda _: (200, {})
    await row.get_by_label("A word").fill("123")
    await row.get_by_role("button", name="Add").click()
    assert api.asked("threads.sync_custom_action") == []
    await row.get_by_label("A word").fill("milk")
    async with page.expect_response("**/api/chatkit"):
        await row.get_by_role("button", name="Add").click()
    (params,) = api.asked("threads.sync_custom_action")
    assert params["action"] == {"type": "add", "payload": ["kept as it is"]}


@pytest.mark.parametrize("loading", ["self", "container", "none"])
async def test_what_is_typed_and_the_focus_stay_while_the_rest_of_the_card_changes(
    page: Page, api: ScriptedApi, loading: str
) -> None:
    def root(label: str, *more: dict[str, Any]) -> dict[str, Any]:
        press = action("next", streaming=False, loadingBehavior=loading)
        return card(
            *more,
            {"type": "Input", "name": "title", "placeholder": "Title"},
            {"type": "Button", "key": "b", "label": label, "onClickAction": press},
        )

    row = await show(page, api, root("First"))
    changed = widget(root("Second", text("Something new above")))
    api.answers["threads.sync_custom_action"] = lambda _: (200, {"updated_item": changed})
    await row.get_by_label("Title").fill("Half a sen")
    await row.get_by_role("button", name="First").focus()
    await page.keyboard.press("Enter")
    await expect(row.get_by_text("Something new above")).to_be_visible()
    await expect(row.get_by_label("Title")).to_have_value("Half a sen")
    await expect(row.get_by_role("button", name="Second")).to_be_focused()

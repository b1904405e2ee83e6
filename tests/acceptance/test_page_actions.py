"""What pressing something in a widget of the built-in page sends, and shows."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import pytest
from playwright.async_api import Page, Route, expect

from tests.acceptance.page_api import ScriptedApi, done, item, stream
from tests.acceptance.page_cards import action, card, checkbox, show, text, widget

pytestmark = pytest.mark.asyncio(loop_scope="module")

REFUSED: Final = {"error": {"code": "custom", "message": "Someone else has changed this task."}}


async def test_a_button_sends_its_action_and_the_answer_replaces_the_card(
    page: Page, api: ScriptedApi
) -> None:
    press = action("mail.send", {"to": "ana"})
    row = await show(page, api, card({"type": "Button", "label": "Send", "onClickAction": press}))
    api.answers["threads.custom_action"] = stream(
        {"type": "stream_options", "stream_options": {"allow_cancel": True}},
        {"type": "thread.item.replaced", "item": widget(card(text("Sent.")))},
        {"type": "client_effect", "name": "mail/sent", "data": {}},
    )
    await row.get_by_role("button", name="Send").click()
    await expect(row.get_by_text("Sent.", exact=True)).to_be_visible()
    await expect(row.get_by_role("button", name="Send")).to_have_count(0)
    await expect(page.get_by_role("article", name="Assistant")).to_have_count(1)
    await expect(page.get_by_role("alert")).to_have_count(0)
    assert api.asked("threads.custom_action") == [
        {
            "thread_id": "thr_1",
            "item_id": "msg_7",
            "action": {"type": "mail.send", "payload": {"to": "ana"}},
        }
    ]


async def test_an_action_that_does_not_stream_is_answered_in_place(
    page: Page, api: ScriptedApi
) -> None:
    row = await show(page, api, card(checkbox(False), text("1 open", id="count")))
    done_card = card(checkbox(True), text("0 open", id="count"))
    api.answers["threads.sync_custom_action"] = lambda _: (200, {"updated_item": widget(done_card)})
    box = row.get_by_role("checkbox", name="Call the dentist")
    await box.focus()
    before = await box.element_handle()
    await box.press("Space")
    await expect(row.get_by_text("0 open")).to_be_visible()
    await expect(box).to_be_checked()
    await expect(box).to_be_focused()
    assert before is not None
    assert await before.evaluate("(node) => node.isConnected")
    assert api.asked("threads.sync_custom_action") == [
        {
            "thread_id": "thr_1",
            "item_id": "msg_7",
            "action": {"type": "task.toggle", "payload": {"id": "t1", "done": True}},
        }
    ]


async def test_a_refused_change_is_taken_back_and_its_sentence_is_shown(
    page: Page, api: ScriptedApi
) -> None:
    row = await show(page, api, card(checkbox(False)))
    api.answers["threads.sync_custom_action"] = lambda _: (409, REFUSED)
    box = row.get_by_role("checkbox", name="Call the dentist")
    await box.click()
    await expect(row.get_by_role("alert")).to_contain_text("Someone else has changed this task.")
    await expect(box).not_to_be_checked()
    api.answers["threads.sync_custom_action"] = lambda _: (200, {})
    await box.click()
    await expect(row.get_by_role("alert")).to_have_count(0)
    await expect(box).to_be_checked()


@pytest.mark.parametrize("how", ["an error event", "an error reply", "a stream cut short"])
async def test_a_refused_confirmation_releases_the_card(
    page: Page, api: ScriptedApi, how: str
) -> None:
    message = "Someone else has changed this task."
    error = {"type": "error", "code": "custom", "message": message, "allow_retry": False}
    answers = {
        "an error event": stream(error),
        "an error reply": lambda _: (409, REFUSED),
        "a stream cut short": stream({"type": "thread.item.added", "item": widget(card())}),
    }
    root = card(text("Delete 2 tasks?"), confirm={"label": "Delete", "action": action("x")})
    row = await show(page, api, root)
    api.answers["threads.custom_action"] = answers[how]
    api.answers["items.list"] = lambda _: (200, {"data": [widget(root)], "has_more": False})
    confirm = row.get_by_role("button", name="Delete")
    await confirm.focus()
    await confirm.press("Enter")
    said = "broke" if how == "a stream cut short" else message
    await expect(row.get_by_role("alert")).to_contain_text(said)
    await expect(row.locator("[inert], [aria-busy]")).to_have_count(0)
    await expect(confirm).to_be_focused()
    await expect(page.get_by_role("button", name="Try again")).to_have_count(0)


async def test_a_confirmed_card_is_inert_until_the_server_has_answered(
    page: Page, api: ScriptedApi
) -> None:
    ways = {
        "cancel": {"label": "Keep", "action": action("keep")},
        "confirm": {"label": "Delete", "action": action("delete", streaming=False)},
    }
    row = await show(page, api, card(text("Sure?"), **ways))
    gate = asyncio.Event()

    async def answer_late(route: Route) -> None:
        if "sync_custom_action" in (route.request.post_data or ""):
            await gate.wait()
        await api.serve(route)

    gone = {"updated_item": widget(card(text("Deleted."), collapsed=True, status={"text": "Done"}))}
    api.answers["threads.sync_custom_action"] = lambda _: (200, gone)
    await page.route("**/api/chatkit", answer_late)
    await row.get_by_role("button", name="Delete").click()
    await expect(row.locator("[inert]")).to_have_count(1)
    await expect(row.locator("[aria-busy=true] >> nth=0")).to_have_attribute("aria-busy", "true")
    gate.set()
    await expect(row.locator("[inert]")).to_have_count(0)
    await expect(row.get_by_role("button", name="Show details")).to_be_focused()
    await expect(row.get_by_text("Deleted.")).to_be_hidden()
    await row.get_by_role("button", name="Show details").click()
    await expect(row.get_by_text("Deleted.")).to_be_visible()


async def test_two_quick_presses_of_a_busy_button_send_one_action(
    page: Page, api: ScriptedApi
) -> None:
    press = action("add", streaming=False)
    row = await show(page, api, card({"type": "Button", "label": "Add", "onClickAction": press}))
    api.answers["threads.sync_custom_action"] = lambda _: (200, {})
    button = row.get_by_role("button", name="Add")
    await button.evaluate("(node) => { node.click(); node.click(); }")
    await expect(button).not_to_have_attribute("aria-busy", "true")
    assert len(api.asked("threads.sync_custom_action")) == 1
    await button.click()
    await expect(button).not_to_have_attribute("aria-busy", "true")
    assert len(api.asked("threads.sync_custom_action")) == 2


async def test_quick_changes_are_sent_in_order_and_none_is_undone_by_the_answer_to_another(
    page: Page, api: ScriptedApi
) -> None:
    def boxes(*states: bool) -> dict[str, Any]:
        return card(
            *(
                checkbox(state, name=f"done_{place}", label=f"Task {place}")
                for place, state in enumerate(states)
            )
        )

    row = await show(page, api, boxes(False, False))
    states = [False, False]

    def toggle(body: dict[str, Any]) -> tuple[int, Any]:
        payload = body["params"]["action"]["payload"]
        for place in (0, 1):
            states[place] = payload.get(f"done_{place}", states[place])
        return 200, {"updated_item": widget(boxes(*states))}

    api.answers["threads.sync_custom_action"] = toggle
    await row.evaluate(
        """(row) => {
          let taken;
          window.seen = new Promise((resolve) => (taken = resolve));
          for (const box of row.querySelectorAll("input")) box.click();
          const watched = row.querySelectorAll("input")[1];
          const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "checked").set;
          Object.defineProperty(watched, "checked", {
            set(value) { taken(value); set.call(this, value); },
            get: Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "checked").get,
          });
        }"""
    )
    assert await page.evaluate("window.seen") is True  # the first value that an answer set
    assert states == [True, True]
    await expect(row.get_by_role("checkbox", checked=True)).to_have_count(2)


async def test_an_action_that_streams_waits_for_the_answer_that_is_being_written(
    page: Page, api: ScriptedApi
) -> None:
    press = action("mail.send")
    row = await show(page, api, card({"type": "Button", "label": "Send", "onClickAction": press}))
    gate = asyncio.Event()

    async def answer_late(route: Route) -> None:
        if "add_user_message" in (route.request.post_data or ""):
            await gate.wait()
        await api.serve(route)

    reply = item("assistant_message", "msg_9", content=[])
    api.answers["threads.add_user_message"] = stream(done(reply))
    await page.route("**/api/chatkit", answer_late)
    box = page.get_by_role("textbox", name="Message")
    await box.fill("Hello")
    await box.press("Enter")
    await row.get_by_role("button", name="Send").click()
    await expect(row.get_by_role("alert")).to_contain_text("Wait until the answer is complete")
    gate.set()
    await expect(page.get_by_role("button", name="Stop answering")).to_be_hidden()
    assert api.asked("threads.custom_action") == []


async def test_an_action_for_the_host_page_does_not_reach_the_server(
    page: Page, api: ScriptedApi
) -> None:
    press = action("open", handler="client")
    row = await show(page, api, card({"type": "Button", "label": "Open", "onClickAction": press}))
    await row.get_by_role("button", name="Open").click()
    await expect(row.get_by_role("alert")).to_have_count(0)
    assert [name for name, _ in api.calls if "action" in name] == []


@pytest.mark.parametrize("streaming", [True, False])
async def test_an_action_whose_sign_in_has_ended_asks_to_sign_in(
    page: Page, api: ScriptedApi, streaming: bool
) -> None:
    press = action("add", streaming=streaming)
    row = await show(page, api, card({"type": "Button", "label": "Add", "onClickAction": press}))
    gone = {"error": {"code": "auth", "message": "Sign in."}}
    api.answers["/api/auth/guest"] = lambda _: (403, gone)
    for name in ("/api/tasks", "threads.custom_action", "threads.sync_custom_action"):
        api.answers[name] = lambda _: (401, gone)
    await row.get_by_role("button", name="Add").click()
    await expect(page.get_by_label("Access token")).to_be_visible()
    await expect(row.get_by_role("alert")).to_have_count(0)

"""Widgets on the built-in page, in a real browser with a scripted API.

What a widget looks like for a person and a screen reader, what pressing something in it sends, and
that what comes from a model or a tool stays text.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any, Final

import pytest
from playwright.async_api import Locator, Page, Route, expect

from tests.acceptance.page_api import ScriptedApi, done, item, open_thread, stored, stream

pytestmark = pytest.mark.asyncio(loop_scope="module")

REFUSED: Final = {"error": {"code": "custom", "message": "Someone else has changed this task."}}


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


# ---- Actions -------------------------------------------------------------------------------------


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


async def test_a_list_shows_its_first_items_and_the_rest_on_request(
    page: Page, api: ScriptedApi
) -> None:
    items = [
        {
            "type": "ListViewItem",
            "key": str(place),
            "onClickAction": action("open", {"id": place}, streaming=False),
            "children": [text(f"Task {place}")],
        }
        for place in range(5)
    ]
    row = await show(page, api, {"type": "ListView", "limit": 3, "children": items})
    await expect(row.get_by_role("listitem")).to_have_count(3)
    await row.get_by_role("button", name="Show 2 more").click()
    await expect(row.get_by_role("listitem")).to_have_count(5)
    await expect(row.get_by_role("button", name="Task 3")).to_be_focused()
    api.answers["threads.sync_custom_action"] = lambda _: (200, {})
    async with page.expect_response("**/api/chatkit"):
        await row.get_by_role("button", name="Task 4").click()
    (params,) = api.asked("threads.sync_custom_action")
    assert params["action"] == {"type": "open", "payload": {"id": 4}}


# ---- Forms ---------------------------------------------------------------------------------------


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


# ---- Updates while it streams --------------------------------------------------------------------


async def test_deltas_add_to_a_text_and_leave_every_other_node_alone(modules: Page) -> None:
    assert await modules.evaluate(
        """async () => {
          const { WidgetView } = await import("/page/widgets.js");
          const node = document.createElement("div");
          document.body.append(node);
          const view = new WidgetView(node, {});
          const letter = { type: "Markdown", id: "body", value: "", streaming: true };
          const note = { type: "Text", id: "note", value: "Dear", streaming: true };
          view.update({ type: "Card", children: [{ type: "Title", value: "Mail" }, letter, note] });
          const added = [];
          const watcher = new MutationObserver((changes) => {
            for (const change of changes) for (const one of change.addedNodes) added.push(one);
          });
          watcher.observe(node, { childList: true, subtree: true });
          const said = node.querySelector(".w-text").firstChild;
          for (const delta of ["**Hel", "lo** ", "Ana"]) {
            const kind = "widget.streaming_text.value_delta";
            view.applyUpdate({ type: kind, component_id: "body", delta, done: delta === "Ana" });
            view.applyUpdate({ type: kind, component_id: "note", delta: ` ${delta}`, done: false });
            view.applyUpdate({ type: kind, component_id: "nobody", delta, done: false });
            for (let frame = 0; frame < 100 && !said.data.endsWith(delta); frame += 1) {
              await new Promise(requestAnimationFrame);
            }
          }
          watcher.takeRecords();
          const markdown = node.querySelector(".markdown");
          return JSON.stringify([
            markdown.innerText,
            markdown.classList.contains("is-streaming"),
            said.data,
            said.isConnected,
            added.every((one) => markdown.contains(one) || !one.isConnected),
          ]);
        }"""
    ) == json.dumps(["Hello Ana", False, "Dear **Hel lo**  Ana", True, True], separators=(",", ":"))


async def test_a_streamed_widget_shows_its_three_kinds_of_updates(
    page: Page, api: ScriptedApi
) -> None:
    def update(kind: str, **fields: Any) -> dict[str, Any]:
        change = {"type": f"widget.{kind}", **fields}
        return {"type": "thread.item.updated", "item_id": "msg_8", "update": change}

    body = {"id": "body", "type": "Markdown", "value": "", "streaming": True}
    badge = {"id": "state", "type": "Badge", "label": "Writing"}
    ready = {"type": "Badge", "label": "Ready"}
    final = card(text("All of it is new."))
    row = await show(page, api, card(text("Before")))
    api.answers["threads.add_user_message"] = stream(
        {"type": "thread.item.added", "item": widget(card(body, badge), "msg_8")},
        update("streaming_text.value_delta", component_id="body", delta="Dear **A", done=False),
        update("streaming_text.value_delta", component_id="body", delta="na**,", done=True),
        update("component.updated", component_id="state", component=ready),
        {"type": "thread.item.added", "item": widget(card(text("Old root")), "msg_9")},
        {**update("root.updated", widget=final), "item_id": "msg_9"},
        {"type": "error", "code": "custom", "message": "The end.", "allow_retry": False},
    )
    box = page.get_by_role("textbox", name="Message")
    await box.fill("Write")
    await box.press("Enter")
    rows = page.get_by_role("article", name="Assistant")
    await expect(rows.nth(1).locator("strong")).to_have_text("Ana")
    await expect(rows.nth(1)).to_contain_text("Ready")
    await expect(rows.nth(1)).not_to_contain_text("Writing")
    await expect(rows.nth(2)).to_contain_text("All of it is new.")
    await expect(rows.nth(2)).not_to_contain_text("Old root")
    await expect(row.nth(0)).to_contain_text("Before")


# ---- What is drawn -------------------------------------------------------------------------------


async def test_values_from_outside_stay_text_and_set_no_style_but_what_is_asked_for(
    page: Page, api: ScriptedApi
) -> None:
    markup = "<img src=x onerror=alert(1)>"
    styles = {
        "background": "url(https://evil.example/a)",
        "padding": "1px;position:fixed",
        "width": "calc(100vw + 1px)",
        "height": 10_000_000,
        "minWidth": "300vmax",
        "border": {"size": 1, "color": "red;position:fixed", "style": "x"},
        "radius": "constructor",
        "justify": "__proto__",
        "flex": "1;x",
        "aspectRatio": "1;",
    }
    hostile = card(
        text(markup, color="var(--accent)", size="toString", maxLines=-1),
        {"type": "Box", "children": [text("boxed")], **styles},
        {"type": "Badge", "label": markup, "color": "constructor"},
        {"type": "Icon", "name": "__proto__"},
        {"type": "Image", "src": "https://evil.example/i.png?q=1", "alt": "A picture"},
        {"type": "Image", "src": "javascript:alert(1)", "alt": "Another"},
        {"type": "Markdown", "value": f"{markup} ![x](https://evil.example/j.png)"},
        {"type": "Button", "label": markup, "onClickAction": "no action"},
        {"type": "Input", "name": "elements", "defaultValue": markup, "pattern": "("},
        {"type": "Input", "name": "submit", "inputType": "file"},
        {"type": "Select", "name": "s", "options": [None, {"value": {}}, {"value": "a"}]},
        {"type": "RadioGroup", "name": {"a": 1}, "options": "none"},
        {"type": "Chart", "data": [{"a": markup, "b": "NaN"}, None], "series": [{"dataKey": "b"}]},
        {
            "type": "Table",
            "children": [{"type": "Table.Row", "children": [{"type": "Table.Cell"}]}],
        },
        {"type": "constructor", "children": [text("inside a riddle")]},
        {"type": "Script", "value": "alert(1)"},
        {"value": "no type"},
        status={"text": markup, "favicon": "https://evil.example/f.ico"},
        background={"light": "red", "dark": "expression(alert(1))"},
        asForm=True,
        confirm={"label": markup, "action": None},
    )
    row = await show(page, api, hostile)
    await expect(row.get_by_text(markup, exact=True).first).to_be_visible()
    await expect(row.get_by_text("inside a riddle")).to_be_visible()
    await expect(
        row.locator("img, script, [onerror], [name=elements], [name=submit]")
    ).to_have_count(0)
    box = row.get_by_text("boxed").locator("..")
    assert await box.get_attribute("style") == "border: 1px solid var(--line);"
    await row.get_by_role("button", name=markup).first.click()
    assert api.elsewhere == []
    assert [name for name, _ in api.calls if "action" in name] == []


async def test_a_widget_that_is_none_and_one_that_is_endless_leave_the_page_working(
    modules: Page,
) -> None:
    counts = await modules.evaluate(
        """async () => {
          const { WidgetView } = await import("/page/widgets.js");
          const deep = (depth) => depth === 0 ? [] : [{ type: "Box", children: deep(depth - 1) }];
          const shown = [];
          for (const widget of [
            null, 7, "text", [], {}, { type: 3 }, { type: "Card" }, { type: "Card", children: 5 },
            { type: "Card", children: deep(2000) },
            { type: "Card", children: Array(20000).fill({ type: "Divider" }) },
            { type: "Transition", children: { type: "Text", value: "one" } },
          ]) {
            const node = document.createElement("div");
            const view = new WidgetView(node, {});
            view.update(widget);
            const kind = "widget.component.updated";
            view.applyUpdate({ type: kind, component_id: "x", component: null });
            view.applyUpdate({ type: "widget.tomorrow" });
            view.update(widget);
            shown.push(node.querySelectorAll("*").length);
          }
          return shown;
        }"""
    )
    assert counts[0] == 0
    assert counts[8] < 40
    assert counts[9] < 4000


async def test_an_image_loads_only_from_hosts_that_the_thread_allows(
    page: Page, api: ScriptedApi
) -> None:
    root = card(
        {"type": "Image", "src": "https://pictures.example/a.png", "alt": "Ours"},
        {"type": "Image", "src": "https://evil.example/b.png", "alt": "Theirs"},
    )
    allowed = stored(widget(root), allowed_image_domains=["pictures.example"])
    api.answers["threads.get_by_id"] = allowed
    await open_thread(page)
    row = page.get_by_role("article", name="Assistant")
    await expect(row.get_by_text("Theirs")).to_be_visible()
    await expect(row.get_by_text("Ours")).to_be_visible()  # it was asked for, and did not come
    assert {*api.elsewhere} == {"https://pictures.example/a.png"}


async def test_a_chart_can_be_read_as_a_table_and_shows_its_values_to_the_pointer(
    page: Page, api: ScriptedApi
) -> None:
    data = [{"week": "40", "done": 4, "open": 6.5}, {"week": "41", "done": 1200, "open": None}]
    series = [
        {"type": "bar", "dataKey": "done", "label": "Done", "stack": "a"},
        {"type": "area", "dataKey": "open", "label": "Open", "curveType": "natural"},
    ]
    chart = {"type": "Chart", "data": data, "series": series, "xAxis": "week", "showYAxis": True}
    row = await show(page, api, card(chart))
    rows = row.get_by_role("table", name="Values of the chart").get_by_role("row")
    assert await rows.all_inner_texts() == ["\tDone\tOpen", "40\t4\t6.5", "41\t1,200\t"]
    await expect(row.locator("svg rect")).to_have_count(2)
    plot = row.locator(".w-plot")
    await plot.hover(position={"x": 120, "y": 60})
    await expect(row.locator(".w-tip")).to_contain_text("6.5")


async def test_the_buttons_of_a_list_are_named_after_their_row(
    page: Page, api: ScriptedApi
) -> None:
    def line(place: int, title: str) -> dict[str, Any]:
        number = {"type": "Caption", "value": str(place)}
        done = {"type": "Checkbox", "name": "done"}
        col = {"type": "Col", "children": [text(title), {"type": "Caption", "value": "Due today"}]}
        edit = {"type": "Button", "label": "Edit", "onClickAction": action("edit")}
        return {"type": "ListViewItem", "children": [number, done, col, edit]}

    root = {"type": "ListView", "children": [line(1, "Rent"), line(2, "Milk")]}
    row = await show(page, api, root)
    buttons = row.locator(".w-item button")
    await expect(buttons.first).to_have_accessible_name("Edit Rent")
    await expect(buttons.last).to_have_accessible_name("Edit Milk")
    await expect(row.get_by_role("checkbox").last).to_have_accessible_name("Milk")
    await expect(page.locator(".w-more")).to_have_text("")


async def test_a_table_has_headers_and_bare_controls_are_named_by_their_row(
    page: Page, api: ScriptedApi
) -> None:
    def cells(header: bool, *values: str) -> dict[str, Any]:
        inner = [{"type": "Table.Cell", "children": [text(value)]} for value in values]
        return {"type": "Table.Row", "header": header, "children": inner}

    table = {"type": "Table", "children": [cells(True, "Task", "Due"), cells(False, "Rent", "Mon")]}
    bare = {"type": "Checkbox", "name": "done_3"}
    trash = {"type": "Button", "iconStart": "trash", "onClickAction": action("delete")}
    root = card(table, {"type": "Row", "children": [bare, text("Water the plants"), trash]})
    row = await show(page, api, root)
    delete = row.get_by_role("button", name="Delete")
    await expect(delete).to_have_accessible_description("Water the plants")
    assert await row.get_by_role("columnheader").all_inner_texts() == ["Task", "Due"]
    await expect(row.get_by_role("cell", name="Rent")).to_be_visible()
    await expect(row.get_by_role("checkbox", name="Water the plants")).to_be_visible()


async def test_a_widget_in_arabic_runs_from_right_to_left_on_an_english_page(
    page: Page, api: ScriptedApi
) -> None:
    bare = {"type": "Checkbox", "name": "a", "label": "شراء الخبز"}
    press = action("x")
    row = await show(page, api, card(bare, confirm={"label": "حفظ", "action": press}))
    box = await row.get_by_role("checkbox").bounding_box()
    button = await row.get_by_role("button", name="حفظ").bounding_box()
    assert box is not None
    assert button is not None
    assert button["x"] + button["width"] < box["x"]


async def test_copy_takes_the_text_that_the_server_gives_for_it(
    page: Page, api: ScriptedApi
) -> None:
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    api.answers["threads.get_by_id"] = stored(
        {**widget(card(text("Shown"))), "copy_text": "Copied"}
    )
    await open_thread(page)
    await page.get_by_role("button", name="Copy").click()
    await expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert await page.evaluate("navigator.clipboard.readText()") == "Copied"


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

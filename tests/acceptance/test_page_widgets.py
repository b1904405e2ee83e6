"""Widgets on the built-in page: what they look like for a person and a screen reader.

What comes from a model or a tool stays text, also while it streams.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.acceptance.page_api import ScriptedApi, open_thread, stored, stream
from tests.acceptance.page_cards import action, card, show, text, widget

pytestmark = pytest.mark.asyncio(loop_scope="module")


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

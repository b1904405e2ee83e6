"""The built-in page in a real browser, with its files from disk and a scripted API.

How the page reads and draws an answer, and meets a fault, is tested here; its parts have files of
their own. The page on the real server is tested elsewhere.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import pytest
from playwright.async_api import Page, Route, expect

from tests.acceptance.browser import open_chromium
from tests.acceptance.page_api import (
    ORIGIN,
    THREAD,
    ScriptedApi,
    answer,
    first_answer,
    stream,
    user_message,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

# ---- Event streams -------------------------------------------------------------------------------

READ: Final = """async ([bytes, size]) => {
  const { readFrames } = await import("/page/sse.js");
  const chunks = [];
  for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.slice(at, at + size));
  const body = new ReadableStream({
    pull(controller) {
      if (chunks.length === 0) controller.close();
      else controller.enqueue(new Uint8Array(chunks.shift()));
    },
  });
  const frames = [];
  for await (const { event, data, id } of readFrames(body)) frames.push([event, data, id]);
  return frames;
}"""

STREAMS: Final = {
    "data: a\n\ndata: b\n\n": [["message", "a", ""], ["message", "b", ""]],
    "data: a\r\n\r\ndata: b\r\n\r\n": [["message", "a", ""], ["message", "b", ""]],
    "data: a\r\ndata: b\r\n\r\n": [["message", "a\nb", ""]],
    "data: a\r\rdata: b\r\r": [["message", "a", ""], ["message", "b", ""]],
    "data: a\rdata: b\ndata: c\r\n\n": [["message", "a\nb\nc", ""]],
    ": ping\n\ndata:a\n: within\ndata:  b\n\n": [["message", "a\n b", ""]],
    "event: e\nid: 7\ndata: a\n\ndata: b\n\n": [["e", "a", "7"], ["message", "b", "7"]],
    "id: bad\0\nretry: 5\nunknown: x\ndata\n\n": [["message", "", ""]],
    "event: e\n\ndata: a\n\n": [["message", "a", ""]],
    "\ufeffdata: grüße 👋 \u2028 世界\n\n": [["message", "grüße 👋 \u2028 世界", ""]],
    "data: a\n\ndata: never ended": [["message", "a", ""]],
    "": [],
}


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
async def test_an_event_stream_reads_the_same_however_it_is_cut(modules: Page, size: int) -> None:
    for text, frames in STREAMS.items():
        assert await modules.evaluate(READ, [[*text.encode()], size]) == frames, text


# ---- The page as a whole -------------------------------------------------------------------------


async def test_a_suggestion_starts_a_chat_and_its_answer_is_drawn(
    page: Page, api: ScriptedApi
) -> None:
    api.answers["threads.create"] = first_answer("Three **tasks** ![x](https://evil.example/?q=1)")
    await expect(page.get_by_role("heading", level=1)).to_have_text("New chat")
    await page.get_by_role("button", name="Show me my tasks").click()
    said = page.get_by_role("article", name="Assistant")
    await expect(said.locator("strong")).to_have_text("tasks")
    await expect(page.get_by_role("article", name="You")).to_contain_text("Show me my tasks")
    await expect(page.get_by_role("heading", level=1)).to_have_text("A title")
    await expect(page.get_by_role("link", name="A title")).to_have_attribute("aria-current", "page")
    await expect(page.get_by_role("textbox", name="Message")).to_be_focused()
    assert page.url == f"{ORIGIN}/#thr_1"
    assert [body["metadata"] for name, body in api.calls if name == "threads.create"] == [
        {"time_zone": "Europe/Berlin"}
    ]
    assert [name for name, _ in api.calls].count("/api/tasks") == 2  # again after tasks/changed
    assert api.elsewhere == []  # an answer loads nothing by itself


async def test_a_message_that_the_server_refused_is_put_back_into_the_box(
    page: Page, api: ScriptedApi
) -> None:
    fault = {"error": {"code": "rate_limited", "message": "Wait 20 seconds."}}
    api.answers["threads.create"] = lambda _: (429, fault)
    box = page.get_by_role("textbox", name="Message")
    await box.fill("Keep me")
    await box.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("Wait 20 seconds.")
    await expect(box).to_have_value("Keep me")
    await expect(page.get_by_role("article")).to_have_count(0)
    api.answers["threads.create"] = first_answer("Here.")
    await page.get_by_role("button", name="Try again").click()
    await expect(page.get_by_role("article", name="Assistant")).to_contain_text("Here.")
    await expect(box).to_have_value("")
    await expect(box).to_be_focused()


async def test_an_error_with_retry_answers_the_last_message_again(
    page: Page, api: ScriptedApi
) -> None:
    api.answers["threads.create"] = stream(
        {"type": "thread.created", "thread": THREAD},
        {"type": "thread.item.done", "item": user_message("Hello", "msg_7")},
        {"type": "error", "code": "custom", "message": "Too slow.", "allow_retry": True},
    )
    api.answers["threads.retry_after_item"] = stream(
        {"type": "thread.item.done", "item": answer("Better now.")}
    )
    box = page.get_by_role("textbox", name="Message")
    await box.fill("Hello")
    await box.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("Too slow.")
    await page.get_by_role("button", name="Try again").click()
    await expect(page.get_by_role("article", name="Assistant")).to_contain_text("Better now.")
    await expect(page.get_by_role("alert")).to_have_count(0)
    assert [body["params"] for name, body in api.calls if name == "threads.retry_after_item"] == [
        {"thread_id": "thr_1", "item_id": "msg_7"}
    ]


async def test_what_is_typed_before_the_page_has_signed_in_stays_in_the_box(
    page: Page, api: ScriptedApi
) -> None:
    gate = asyncio.Event()

    async def sign_in_late(route: Route) -> None:
        await gate.wait()
        await api.serve(route)

    await page.wait_for_load_state("networkidle")  # its first sign-in is over
    await page.route("**/api/auth/guest", sign_in_late)
    await page.evaluate("() => localStorage.clear()")
    await page.reload()
    box = page.get_by_role("textbox", name="Message")
    await box.fill("Typed at once")
    async with page.expect_response("**/api/tasks*"):
        gate.set()
    await expect(box).to_have_value("Typed at once")


async def test_enter_that_chooses_a_word_in_an_input_method_does_not_send(
    page: Page, api: ScriptedApi
) -> None:
    box = page.get_by_role("textbox", name="Message")
    await box.fill("にほん")
    composing = {"key": "Enter", "isComposing": True, "bubbles": True, "cancelable": True}
    await box.dispatch_event("keydown", composing)
    await box.press("Shift+Enter")
    await expect(box).to_have_value("にほん\n")
    assert "threads.create" not in [name for name, _ in api.calls]


async def test_a_long_thread_opens_at_its_end_and_pages_back_to_its_beginning(
    page: Page, api: ScriptedApi
) -> None:
    items = [user_message(f"Message {place}", f"msg_{place}") for place in range(90)]
    items[-1] = answer("The end", "msg_89")

    def list_items(body: dict[str, Any]) -> tuple[int, Any]:
        after = body["params"].get("after")
        end = next((i for i, item in enumerate(items) if item["id"] == after), len(items))
        start = max(0, end - body["params"]["limit"])
        page_of = items[start:end][::-1]
        return 200, {"data": page_of, "has_more": start > 0}

    oldest = {"data": items[:20], "has_more": True, "after": "msg_19"}
    api.answers["threads.get_by_id"] = lambda _: (200, {**THREAD, "items": oldest})
    api.answers["items.list"] = list_items
    await page.goto(f"{ORIGIN}/#thr_1")
    await expect(page.get_by_text("The end")).to_be_in_viewport()
    rows = page.get_by_role("article")
    await expect(rows).to_have_count(40)
    await page.get_by_role("button", name="Show earlier messages").click()
    await expect(rows).to_have_count(80)
    await page.get_by_role("button", name="Show earlier messages").click()
    await expect(rows).to_have_count(90)
    await expect(page.get_by_role("button", name="Show earlier messages")).to_be_hidden()
    shown = await rows.locator("p").all_inner_texts()
    assert shown == [*(f"Message {place}" for place in range(89)), "The end"]


async def test_a_server_without_guests_asks_for_a_token_and_uses_it(
    page: Page, api: ScriptedApi
) -> None:
    api.answers["/api/auth/guest"] = lambda _: (403, {"error": {"code": "off", "message": "Off."}})
    api.answers["/api/tasks"] = lambda _: (401, {"error": {"code": "auth", "message": "Sign in."}})
    await page.evaluate("localStorage.clear()")
    await page.reload()
    token = page.get_by_label("Access token")
    await expect(token).to_be_focused()
    await token.fill("wrong")
    await token.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("did not accept this token")
    del api.answers["/api/tasks"]
    await token.fill("Bearer a.b.c")
    await token.press("Enter")
    await expect(page.get_by_role("button", name="Show me my tasks")).to_be_visible()
    await expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    assert await page.evaluate("sessionStorage.getItem('chatkit.token')") == "a.b.c"


async def test_no_browser_is_a_clear_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHROMIUM", "/nowhere/chromium")
    with pytest.raises(RuntimeError, match="No Chromium found"):
        async with open_chromium():
            pass

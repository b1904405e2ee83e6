"""What was done in another tab, or on another device, comes to the page when its reader does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import pytest
from playwright.async_api import Page, Route, expect

from tests.acceptance.page_api import (
    CREATED,
    THREAD,
    Answer,
    ScriptedApi,
    answer,
    done,
    open_thread,
    send,
    stored,
    stream,
    user_message,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

FIRST: Final = [user_message("First", "msg_1"), answer("One", "msg_2")]
ELSEWHERE: Final = [user_message("Second", "msg_3"), answer("Two", "msg_4")]
COME_BACK: Final = "() => window.dispatchEvent(new Event('focus'))"
SAID: Final = "(rows) => rows.map((row) => row.querySelector('p').innerText)"


def newest(*items: dict[str, Any], more: bool = False) -> Answer:
    """The answer to `items.list`."""
    return lambda _: (200, {"data": [*items][::-1], "has_more": more})


@asynccontextmanager
async def offline(page: Page) -> AsyncIterator[None]:
    async def fail(route: Route) -> None:
        await route.abort("internetdisconnected")

    await page.context.route("**/api/**", fail)
    await page.context.set_offline(True)
    yield
    await page.context.unroute("**/api/**", fail)
    await page.context.set_offline(False)


async def said(page: Page) -> list[str]:
    shown: list[str] = await page.get_by_role("article").evaluate_all(SAID)
    return shown


async def test_tasks_chats_and_messages_of_another_tab_are_there_on_return(
    page: Page, api: ScriptedApi
) -> None:
    api.answers["threads.get_by_id"] = stored(*FIRST, title="Plans")
    await open_thread(page)
    await expect(page.get_by_text("One", exact=True)).to_be_visible()
    box = page.get_by_role("textbox", name="Message")
    await box.fill("half a thought")
    await page.evaluate("document.querySelector('article').isOld = true")

    task = {"id": "1", "title": "Tea", "completed": False, "priority": "medium", "tags": []}
    other = {**THREAD, "id": "thr_2", "title": "Another chat"}
    api.answers["/api/tasks"] = lambda _: (200, [task])
    api.answers["/api/chatkit/threads"] = lambda _: (200, {"data": [other], "has_more": False})
    api.answers["threads.get_by_id"] = stored(*FIRST, *ELSEWHERE, title="Better plans")
    await page.evaluate(COME_BACK)

    await expect(page.get_by_role("complementary", name="Tasks")).to_contain_text("Tea")
    chats = page.get_by_role("navigation", name="Chats")
    await expect(chats.get_by_role("link", name="Another chat")).to_be_visible()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Better plans")
    await expect(page.get_by_text("Two", exact=True)).to_be_in_viewport()
    assert await said(page) == ["First", "One", "Second", "Two"]
    await expect(box).to_have_value("half a thought")
    await expect(box).to_be_focused()
    assert await page.evaluate("document.querySelector('article').isOld")


async def test_a_chat_is_listed_by_its_last_use_and_first_when_a_message_is_sent_in_it(
    page: Page, api: ScriptedApi
) -> None:
    used = {"thr_2": "2030-01-01T10:00:00.000Z", "thr_1": "2020-01-01T10:00:00.000Z"}
    listed = [
        {**THREAD, "id": thread_id, "title": f"Chat {thread_id[-1]}", "updated_at": at}
        for thread_id, at in used.items()
    ]
    api.answers["/api/chatkit/threads"] = lambda _: (200, {"data": listed, "has_more": False})
    api.answers["threads.get_by_id"] = stored(*FIRST, title="Chat 1")
    api.answers["threads.add_user_message"] = stream()
    await open_thread(page)
    chats = page.get_by_role("navigation", name="Chats")
    await expect(chats.get_by_role("heading", level=3)).to_have_text(["Today", "Older"])
    await send(page, "Hello again")
    await expect(chats.get_by_role("heading", level=3)).to_have_text(["Today"])
    await expect(chats.get_by_role("link")).to_have_text(["Chat 1", "Chat 2"])


async def test_where_nothing_is_new_the_focus_stays(page: Page, api: ScriptedApi) -> None:
    chat = {**THREAD, "title": "Plans"}
    api.answers["threads.get_by_id"] = stored(*FIRST, title="Plans")
    api.answers["/api/chatkit/threads"] = lambda _: (200, {"data": [chat], "has_more": False})
    await open_thread(page)
    await expect(page.get_by_text("One", exact=True)).to_be_visible()
    rename = page.get_by_role("button", name="Rename “Plans”")
    await rename.focus()
    async with page.expect_response("**/threads/thr_1/events"):  # the last of what is read
        await page.evaluate(COME_BACK)
    await expect(rename).to_be_focused()


async def test_a_message_of_another_tab_stands_before_ones_own(
    page: Page, api: ScriptedApi
) -> None:
    own = [user_message("Third", "msg_5"), answer("Three", "msg_6")]
    api.answers["threads.get_by_id"] = stored(*FIRST)
    api.answers["items.list"] = newest(*FIRST, *ELSEWHERE, *own)
    api.answers["threads.add_user_message"] = stream(*map(done, own))
    await open_thread(page)
    await expect(page.get_by_text("One", exact=True)).to_be_visible()
    await send(page, "Third")
    await expect(page.get_by_text("Two", exact=True)).to_be_attached()
    assert await said(page) == ["First", "One", "Second", "Two", "Third", "Three"]


async def test_what_another_tab_has_taken_back_is_gone_and_a_gap_is_not_hidden(
    page: Page, api: ScriptedApi
) -> None:
    api.answers["threads.get_by_id"] = stored(*FIRST, *ELSEWHERE)
    await open_thread(page)
    await expect(page.get_by_text("Two", exact=True)).to_be_visible()
    again = answer("Two and a half", "msg_5")
    api.answers["threads.get_by_id"] = stored(*FIRST, ELSEWHERE[0], again)
    await page.evaluate(COME_BACK)
    await expect(page.get_by_text("Two and a half")).to_be_visible()
    assert await said(page) == ["First", "One", "Second", "Two and a half"]

    much = {"data": FIRST, "has_more": True, "after": "msg_2"}
    api.answers["threads.get_by_id"] = lambda _: (200, {**THREAD, "items": much})
    api.answers["items.list"] = newest(
        *(answer(f"Number {place}", f"msg_{place}") for place in range(60, 100)), more=True
    )
    await page.evaluate(COME_BACK)
    await expect(page.get_by_text("Number 99")).to_be_in_viewport()
    assert await said(page) == [f"Number {place}" for place in range(60, 100)]
    await expect(page.get_by_role("button", name="Show earlier messages")).to_be_attached()


async def test_an_answer_that_is_being_written_elsewhere_is_followed(
    page: Page, api: ScriptedApi
) -> None:
    api.answers["threads.get_by_id"] = stored(*FIRST)
    await open_thread(page)
    await expect(page.get_by_text("One", exact=True)).to_be_visible()
    api.answers["threads.get_by_id"] = stored(*FIRST, ELSEWHERE[0])
    api.answers["/api/chatkit/threads/thr_1/events"] = stream(*map(done, ELSEWHERE))
    await page.evaluate(COME_BACK)
    await expect(page.get_by_text("Two", exact=True)).to_be_visible()
    assert await said(page) == ["First", "One", "Second", "Two"]
    await expect(page.get_by_role("status").filter(has_text="no answer")).to_have_count(0)


async def test_an_answer_that_a_restart_has_interrupted_says_so_and_offers_another_try(
    page: Page, api: ScriptedApi
) -> None:
    mark = {
        "id": "tsk_1",
        "thread_id": "thr_1",
        "created_at": CREATED,
        "type": "task",
        "task": {"status_indicator": "none", "type": "custom", "title": "Interrupted"},
    }
    api.answers["threads.get_by_id"] = stored(*FIRST, mark)
    await open_thread(page)
    await expect(page.get_by_text("Interrupted", exact=True)).to_be_visible()
    await expect(page.get_by_text("This message has no whole answer.")).to_be_visible()
    api.answers["threads.retry_after_item"] = stream(done(answer("Whole", "msg_5")))
    await page.get_by_role("button", name="Try again", exact=True).click()
    await expect(page.get_by_text("Whole", exact=True)).to_be_visible()
    assert api.asked("threads.retry_after_item")[0]["item_id"] == "msg_1"
    await expect(page.get_by_text("Interrupted", exact=True)).to_have_count(0)


async def test_a_chat_that_was_deleted_elsewhere_says_so_and_keeps_what_was_typed(
    page: Page, api: ScriptedApi
) -> None:
    api.answers["threads.get_by_id"] = stored(*FIRST)
    await open_thread(page)
    await expect(page.get_by_text("One", exact=True)).to_be_visible()
    await page.get_by_role("textbox", name="Message").fill("half a thought")
    missing = {"error": {"code": "not_found", "message": "No such thread."}}
    api.answers["threads.get_by_id"] = lambda _: (404, missing)
    await page.evaluate(COME_BACK)
    await expect(page.get_by_role("alert")).to_contain_text("does not exist")
    await expect(page.get_by_role("textbox", name="Message")).to_have_value("half a thought")


async def test_a_reading_that_fails_on_return_leaves_everything_as_it_was(
    page: Page, api: ScriptedApi
) -> None:
    api.answers["threads.get_by_id"] = stored(*FIRST)
    await open_thread(page)
    await expect(page.get_by_text("One", exact=True)).to_be_visible()
    busy = {"error": {"code": "unavailable", "message": "Not now."}}
    api.answers["threads.get_by_id"] = lambda _: (503, busy)
    async with page.expect_response("**/api/chatkit"):
        await page.evaluate(COME_BACK)
    await expect(page.get_by_text("One", exact=True)).to_be_visible()
    await expect(page.get_by_role("alert")).to_have_count(0)


async def test_that_the_page_was_offline_is_forgotten_once_it_is_back(
    page: Page, api: ScriptedApi
) -> None:
    alert = page.get_by_role("alert")
    async with offline(page):
        await send(page, "Hello")
        await expect(alert).to_contain_text("You are offline")
    await expect(alert).to_have_count(0)
    await expect(page.get_by_text("You are offline")).to_be_hidden()
    await expect(page.get_by_role("textbox", name="Message")).to_have_value("Hello")


async def test_a_chat_that_could_not_be_opened_offline_opens_once_it_is_back(
    page: Page, api: ScriptedApi
) -> None:
    api.answers["threads.get_by_id"] = stored(*FIRST)
    await expect(page.get_by_text("Your chats will be listed here.")).to_be_visible()
    async with offline(page):
        await page.evaluate("() => { location.hash = '#thr_1'; }")
        await expect(page.get_by_role("alert")).to_contain_text("You are offline")
    await expect(page.get_by_text("One", exact=True)).to_be_visible()
    await expect(page.get_by_role("alert")).to_have_count(0)

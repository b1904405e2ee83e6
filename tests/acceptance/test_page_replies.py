"""What a person can say about an answer on the built-in page."""

from __future__ import annotations

from typing import Final

import pytest
from playwright.async_api import Page, expect

from tests.acceptance.page_api import (
    ScriptedApi,
    answer,
    done,
    feed,
    item,
    message_box,
    open_thread,
    send,
    send_live,
    sent_inputs,
    stored,
    stream,
    user_message,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

SELECT: Final = """(text) => {
  const walker = document.createTreeWalker(
    document.querySelector("#view"), NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const at = walker.currentNode.data.indexOf(text);
    if (at >= 0) {
      getSelection().setBaseAndExtent(
        walker.currentNode, at, walker.currentNode, at + text.length);
      return;
    }
  }
}"""


async def test_a_selected_part_of_an_answer_can_be_replied_to(page: Page, api: ScriptedApi) -> None:
    api.answers["threads.get_by_id"] = stored(user_message("When?"), answer("At nine, or ten."))
    api.answers["threads.add_user_message"] = stream(
        done({**user_message("Which?", "msg_3"), "quoted_text": "or ten"}),
        done(answer("Ten.", "msg_4")),
    )
    await open_thread(page)
    reply = page.get_by_role("button", name="Reply", exact=True)
    await page.evaluate(SELECT, "When?")
    await expect(reply).to_be_hidden()
    await page.evaluate(SELECT, "or ten")
    await reply.click()
    await expect(page.locator("#quote")).to_have_text("or ten")
    await expect(message_box(page)).to_be_focused()
    await expect(reply).to_be_hidden()
    await send(page, "Which?")
    await expect(page.get_by_role("article", name="You").last.locator("blockquote")).to_have_text(
        "or ten"
    )
    await expect(page.locator("#quote")).to_be_hidden()
    assert sent_inputs(api)[0]["quoted_text"] == "or ten"
    await page.evaluate(SELECT, "nine")
    await reply.click()
    await page.get_by_role("button", name="Do not reply to this text").click()
    api.answers["threads.add_user_message"] = stream(done(answer("Well.", "msg_6")))
    await send(page, "Well")
    await expect(page.get_by_role("article", name="Assistant").last).to_contain_text("Well.")
    assert sent_inputs(api)[1]["quoted_text"] is None


async def test_feedback_names_every_item_of_the_turn_and_the_last_click_counts(
    page: Page, api: ScriptedApi
) -> None:
    api.answers["threads.get_by_id"] = stored(
        user_message("One"),
        answer("First"),
        user_message("Two", "msg_3"),
        item("workflow", "wf_1", workflow={"type": "custom", "tasks": [], "expanded": False}),
        item("client_tool_call", "tc_1", status="completed", call_id="c", name="n", arguments={}),
        answer("Second", "msg_4"),
    )
    api.answers["items.feedback"] = lambda _: (200, {})
    await open_thread(page)
    good = page.get_by_role("button", name="Good answer")
    poor = page.get_by_role("button", name="Poor answer")
    await expect(good).to_have_count(2)
    await good.last.click()
    await expect(good.last).to_have_attribute("aria-pressed", "true")
    await poor.last.click()
    await expect(good.last).to_have_attribute("aria-pressed", "false")
    await expect(poor.last).to_have_attribute("aria-pressed", "true")
    ids = ["wf_1", "tc_1", "msg_4"]
    assert [(asked["item_ids"], asked["kind"]) for asked in api.asked("items.feedback")] == [
        (ids, "positive"),
        (ids, "negative"),
    ]
    api.answers["items.feedback"] = lambda _: (500, {})
    await good.first.click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await expect(good.first).to_have_attribute("aria-pressed", "false")


async def test_the_last_answer_can_be_given_again_and_only_once_it_is_there(
    page: Page, api: ScriptedApi
) -> None:
    api.answers["threads.get_by_id"] = stored(
        user_message("One"), answer("First"), user_message("Two", "msg_3"), answer("Old", "msg_4")
    )
    api.answers["threads.retry_after_item"] = stream(done(answer("New", "msg_5")))
    await open_thread(page)
    again = page.get_by_role("button", name="Answer again")
    await expect(again).to_have_count(1)
    await again.click()
    await expect(page.get_by_role("textbox", name="Message")).to_be_focused()
    said = page.get_by_role("article", name="Assistant").locator("p")
    await expect(said).to_have_text(["First", "New"])
    assert api.asked("threads.retry_after_item") == [{"thread_id": "thr_1", "item_id": "msg_3"}]
    await send_live(page, "Three")
    await feed(page, done(user_message("Three", "msg_6")))
    await expect(again).to_be_hidden()
    await expect(page.get_by_role("button", name="Good answer")).to_have_count(2)

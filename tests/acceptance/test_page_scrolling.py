"""How the conversation scrolls: with the answer, unless its reader has gone elsewhere."""

from __future__ import annotations

from typing import Any, Final

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.acceptance.page_api import (
    THREAD,
    ScriptedApi,
    answer,
    done,
    feed,
    item,
    open_thread,
    send_live,
    stored,
    user_message,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

LONG: Final = "\n\n".join(f"Paragraph {number}" for number in range(40))

FROM_END: Final = """() => {
  const { scrollHeight, scrollTop, clientHeight } = document.getElementById("scroller");
  return Math.round(scrollHeight - scrollTop - clientHeight);
}"""
AT_END: Final = f"() => ({FROM_END})() < 2"

#: Let events arrive when the page has just scrolled, before it is told that it has.
FEED_AFTER_SCROLLING: Final = """([first, second]) => {
  const view = document.getElementById("view");
  const { height } = view.getBoundingClientRect();
  const grown = new ResizeObserver(() => {
    if (view.getBoundingClientRect().height === height) return;
    grown.disconnect();
    window.feed([second]);
  });
  grown.observe(view);
  window.feed([first]);
}"""

FRAMES: Final = "() => new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)))"


def card(item_id: str, rows: int) -> dict[str, Any]:
    children = [{"type": "Text", "value": f"Task {place}"} for place in range(rows)]
    return done(item("widget", item_id, widget={"type": "Card", "children": children}))


@pytest_asyncio.fixture(loop_scope="module")
async def answering(page: Page, api: ScriptedApi) -> Page:
    """A thread longer than the screen, in which an answer is being written."""
    api.answers["threads.get_by_id"] = stored(user_message("Go on"), answer(LONG))
    await open_thread(page)
    await expect(page.get_by_text("Paragraph 39")).to_be_in_viewport()
    await send_live(page, "Show me my tasks")
    await feed(
        page,
        {"type": "thread.updated", "thread": THREAD},
        done(user_message("Show me my tasks", "msg_3")),
    )
    await page.wait_for_function(AT_END)
    return page


async def test_a_card_that_comes_while_the_page_scrolls_is_followed_to_its_end(
    answering: Page,
) -> None:
    await answering.evaluate(FEED_AFTER_SCROLLING, [card("wid_1", 4), card("wid_2", 30)])
    await expect(answering.get_by_text("Task 29")).to_be_attached()
    await answering.evaluate(FRAMES)
    assert await answering.evaluate(FROM_END) < 2
    await expect(answering.get_by_role("button", name="Go to the newest message")).to_be_hidden()


@pytest.mark.parametrize("pixels", [10, 400])
async def test_a_reader_who_scrolls_up_is_left_alone_until_they_come_back(
    answering: Page, pixels: int
) -> None:
    await answering.locator("#scroller").hover()
    await answering.mouse.wheel(0, -pixels)
    await answering.wait_for_function(f"() => ({FROM_END})() === {pixels}")
    top = "document.getElementById('scroller').scrollTop"
    before = await answering.evaluate(top)
    await feed(answering, card("wid_1", 20))
    await expect(answering.get_by_text("Task 19")).to_be_attached()
    await answering.evaluate(FRAMES)
    assert await answering.evaluate(top) == before
    newest = answering.get_by_role("button", name="Go to the newest message")
    await expect(newest).to_be_visible()

    await newest.click()
    await answering.wait_for_function(AT_END)
    await feed(answering, card("wid_2", 40))
    await expect(answering.get_by_text("Task 39")).to_be_in_viewport()
    await answering.wait_for_function(AT_END)

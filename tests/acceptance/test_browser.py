"""The built-in page in a real browser on the real server: a newcomer's first minutes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.acceptance.browser import FIRST_MS, SIGN_IN, open_chromium, opened, send, shoot
from tests.acceptance.server import ServerProcess
from tests.model_server import ModelServer

pytestmark = pytest.mark.asyncio(loop_scope="session")

PROMPTS: Final = (
    "Show me my tasks",
    "Add a new task: Buy groceries",
    "Mark task 1 as complete",
    "What can you help me with?",
)


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with open_chromium() as chromium:
        yield chromium


async def test_the_four_prompts_change_the_list_beside_the_chat(
    browser: Browser, demo_server: ServerProcess
) -> None:
    async with opened(browser, demo_server.url) as page:
        beside = page.get_by_role("complementary", name="Tasks")
        await expect(beside).to_contain_text("Nothing to do right now")
        await shoot(page, "start")
        await page.get_by_role("button", name=PROMPTS[0]).click()
        first = page.get_by_role("article", name="Assistant")
        await expect(first).to_contain_text("empty", timeout=FIRST_MS)
        await expect(page.get_by_role("heading", level=1)).to_have_text(PROMPTS[0])
        await shoot(page, "first-answer")

        added = await send(page, PROMPTS[1])
        await expect(added.locator("strong").first).to_have_text("Buy groceries")  # Markdown
        await expect(beside.get_by_role("listitem")).to_have_text(["Buy groceries"])
        completed = await send(page, PROMPTS[2])
        await expect(completed).to_contain_text("Buy groceries")
        await expect(beside.get_by_role("listitem")).to_have_count(0)
        await beside.get_by_role("button", name="All").click()
        await expect(beside.get_by_role("checkbox", name="Done: Buy groceries")).to_be_checked()
        helped = await send(page, PROMPTS[3])
        await expect(helped.locator("ul > li").first).to_be_visible()
        assert "**" not in await page.get_by_role("region", name="Conversation").inner_text()
        await shoot(page, "four-prompts")

        rows = page.get_by_role("article")
        said = await rows.all_inner_texts()
        await page.reload()
        await expect(rows).to_have_count(len(said))
        assert await rows.all_inner_texts() == said
        await expect(page.get_by_role("heading", level=1)).to_have_text(PROMPTS[0])


@pytest.mark.parametrize("prompt", PROMPTS)
async def test_each_suggestion_of_the_start_screen_is_answered(
    browser: Browser, demo_server: ServerProcess, prompt: str
) -> None:
    async with opened(browser, demo_server.url) as page:
        await page.get_by_role("button", name=prompt).click()
        await expect(page.get_by_role("article", name="You")).to_contain_text(prompt)
        answer = page.get_by_role("article", name="Assistant")
        await expect(answer).to_be_visible(timeout=FIRST_MS)
        await expect(page.get_by_role("button", name="Stop answering")).to_be_hidden()
        await expect(page.get_by_role("alert")).to_have_count(0)
        await shoot(page, f"suggestion-{PROMPTS.index(prompt)}")


async def test_chats_are_listed_renamed_reopened_and_deleted(
    browser: Browser, demo_server: ServerProcess
) -> None:
    async with opened(browser, demo_server.url) as page:
        chats = page.get_by_role("navigation", name="Chats")
        await send(page, "Add tea")
        await page.get_by_role("button", name="New chat").click()
        await send(page, "hello")
        await expect(chats.get_by_role("link")).to_have_text(["hello", "Add tea"])

        await chats.get_by_role("button", name="Rename “hello”").click()
        title = chats.get_by_role("textbox", name="Title of the chat")
        await title.fill("A greeting")
        await title.press("Enter")
        await expect(page.get_by_role("heading", level=1)).to_have_text("A greeting")
        await page.reload()
        await expect(chats.get_by_role("link")).to_have_text(["A greeting", "Add tea"])
        await expect(page.get_by_role("article", name="You")).to_contain_text("hello")
        await shoot(page, "chats")

        await chats.get_by_role("link", name="Add tea").click()
        await expect(page.get_by_role("article", name="You")).to_contain_text("Add tea")
        await chats.get_by_role("link", name="Add tea").hover()
        await chats.get_by_role("button", name="Delete “Add tea”").click()
        await shoot(page, "delete")
        await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        await expect(chats.get_by_role("link")).to_have_text(["A greeting"])
        await expect(chats.get_by_role("link", name="A greeting")).to_be_focused()
        await expect(page.get_by_role("button", name=PROMPTS[0])).to_be_visible()
        await page.reload()
        await expect(chats.get_by_role("link")).to_have_text(["A greeting"])
        await chats.get_by_role("link").hover()
        await chats.get_by_role("button", name="Delete “A greeting”").click()
        await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        await expect(chats.get_by_role("link")).to_have_count(0)
        await expect(chats.get_by_role("button", name="New chat")).to_be_focused()


async def test_tasks_are_added_checked_and_deleted_beside_the_chat(
    browser: Browser, demo_server: ServerProcess
) -> None:
    async with opened(browser, demo_server.url) as page:
        beside = page.get_by_role("complementary", name="Tasks")
        new = beside.get_by_role("textbox", name="Add a task")
        for name in ("Water the plants", "Call mum"):
            await new.fill(name)
            await new.press("Enter")
            await expect(new).to_have_value("")
        answer = await send(page, "Show me my tasks")
        await expect(answer).to_contain_text("2 tasks")
        card = page.get_by_role("article").filter(has=page.get_by_role("checkbox"))
        await expect(card).to_contain_text("Call mum")
        await shoot(page, "listed")
        await card.get_by_role("button", name="Delete Call mum").click()
        await expect(card).to_contain_text("Delete this task?")
        await expect(card.get_by_role("button", name="Keep Call mum")).to_be_focused()
        await shoot(page, "asking")
        await page.keyboard.press("Enter")
        await expect(card).not_to_contain_text("Delete this task?")
        await expect(beside.get_by_role("listitem")).to_have_count(2)
        await send(page, "Add pay rent tomorrow, high priority #home, every month")
        await shoot(page, "task-facts")
        # A click, since the row is gone before its check could be looked at.
        await beside.get_by_role("checkbox", name="Done: Call mum").click()
        await expect(beside.get_by_text("Call mum")).to_have_count(0)
        await beside.get_by_text("Water the plants").hover()
        await beside.get_by_role("button", name="Delete “Water the plants”").click()
        await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        await expect(beside.get_by_text("Water the plants")).to_have_count(0)
        await expect(beside.get_by_role("listitem")).to_have_count(1)
        await expect(beside.get_by_role("status")).to_contain_text("Task deleted.")
        await shoot(page, "undo-in-pane")
        await beside.get_by_role("button", name="Undo").click()
        await expect(beside.get_by_text("Water the plants")).to_have_count(1)
        await expect(beside.get_by_role("button", name="Undo")).to_have_count(0)


async def test_what_the_assistant_deletes_is_offered_to_be_undone(
    browser: Browser, demo_server: ServerProcess
) -> None:
    async with opened(browser, demo_server.url) as page:
        beside = page.get_by_role("complementary", name="Tasks")
        for title in ("tea", "milk", "bread"):
            await send(page, f"Add {title}")
        await expect(beside.get_by_role("listitem")).to_have_count(3)
        await send(page, "Show me my tasks")
        await send(page, "Delete 1")
        await expect(beside.get_by_role("listitem")).to_have_count(2)
        await shoot(page, "undo-offered")
        await page.get_by_role("button", name="Undo").click()
        await expect(beside.get_by_role("listitem")).to_have_count(3)
        await send(page, "Delete all")
        card = page.get_by_role("article").filter(has_text="Delete these 3 tasks?")
        await expect(card.get_by_role("button", name="Delete")).to_be_enabled()
        await shoot(page, "asking-for-all")
        await expect(beside.get_by_role("listitem")).to_have_count(3)
        await card.get_by_role("button", name="Delete").click()
        await expect(beside.get_by_role("listitem")).to_have_count(0)
        await expect(page.get_by_text("3 tasks deleted.")).to_be_visible()
        await page.get_by_role("button", name="Undo").click()
        await expect(beside.get_by_role("listitem")).to_have_count(3)


async def test_the_end_of_a_long_card_is_in_view_each_time_it_is_shown(
    browser: Browser, demo_server: ServerProcess
) -> None:
    async with opened(browser, demo_server.url) as page:
        beside = page.get_by_role("complementary", name="Tasks")
        new = beside.get_by_role("textbox", name="Add a task")
        for number in range(10):
            await new.fill(f"Errand {number}")
            await new.press("Enter")
            await expect(new).to_have_value("")
        for _ in range(3):  # each is meant, however soon it follows the last
            await send(page, "Show me my tasks")
            await page.wait_for_function(
                """() => {
                  const box = document.getElementById("scroller");
                  return box.scrollHeight - box.scrollTop - box.clientHeight < 2;
                }"""
            )
        await shoot(page, "ten-tasks")


async def test_two_tabs_show_the_same_thread_and_tasks_when_the_person_comes_to_them(
    browser: Browser, demo_server: ServerProcess
) -> None:
    come_back = "document.dispatchEvent(new Event('visibilitychange'))"
    async with opened(browser, demo_server.url) as first:
        await send(first, "Add tea")
        second = await first.context.new_page()
        await second.goto(first.url)
        await expect(second.get_by_role("article", name="You")).to_have_count(1)
        await send(first, "Add milk")
        await send(second, "Add bread")  # without having been away
        await expect(second.get_by_role("article", name="You")).to_have_count(3)
        await first.evaluate(come_back)
        await expect(first.get_by_role("article", name="You")).to_have_count(3)
        shown = [await tab.get_by_role("article").all_inner_texts() for tab in (first, second)]
        assert shown[0] == shown[1]
        beside = first.get_by_role("complementary", name="Tasks")
        await expect(beside.get_by_role("listitem")).to_have_text(["Bread", "Milk", "Tea"])


async def test_stop_in_the_middle_keeps_the_text(
    browser: Browser, scripted_server: ServerProcess, model: ModelServer
) -> None:
    model.pace_s = 0.03
    model.answer = lambda _: [f"word{place} " for place in range(2000)]
    async with opened(browser, scripted_server.url, refused=SIGN_IN) as page:
        # A server with accounts: the page asks for a token.
        field = page.get_by_label("Access token")
        await shoot(page, "sign-in")
        await field.fill(scripted_server.jwt("stopper"))
        await field.press("Enter")
        box = page.get_by_role("textbox", name="Message")
        await box.fill("Tell me a long story")
        await box.press("Enter")
        answer = page.get_by_role("article", name="Assistant")
        await expect(answer).to_contain_text("word40", timeout=FIRST_MS)
        await shoot(page, "streaming")
        await page.get_by_role("button", name="Stop answering").click()
        await expect(page.get_by_text("You stopped this answer.")).to_be_visible()
        async with asyncio.timeout(4):  # and not after the five seconds that a reload would get
            await model.requests[-1].closed.wait()
        await shoot(page, "stopped")
        shown = (await answer.locator(".markdown").inner_text()).strip()
        assert shown.startswith("word0 word1 ")
        await page.reload()
        await expect(answer).to_contain_text(shown)
        model.pace_s = 0.0
        model.answer = lambda _: ["And on it goes."]
        following = await send(page, "Go on")
        await expect(following).to_contain_text("And on it goes.")


async def test_an_answer_goes_on_through_a_reload(
    browser: Browser, scripted_server: ServerProcess, model: ModelServer
) -> None:
    model.pace_s = 0.03  # it never pauses for long: the server's patience is a second
    model.answer = lambda _: [f"word{place} " for place in range(200)]
    async with opened(browser, scripted_server.url, refused=SIGN_IN) as page:
        field = page.get_by_label("Access token")
        await field.fill(scripted_server.jwt("reloader"))
        await field.press("Enter")
        box = page.get_by_role("textbox", name="Message")
        await box.fill("Go")
        await box.press("Enter")
        answer = page.get_by_role("article", name="Assistant")
        await expect(answer).to_contain_text("word10", timeout=FIRST_MS)
        await page.reload()
        await expect(answer).to_contain_text("word0 word1 ")
        await expect(page.get_by_role("button", name="Stop answering")).to_be_visible()
        await expect(answer).to_contain_text("word199", timeout=FIRST_MS)
        await expect(page.get_by_role("button", name="Stop answering")).to_be_hidden()


async def test_nothing_is_wider_or_higher_than_the_window(
    browser: Browser, demo_server: ServerProcess
) -> None:
    async with opened(browser, demo_server.url, width=390) as page:
        await send(page, f"Add sort papers #{'endless' * 12}")
        await page.get_by_role("button", name="Show tasks").click()
        tag = page.get_by_role("complementary", name="Tasks").get_by_text("#endless")
        await expect(tag).to_be_visible()
        await shoot(page, "long-tag")
        await expect(page.locator("#announcer")).not_to_be_empty()
        over = await page.evaluate(
            """() => [document.documentElement, document.querySelector("#tasks")].flatMap((box) =>
              [box.scrollWidth - box.clientWidth, box.scrollHeight - box.clientHeight])"""
        )
        assert over == [0, 0, 0, 0]


async def test_the_page_is_dark_where_the_person_wants_it_and_narrow_on_a_phone(
    browser: Browser, demo_server: ServerProcess
) -> None:
    async with opened(browser, demo_server.url, dark=True) as page:
        await send(page, "What can you help me with?")
        ground = "getComputedStyle(document.body).backgroundColor"
        assert await page.evaluate(ground) == "rgb(24, 25, 27)"
        await shoot(page, "dark")
    async with opened(browser, demo_server.url, width=390) as page:
        await shoot(page, "phone-start")
        await send(page, "Add tea")
        await expect(page.get_by_role("complementary", name="Tasks")).to_be_hidden()
        await page.get_by_role("button", name="Show tasks").click()
        beside = page.get_by_role("complementary", name="Tasks")
        await expect(beside.get_by_role("listitem")).to_have_text(["Tea"])
        await shoot(page, "phone-tasks")
        await page.keyboard.press("Escape")
        await expect(beside).to_be_hidden()
        await shoot(page, "phone-chat")
        wide = await page.evaluate("document.documentElement.scrollWidth > innerWidth")
        assert not wide

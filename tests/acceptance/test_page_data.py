"""A person's own data on the built-in page: taken along, brought in, deleted for good."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, Route, expect

from tests.acceptance.browser import SIGN_IN, open_chromium, opened
from tests.acceptance.server import ServerProcess

pytestmark = pytest.mark.asyncio(loop_scope="session")

EXPORT: Final = "**/api/chatkit/export?*"


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with open_chromium() as chromium:
        yield chromium


async def open_dialog(page: Page) -> Locator:
    await page.get_by_role("button", name="Your data").click()
    dialog = page.get_by_role("dialog", name="Your data")
    await expect(dialog).to_be_visible()
    return dialog


async def test_a_sign_in_that_has_ended_is_asked_for_again(
    browser: Browser, scripted_server: ServerProcess
) -> None:
    async def refuse(route: Route) -> None:
        await route.fulfill(status=401, json={"error": {"code": "unauthorized", "message": "No."}})

    async with opened(browser, scripted_server.url, refused=SIGN_IN) as page:
        field = page.get_by_label("Access token")
        await field.fill(scripted_server.jwt("latecomer"))
        await field.press("Enter")
        await page.route(EXPORT, refuse)
        dialog = await open_dialog(page)
        await dialog.get_by_role("button", name="Download everything as JSON").click()
        await expect(dialog).to_be_hidden()
        await expect(page.get_by_role("alert")).to_contain_text("Your sign-in has ended")
        await expect(field).to_be_focused()


async def test_the_keyboard_goes_into_the_dialog_and_back_to_its_button(
    browser: Browser, demo_server: ServerProcess
) -> None:
    async with opened(browser, demo_server.url) as page:
        opener = page.get_by_role("button", name="Your data")
        await opener.focus()
        await page.keyboard.press("Enter")
        dialog = page.get_by_role("dialog", name="Your data")
        await expect(dialog.get_by_role("button", name="Close")).to_be_focused()
        await page.keyboard.press("Tab")
        await expect(
            dialog.get_by_role("button", name="Download everything as JSON")
        ).to_be_focused()
        await page.keyboard.press("Escape")
        await expect(dialog).to_be_hidden()
        await expect(opener).to_be_focused()


RESULTS: Final = [
    ((12, 0, 3, 4), "12 chats and 3 tasks added, 4 were there already."),
    ((1, 1, 0, 0), "1 chat added, 1 was there already."),
    ((0, 0, 1, 0), "1 task added."),
    ((0, 1, 0, 0), "Nothing new: 1 chat was there already."),
    ((0, 0, 0, 2), "Nothing new: 2 tasks were there already."),
    ((0, 0, 0, 0), "This file holds no chats or tasks."),
]


async def test_the_result_of_an_import_is_told_in_whole_sentences(
    browser: Browser, demo_server: ServerProcess
) -> None:
    async with opened(browser, demo_server.url) as page:
        for (threads, known_threads, added, known), sentence in RESULTS:
            result = {
                "threads": {"added": threads, "unchanged": known_threads},
                "tasks": {"added": added, "unchanged": known},
            }
            told = "async (result) => (await import('/page/words.js')).words.imported(result)"
            assert await page.evaluate(told, result) == sentence

"""A person's own data on the built-in page: taken along, brought in, deleted for good."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Download, FilePayload, Locator, Page, Route, expect

from tests.acceptance.browser import FIRST_MS, SIGN_IN, open_chromium, opened, send, shoot
from tests.acceptance.server import ServerProcess
from tests.model_server import ModelServer

pytestmark = pytest.mark.asyncio(loop_scope="session")

EXPORT: Final = "**/api/chatkit/export?*"
NO_ANSWER: Final = 0


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with open_chromium() as chromium:
        yield chromium


async def open_dialog(page: Page) -> Locator:
    await page.get_by_role("button", name="Your data").click()
    dialog = page.get_by_role("dialog", name="Your data")
    await expect(dialog).to_be_visible()
    return dialog


async def downloaded(dialog: Locator, name: str) -> Download:
    """The file behind the button of that name, once the dialog has said that it is there."""
    async with dialog.page.expect_download() as started:
        await dialog.get_by_role("button", name=name).click()
    download = await started.value
    said = f"Downloaded “{download.suggested_filename}”."
    await expect(dialog.get_by_role("status")).to_have_text(said)
    return download


async def content_of(download: Download) -> str:
    return await asyncio.to_thread((await download.path()).read_text, "utf-8")


def file_of(content: str) -> FilePayload:
    return {"name": "mine.json", "mimeType": "application/json", "buffer": content.encode()}


async def choose(dialog: Locator, file: FilePayload | Path) -> None:
    """Choose a file to import."""
    async with dialog.page.expect_file_chooser() as asked:
        await dialog.get_by_role("button", name="Import…").click()
    await (await asked.value).set_files(file)


def chats(page: Page) -> Locator:
    return page.get_by_role("navigation", name="Chats").get_by_role("link")


def tasks(page: Page) -> Locator:
    return page.get_by_role("complementary", name="Tasks").get_by_role("listitem")


async def test_everything_is_downloaded_as_json_and_as_markdown(
    browser: Browser, demo_server: ServerProcess
) -> None:
    async with opened(browser, demo_server.url) as page:
        await send(page, "Add tea")
        dialog = await open_dialog(page)
        whole = await downloaded(dialog, "Download everything as JSON")
        assert whole.suggested_filename.endswith(".json")
        told: dict[str, Any] = json.loads(await content_of(whole))
        assert [thread["title"] for thread in told["threads"]] == ["Add tea"]
        assert [task["title"] for task in told["tasks"]] == ["Tea"]
        prose = await downloaded(dialog, "Download everything as Markdown")
        assert prose.suggested_filename.endswith(".md")
        text = await content_of(prose)
        assert "Add tea" in text
        assert "Tea" in text


async def test_the_open_chat_is_downloaded_alone(
    browser: Browser, demo_server: ServerProcess
) -> None:
    async with opened(browser, demo_server.url) as page:
        button = page.get_by_role("button", name="Download this chat as Markdown")
        dialog = await open_dialog(page)
        await expect(button).to_be_hidden()  # it is not there yet
        await page.keyboard.press("Escape")
        await send(page, "Add tea")
        await page.get_by_role("button", name="New chat").click()
        await send(page, "Add milk")
        await open_dialog(page)
        await expect(dialog).to_contain_text("Add milk")
        content = await content_of(await downloaded(dialog, "Download this chat as Markdown"))
        assert "Add milk" in content
        assert "tea" not in content


async def test_what_one_guest_has_taken_along_another_brings_in_and_only_once(
    browser: Browser, demo_server: ServerProcess
) -> None:
    async with opened(browser, demo_server.url) as page:
        await send(page, "Add tea")
        await page.get_by_role("button", name="New chat").click()
        await send(page, "hello")
        dialog = await open_dialog(page)
        mine = await content_of(await downloaded(dialog, "Download everything as JSON"))
    async with opened(browser, demo_server.url) as page:
        dialog = await open_dialog(page)
        said = dialog.get_by_role("status")
        await choose(dialog, file_of(mine))
        await expect(said).to_have_text("2 chats and 1 task added.")
        await expect(chats(page)).to_have_text(["hello", "Add tea"])
        await expect(tasks(page)).to_have_text(["Tea"])
        await shoot(page, "imported")
        await choose(dialog, file_of(mine))
        await expect(said).to_have_text("Nothing new: 2 chats and 1 task were there already.")
        await expect(chats(page)).to_have_count(2)
        await page.keyboard.press("Escape")
        await chats(page).last.click()
        await expect(page.get_by_role("article", name="You")).to_contain_text("Add tea")


async def test_a_file_that_is_none_is_refused_in_the_servers_words(
    browser: Browser, demo_server: ServerProcess
) -> None:
    async with opened(browser, demo_server.url, refused={400}) as page:
        dialog = await open_dialog(page)
        async with page.expect_response("**/api/chatkit/import") as refused:
            await choose(dialog, file_of('{"threads": '))
        response = await refused.value
        assert response.status == 400
        message: str = (await response.json())["error"]["message"]
        said = dialog.get_by_role("status")
        await expect(said).to_have_text(message[0].upper() + message[1:])
        await shoot(page, "refused-file")
        await page.keyboard.press("Escape")
        await open_dialog(page)
        await expect(said).to_be_empty()  # it was of another time


async def test_a_file_that_is_too_large_is_refused_in_a_sentence(
    browser: Browser, demo_server: ServerProcess, tmp_path: Path
) -> None:
    large = tmp_path / "large.json"
    large.touch()
    os.truncate(large, 30_000_000)
    async with opened(browser, demo_server.url, refused={413}) as page:
        dialog = await open_dialog(page)
        await choose(dialog, large)
        sentence = "This file is larger than this server takes."
        await expect(dialog.get_by_role("status")).to_have_text(sentence)


async def test_deletion_is_asked_about_once_more_and_leaves_nothing_in_any_tab(
    browser: Browser, demo_server: ServerProcess
) -> None:
    async with opened(browser, demo_server.url) as page:
        await send(page, "Add tea")
        other = await page.context.new_page()
        await other.goto(page.url)
        await expect(tasks(other)).to_have_text(["Tea"])
        box = page.get_by_role("textbox", name="Message")
        await box.fill("half a thought")
        dialog = await open_dialog(page)
        erase = dialog.get_by_role("button", name="Delete all my data")
        question = page.get_by_role("dialog", name="Delete all your data?")

        await erase.click()
        await shoot(page, "erase")
        await expect(question.get_by_role("button", name="Cancel")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(question).to_be_hidden()
        await expect(erase).to_be_focused()
        await expect(chats(page)).to_have_text(["Add tea"])
        await expect(tasks(page)).to_have_text(["Tea"])
        await expect(box).to_have_value("half a thought")

        former = await page.evaluate("localStorage.getItem('chatkit.guest')")
        (cookie,) = await page.context.cookies()
        await erase.click()
        await question.get_by_role("button", name="Delete everything").click()
        for tab in (page, other):
            await expect(tab.get_by_text("What would you like to get done?")).to_be_visible()
            await expect(tab.get_by_text("Your chats will be listed here.")).to_be_visible()
            await expect(tab.get_by_text("Nothing to do right now.")).to_be_visible()
            await expect(tab.get_by_role("textbox", name="Message")).to_have_value("")
            await expect(tab.get_by_role("dialog")).to_have_count(0)
            assert tab.url == f"{demo_server.url}/"
        guests = {
            await tab.evaluate("localStorage.getItem('chatkit.guest')") for tab in (page, other)
        }
        assert len(guests) == 1
        assert former not in guests
        gone = await demo_server.get("/api/tasks", cookie["value"])
        assert gone.json() == []


async def test_an_answer_that_is_running_does_not_outlive_the_deletion(
    browser: Browser, scripted_server: ServerProcess, model: ModelServer
) -> None:
    model.pace_s = 0.03
    model.answer = lambda _: [f"word{place} " for place in range(2000)]
    missing = 404  # the page may ask what became of the answer before it starts over
    async with opened(browser, scripted_server.url, refused={*SIGN_IN, missing}) as page:
        field = page.get_by_label("Access token")
        await field.fill(scripted_server.jwt("eraser"))
        await field.press("Enter")
        box = page.get_by_role("textbox", name="Message")
        await box.fill("Tell me a long story")
        await box.press("Enter")
        answer = page.get_by_role("article", name="Assistant")
        await expect(answer).to_contain_text("word20", timeout=FIRST_MS)
        dialog = await open_dialog(page)
        await dialog.get_by_role("button", name="Delete all my data").click()
        await page.get_by_role("button", name="Delete everything").click()
        await expect(page.get_by_text("Your chats will be listed here.")).to_be_visible()
        await expect(page.get_by_role("button", name="Sign out")).to_be_visible()
        await expect(page.get_by_role("alert")).to_have_count(0)
        async with asyncio.timeout(10):
            await model.requests[-1].closed.wait()
        await page.reload()
        await expect(page.get_by_text("Your chats will be listed here.")).to_be_visible()


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (NO_ANSWER, "The server could not be reached. Check your connection and try again."),
        (429, "That was a little too fast. Wait a moment and try again."),
        (502, "The server could not do this just now. Try again in a moment."),
    ],
)
async def test_a_download_that_fails_says_why_and_the_next_one_works(
    browser: Browser, demo_server: ServerProcess, status: int, sentence: str
) -> None:
    async def fail(route: Route) -> None:
        if status == NO_ANSWER:
            await route.abort("connectionrefused")
        else:
            await route.fulfill(status=status, body="<html>A proxy's page</html>")

    async with opened(browser, demo_server.url, refused={status}) as page:
        await page.route(EXPORT, fail)
        dialog = await open_dialog(page)
        button = dialog.get_by_role("button", name="Download everything as JSON")
        await button.click()
        await expect(dialog.get_by_role("status")).to_have_text(sentence)
        await expect(button).to_be_focused()
        await page.unroute(EXPORT, fail)
        await downloaded(dialog, "Download everything as JSON")


async def test_a_download_without_a_connection_says_so_and_works_once_it_is_back(
    browser: Browser, demo_server: ServerProcess
) -> None:
    async with opened(browser, demo_server.url) as page:
        dialog = await open_dialog(page)
        await page.context.set_offline(True)
        await dialog.get_by_role("button", name="Download everything as JSON").click()
        sentence = "You are offline. Try again when the connection is back."
        await expect(dialog.get_by_role("status")).to_have_text(sentence)
        await page.context.set_offline(False)
        await downloaded(dialog, "Download everything as JSON")


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


async def test_a_second_click_does_nothing_while_the_first_is_at_work(
    browser: Browser, demo_server: ServerProcess
) -> None:
    asked: list[str] = []
    may_go_on = asyncio.Event()

    async def hold(route: Route) -> None:
        asked.append(route.request.url)
        await may_go_on.wait()
        await route.continue_()

    async with opened(browser, demo_server.url) as page:
        await page.route(EXPORT, hold)
        dialog = await open_dialog(page)
        button = dialog.get_by_role("button", name="Download everything as JSON")
        await button.click()
        await expect(dialog.get_by_role("status")).to_have_text("Preparing the file…")
        await expect(button).to_be_disabled()
        await expect(button).to_be_focused()
        for name in ("Download everything as JSON", "Download everything as Markdown", "Import…"):
            await dialog.get_by_role("button", name=name).click(force=True)
        await dialog.get_by_role("button", name="Delete all my data").click(force=True)
        await expect(page.get_by_role("dialog")).to_have_count(1)
        async with page.expect_download():
            may_go_on.set()
        await expect(button).to_be_enabled()
        assert len(asked) == 1


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


async def test_the_dialog_fits_a_phone_whatever_it_says(
    browser: Browser, demo_server: ServerProcess
) -> None:
    async with opened(browser, demo_server.url, width=390, dark=True, refused={400}) as page:
        await send(page, f"Add {'endless' * 20}")
        await page.get_by_role("button", name="Show chats").click()
        dialog = await open_dialog(page)
        await shoot(page, "phone-data")
        await choose(dialog, {**file_of("["), "name": f"{'endless' * 20}.json"})
        said = dialog.get_by_role("status")
        await expect(said.locator(".is-fault")).to_be_in_viewport(ratio=1)
        await shoot(page, "phone-data-fault")
        assert await dialog.evaluate("(box) => box.scrollWidth - box.clientWidth") == 0
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("navigation", name="Chats")).to_be_visible()  # the drawer


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
            told = "async (result) => (await import('/page/your_data.js')).importedText(result)"
            assert await page.evaluate(told, result) == sentence

"""A headless Chromium for the tests of the built-in page, and what a person does in it.

The browser is the one of the machine: Playwright's own download is not used, so that the tests need
nothing but a package of the distribution.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Container
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from playwright.async_api import (
    Browser,
    ConsoleMessage,
    Locator,
    Page,
    Response,
    async_playwright,
    expect,
)

NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
#: How a server says that it wants accounts.
SIGN_IN: Final = frozenset({401, 403})
#: The first answer of a process waits for its model library.
FIRST_MS: Final = 40_000

# No sandbox: containers run as root. The rest keeps the browser from calling out by itself.
_ARGUMENTS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
    "--use-fake-device-for-media-stream",  # a microphone that hums
)


def chromium_path() -> str:
    """Where Chromium is: the variable CHROMIUM, else one of `NAMES` on the PATH."""
    given = os.environ.get("CHROMIUM")
    candidates = (given,) if given else NAMES
    for candidate in candidates:
        if path := shutil.which(candidate):
            return path
    raise RuntimeError(
        f"No Chromium found (looked for {', '.join(candidates)}): install the package chromium, "
        "or name the program in the variable CHROMIUM."
    )


@asynccontextmanager
async def open_chromium() -> AsyncIterator[Browser]:
    """A running browser, closed at the end. Each test opens a context of its own in it."""
    path = chromium_path()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=[*_ARGUMENTS])
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def opened(
    browser: Browser,
    url: str,
    *,
    width: int = 1280,
    dark: bool = False,
    refused: Container[int] = (),
) -> AsyncIterator[Page]:
    """The page for a new person, in whose browser nothing may go wrong.

    `refused` are the statuses of answers by which the page learns that it must ask for a sign-in;
    the browser reports them by itself.
    """
    context = await browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme="dark" if dark else "light",
        locale="en-GB",
        timezone_id="Europe/Berlin",
    )
    page = await context.new_page()

    def is_quiet(said: ConsoleMessage) -> bool:
        return said.type == "log" or said.text.startswith("Failed to load resource")

    def is_fine(got: Response) -> bool:
        return got.status < 400 or got.status in refused

    faults: list[str] = []
    elsewhere: list[str] = []
    # Violations of the content security policy are console errors, too.
    page.on("console", lambda said: faults.append(said.text) if not is_quiet(said) else None)
    page.on("response", lambda got: faults.append(got.url) if not is_fine(got) else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda sent: elsewhere.append(sent.url))
    page.set_default_timeout(15_000)
    await page.goto(url)
    yield page
    await context.close()
    assert faults == []
    assert [asked for asked in elsewhere if not asked.startswith(f"{url}/")] == []


async def shoot(page: Page, name: str) -> None:
    """A screenshot for people, where SCREENSHOTS names a directory."""
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        await page.screenshot(path=Path(folder) / f"{name}.png")


async def send(page: Page, text: str) -> Locator:
    """Type a message, send it, and wait for the end of its answer."""
    answers = page.get_by_role("article", name="Assistant")
    before = await answers.count()
    box = page.get_by_role("textbox", name="Message")
    await box.fill(text)
    await box.press("Enter")
    await expect(page.get_by_role("article", name="You").last).to_contain_text(text)
    await expect(answers.nth(before)).to_be_visible(timeout=FIRST_MS)
    await expect(page.locator("[aria-busy=true]")).to_have_count(0, timeout=FIRST_MS)
    await expect(page.get_by_role("button", name="Stop answering")).to_be_hidden()
    return answers.last

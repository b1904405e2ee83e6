"""A headless Chromium for the tests of the built-in page.

The browser is the one of the machine: Playwright's own download is not used, so that the tests need
nothing but a package of the distribution.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from playwright.async_api import Browser, async_playwright

NAMES: Final = ("chromium", "chromium-browser", "google-chrome")

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

"""The real application in this process, to be asked through `tests.edge.calls.call`."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from app import Services, opened
from chatkit.wiring.settings import load_settings


@asynccontextmanager
async def running(database_url: str, **variables: str) -> AsyncIterator[Services]:
    """Open it with these variables, and no rate limits unless they set some.

    A task of its own holds it, since a fixture's two halves may run in two, which task groups
    forbid.
    """
    limits = {"RATE_LIMIT_USER": "off", "RATE_LIMIT_IP": "off"}
    settings = load_settings({"DATABASE_URL": database_url, **limits, **variables})
    ready: asyncio.Future[Services] = asyncio.get_running_loop().create_future()
    over = asyncio.Event()

    async def hold() -> None:
        async with opened(settings) as services:
            with warnings.catch_warnings():  # LiteLLM's imports, where MODEL is one of its own
                warnings.simplefilter("ignore")
                await services.parts.model.warm_up(settings.model)
            ready.set_result(services)
            await over.wait()

    holding = asyncio.create_task(hold())
    started: set[asyncio.Future[Any]] = {ready, holding}
    await asyncio.wait(started, return_when=asyncio.FIRST_COMPLETED)
    try:
        if holding.done():
            await holding
        yield ready.result()
    finally:
        over.set()
        await holding

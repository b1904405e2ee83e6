"""Which model answers, and when LiteLLM is imported."""

from __future__ import annotations

import subprocess
import sys
from contextlib import AsyncExitStack

import pytest

from chatkit.demo.model import DemoModel
from chatkit.models.litellm_model import LiteLLMModel
from chatkit.models.pure.deltas import ModelRequest
from chatkit.wiring.models import Models, open_models
from chatkit.wiring.settings import load_settings

_TALK = """
import asyncio, sys
from contextlib import AsyncExitStack
from chatkit.models.pure.deltas import ModelRequest
from chatkit.wiring.models import open_models
from chatkit.wiring.settings import load_settings

async def main():
    async with AsyncExitStack() as stack:
        models = open_models(load_settings({"MODELS": "demo/tasks,openai/m"}), stack)
        await models.warm_up("demo/tasks")
        said = [{"role": "user", "content": "hello"}]
        print(await models.complete(ModelRequest(model="demo/tasks", messages=said)))
        assert models.context_window("openai/gpt-6-luna") is None
        assert "litellm" not in sys.modules and "httpx" not in sys.modules, "imported"

asyncio.run(main())
"""


def test_the_demo_answers_without_litellm() -> None:
    done = subprocess.run([sys.executable, "-c", _TALK], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Hello!")


async def test_a_name_of_the_demo_is_the_demos_and_every_other_is_litellms() -> None:
    async with AsyncExitStack() as stack:
        models = open_models(load_settings({"MODEL": "demo/tasks"}), stack)
    assert models.supports_vision("demo/tasks") is False
    assert models.supports_vision("openai/gpt-6-luna") is None  # not known before the import
    said = ModelRequest(model="demo/tasks", messages=[{"role": "user", "content": "hello"}])
    batches = [batch async for batch in models.stream(said)]
    assert len(batches) > 1


async def test_the_start_warns_of_every_configured_model_that_has_ended(
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings = load_settings(
        {
            "MODEL": "openai/gpt-6-luna",
            "MODELS": "openai/gpt-6-luna,gpt-3.5-turbo",
            "IMAGE_MODEL": "gpt-image-1",
        }
    )
    async with AsyncExitStack() as stack:
        models = open_models(settings, stack)
        models.loading.start()
        await models.loading.join()
    told = [record.getMessage() for record in caplog.records if record.name == "chatkit"]
    ended = "its provider ended {} on 2026-10-23, says LiteLLM's table; choose another one"
    assert told == [
        f"MODELS: {ended.format('gpt-3.5-turbo')}",
        f"IMAGE_MODEL: {ended.format('gpt-image-1')}",
    ]


async def test_both_are_possible_at_once() -> None:
    models = Models(
        demo=DemoModel(), litellm=LiteLLMModel(timeout_s=1), first="demo/tasks", configured=()
    )
    await models.warm_up("openai/m")
    assert models.context_window("demo/tasks") == 1_000_000
    assert models.context_window("gpt-6-luna") == 922_000
    assert models.supports_pdf("gpt-6-luna") is True

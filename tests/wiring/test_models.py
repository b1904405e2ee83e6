"""Which model answers, and when LiteLLM is imported."""

from __future__ import annotations

import subprocess
import sys
from contextlib import AsyncExitStack

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
        assert models.context_window("openai/gpt-4o-mini") is None
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
    assert models.supports_vision("openai/gpt-4o-mini") is None  # not known before the import
    said = ModelRequest(model="demo/tasks", messages=[{"role": "user", "content": "hello"}])
    batches = [batch async for batch in models.stream(said)]
    assert len(batches) > 1


async def test_both_are_possible_at_once() -> None:
    models = Models(demo=DemoModel(), litellm=LiteLLMModel(timeout_s=1), first="demo/tasks")
    await models.warm_up("openai/m")
    assert models.context_window("demo/tasks") == 1_000_000
    assert models.context_window("gpt-4o-mini") == 128_000
    assert models.supports_pdf("gpt-4o-mini") is True

"""Images that a model makes: seen while they come, kept as files, gone with what failed."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import AsyncGenerator
from typing import Any, Final

from chatkit.engine.calling import GENERATE_IMAGE
from chatkit.models.litellm_model import LiteLLMModel
from chatkit.models.media import Media
from chatkit.models.pure.deltas import ImageStep, ModelFault, StreamEnd, ToolCallDelta
from chatkit.protocol.params import CreateThread
from tests.engine.conftest import NewEngine, said, until
from tests.fakes import says
from tests.files import PNG
from tests.model_server import ModelServer
from tests.model_steps import drawn, sketch

HELLO: Final = CreateThread(input=said("Draw a cat"))


def drawing(arguments: str = '{"prompt": "a cat", "size": "square"}') -> Any:
    call = ToolCallDelta(index=0, call_id="c", name="generate_image", arguments=arguments)
    return [[call], [StreamEnd("tool_calls")]]


class Painter:
    """An image model that plays its steps; an event among them is waited for."""

    def __init__(self, *steps: ImageStep | ModelFault | asyncio.Event) -> None:
        self.asked: list[tuple[str, str | None]] = []
        self.begun = asyncio.Event()
        self._steps = steps

    async def generate_image(
        self, prompt: str, size: str | None
    ) -> AsyncGenerator[ImageStep, None]:
        self.asked.append((prompt, size))
        self.begun.set()
        for step in self._steps:
            if isinstance(step, ModelFault):
                raise step
            if isinstance(step, asyncio.Event):
                await step.wait()
            else:
                yield step


def step(progress: float) -> ImageStep:
    return ImageStep(data=PNG, mime_type="image/png", progress=progress)


async def test_an_image_is_shown_as_it_comes_and_kept_as_a_file(new_engine: NewEngine) -> None:
    painter = Painter(step(0.5), step(1.0))
    engine = await new_engine(
        drawing(), says("There."), own_tools=(GENERATE_IMAGE,), images=painter
    )
    events = await engine.chat(HELLO)
    assert painter.asked == [("a cat", "1024x1024")]
    updates = [
        event["update"]
        for event in events
        if event["type"] == "thread.item.updated" and "image" in event["update"]
    ]
    assert [update["progress"] for update in updates] == [0.5, 1.0]
    assert updates[0]["image"]["url"].startswith("data:image/png;base64,")
    (item,) = [
        event["item"]
        for event in events
        if event["type"] == "thread.item.done" and event["item"]["type"] == "generated_image"
    ]
    assert item["image"]["url"] == f"chatkit-file:{item['image']['id']}"
    rows = await engine.rows("SELECT id, item_id, state FROM attachments")
    assert rows == [{"id": item["image"]["id"], "item_id": item["id"], "state": "ready"}]
    assert "shown" in engine.model.requests[1].messages[-1]["content"]


async def test_the_sketches_of_a_provider_are_shown_before_the_image(new_engine: NewEngine) -> None:
    async with ModelServer() as server:
        server.script(sketch(0, PNG + b"1"), sketch(1, PNG + b"2"), drawn(PNG))
        model = LiteLLMModel(api_base=server.api_base, api_key="k", timeout_s=20)
        media = Media(model, transcribe_model=None, image_model="gpt-image-2.5-flare", timeout_s=20)
        engine = await new_engine(
            drawing(), says("There."), own_tools=(GENERATE_IMAGE,), images=media
        )
        events = await engine.chat(HELLO)
        await model.aclose()
    updates = [
        event["update"]
        for event in events
        if event["type"] == "thread.item.updated" and "image" in event["update"]
    ]
    assert {update["type"] for update in updates} == {"generated_image.updated"}
    assert [update["progress"] for update in updates] == [1 / 3, 2 / 3, 1.0]
    assert [update["image"]["url"] for update in updates[:2]] == [
        f"data:image/png;base64,{b64encode(PNG + end).decode()}" for end in (b"1", b"2")
    ]
    (kept,) = await engine.rows("SELECT size FROM attachments")
    assert kept["size"] == len(PNG)


async def test_an_image_that_fails_is_taken_away_and_told_to_the_model(
    new_engine: NewEngine,
) -> None:
    painter = Painter(step(0.5), ModelFault("unavailable"))
    engine = await new_engine(
        drawing(), says("Sorry."), own_tools=(GENERATE_IMAGE,), images=painter
    )
    events = await engine.chat(HELLO)
    assert "thread.item.removed" in [event["type"] for event in events]
    assert await engine.rows("SELECT id FROM attachments") == []
    assert "could not be made" in engine.model.requests[1].messages[-1]["content"]


async def test_a_stop_in_mid_image_leaves_nothing_of_it(new_engine: NewEngine) -> None:
    painter = Painter(step(0.5), asyncio.Event())
    engine = await new_engine(
        drawing(), says("Never."), own_tools=(GENERATE_IMAGE,), images=painter
    )
    turn = await engine.begin(HELLO)
    with engine.turns.following(turn):
        await until(lambda: '"progress":0.5' in turn.log.lines())
        turn.stop("user")
        assert turn.task is not None
        await turn.task
    assert '"type":"thread.item.removed"' in turn.log.lines()
    assert await engine.rows("SELECT id FROM items WHERE type = 'generated_image'") == []
    assert await engine.rows("SELECT id FROM attachments") == []


async def test_an_image_without_a_prompt_is_not_asked_for(new_engine: NewEngine) -> None:
    painter = Painter(step(1.0))
    engine = await new_engine(
        drawing('{"size": "huge"}'), says("Ok."), own_tools=(GENERATE_IMAGE,), images=painter
    )
    await engine.chat(HELLO)
    assert painter.asked == []
    assert "prompt" in engine.model.requests[1].messages[-1]["content"]


async def test_an_image_without_room_is_told_to_the_model(new_engine: NewEngine) -> None:
    large = ImageStep(data=PNG + bytes(2**20), mime_type="image/png", progress=1.0)
    engine = await new_engine(
        drawing(), says("No room."), own_tools=(GENERATE_IMAGE,), images=Painter(large)
    )
    events = await engine.chat(HELLO)
    assert "thread.item.removed" in [event["type"] for event in events]
    assert await engine.rows("SELECT id FROM attachments") == []
    assert await engine.rows("SELECT id FROM items WHERE type = 'generated_image'") == []
    assert "no room" in engine.model.requests[1].messages[-1]["content"]


async def test_a_model_that_never_sends_the_whole_image_has_failed(new_engine: NewEngine) -> None:
    engine = await new_engine(
        drawing(), says("Sorry."), own_tools=(GENERATE_IMAGE,), images=Painter(step(0.5))
    )
    events = await engine.chat(HELLO)
    assert "thread.item.removed" in [event["type"] for event in events]
    assert "could not be made" in engine.model.requests[1].messages[-1]["content"]

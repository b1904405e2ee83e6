"""The title of a thread: its first line at once, a model's when there is one, never the user's."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import pytest

from chatkit.engine.titling import first_line
from chatkit.protocol.attachments import Attachment
from chatkit.protocol.bodies import UserMessage
from chatkit.protocol.content import InputText
from chatkit.protocol.deltas import ModelFault, TextDelta
from chatkit.protocol.params import AddUserMessage, CreateThread, UpdateThread
from tests.engine.conftest import ALICE, Engine, NewEngine, new_key, said, until
from tests.fakes import ScriptedModel, says

HELLO: Final = CreateThread(input=said("Hello there"))


def titled_by(engine: Engine, title: str | ModelFault, gate: asyncio.Event | None = None) -> None:
    """Let the engine's model answer requests for titles, when `gate` opens."""

    async def complete(_: Any) -> str:
        if gate is not None:
            await gate.wait()
        if isinstance(title, ModelFault):
            raise title
        return title

    model: ScriptedModel = engine.model
    model.complete = complete  # type: ignore[method-assign, assignment]


async def title_in(engine: Engine) -> str | None:
    (row,) = await engine.rows("SELECT title FROM threads")
    title: str | None = row["title"]
    return title


async def test_a_title_that_comes_in_time_is_in_the_stream(new_engine: NewEngine) -> None:
    hold = asyncio.Event()
    engine = await new_engine([[TextDelta("Hi")], hold, [TextDelta(".")]], title_model="m")
    titled_by(engine, "Greeting")
    turn = await engine.begin(HELLO)
    with engine.turns.following(turn):
        await until(
            lambda: any(task.get_name().startswith("title") for task in asyncio.all_tasks())
        )
        await until(
            lambda: not any(task.get_name().startswith("title") for task in asyncio.all_tasks())
        )
        hold.set()
        assert turn.task is not None
        await turn.task
    assert '"title":"Greeting"' in turn.log.lines()
    assert await title_in(engine) == "Greeting"


async def test_a_late_title_takes_the_place_of_the_first_line(new_engine: NewEngine) -> None:
    gate = asyncio.Event()
    engine = await new_engine(says("Hi."), title_model="m")
    titled_by(engine, "Greeting", gate)
    events = await engine.chat(HELLO)
    assert events[-1]["thread"]["title"] == "Hello there"
    gate.set()
    async with asyncio.timeout(10):
        while await title_in(engine) != "Greeting":  # noqa: ASYNC110 - it gives no sign
            await asyncio.sleep(0.01)


async def test_a_late_title_never_takes_the_place_of_the_users(new_engine: NewEngine) -> None:
    gate = asyncio.Event()
    engine = await new_engine(says("Hi."), title_model="m")
    titled_by(engine, "Greeting", gate)
    thread_id = await engine.hello()
    await engine.answer(UpdateThread(thread_id=thread_id, title="Mine"), ALICE, new_key())
    gate.set()
    await until(
        lambda: not any(task.get_name().startswith("title") for task in asyncio.all_tasks())
    )
    assert await engine.operations.threads.give_title("alice", thread_id, "X", "model") is None
    assert await title_in(engine) == "Mine"


async def test_a_model_that_gives_no_title_leaves_the_first_line(new_engine: NewEngine) -> None:
    engine = await new_engine(says("Hi."), title_model="m")
    titled_by(engine, ModelFault("unavailable"))
    events = await engine.chat(HELLO)
    assert events[-1]["thread"]["title"] == "Hello there"
    assert "error" not in [event["type"] for event in events]


async def test_a_model_that_fails_after_the_end_leaves_the_first_line(
    new_engine: NewEngine,
) -> None:
    gate = asyncio.Event()
    engine = await new_engine(says("Hi."), title_model="m")
    titled_by(engine, ModelFault("unavailable"), gate)
    events = await engine.chat(HELLO)
    assert events[-1]["thread"]["title"] == "Hello there"
    gate.set()
    await until(
        lambda: not any(task.get_name().startswith("title") for task in asyncio.all_tasks())
    )
    assert await title_in(engine) == "Hello there"


async def test_a_thread_with_a_title_is_not_named_again(new_engine: NewEngine) -> None:
    engine = await new_engine(says("Hi."))
    thread_id = await engine.hello()
    events = await engine.chat(AddUserMessage(thread_id=thread_id, input=said("Another line")))
    assert "thread.updated" not in [event["type"] for event in events]
    assert await title_in(engine) == "Hello"


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Hello there\nand more", "Hello there"),
        ("\n  \n  Hello \n", "Hello"),
        ("x" * 60, "x" * 60),
        ("x" * 61, "x" * 60 + "…"),
        (f"{'x' * 50}, and a long sentence", f"{'x' * 50}, and a…"),
        (f"{'x' * 50} - {'y' * 50}", f"{'x' * 50}…"),
        (" \n", None),
    ],
)
def test_the_first_line_is_cut_at_a_word(text: str, title: str | None) -> None:
    assert first_line(UserMessage(content=(InputText(text=text),))) == title


def test_a_message_of_files_alone_is_named_after_the_first() -> None:
    files = tuple(
        Attachment(id=f"atc_{name}", name=name, mime_type="text/plain", is_image=False)
        for name in ("list.txt", "more.txt")
    )
    empty = (InputText(text=" "),)
    assert first_line(UserMessage(content=empty, attachments=files)) == "list.txt"
    assert first_line(UserMessage(content=(InputText(text="Look"),), attachments=files)) == "Look"

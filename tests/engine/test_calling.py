"""The calls of one round: what changes something first, in order; what reads after it, together."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any, Final

import pytest

from chatkit.access.caller import Caller
from chatkit.answer.rounds import NOT_RUN, UNKNOWN_OUTCOME
from chatkit.engine import calling
from chatkit.engine.calling import GENERATE_IMAGE
from chatkit.models.pure.deltas import StreamEnd, ToolCallDelta
from chatkit.protocol.calls import Effect, ElicitationReply, ToolCall, ToolResult
from chatkit.protocol.params import CreateThread
from store.postgres import Database
from store.task_history import StoredTaskHistory
from store.tasks import Tasks
from tests.engine.conftest import NewEngine, said, until
from tests.engine.test_images import Painter, step
from tests.fakes import ScriptedTools, says
from tools.client import ToolClients
from tools.server import build_server

HELLO: Final = CreateThread(input=said("Hello"))


def round_of(*named: tuple[str, dict[str, Any]]) -> list[Any]:
    """An answer of calls, `c0`, `c1` …"""
    deltas = [
        ToolCallDelta(index=place, call_id=f"c{place}", name=name, arguments=json.dumps(arguments))
        for place, (name, arguments) in enumerate(named)
    ]
    return [deltas, [StreamEnd("tool_calls")]]


async def test_a_list_asked_for_beside_an_addition_holds_the_addition(
    new_engine: NewEngine, database_url: str
) -> None:
    database = await Database.connect(database_url)
    script = round_of(
        ("list_tasks", {}), ("add_task", {"title": "Milk"}), ("add_task", {"title": "Bread"})
    )
    async with ToolClients(build_server(Tasks(database), StoredTaskHistory(database))) as tools:
        engine = await new_engine(script, says("Both are there."), tools=tools)
        await engine.chat(HELLO)
    await database.close()
    results = [
        (message["tool_call_id"], json.loads(message["content"]))
        for message in engine.model.requests[1].messages
        if message["role"] == "tool"
    ]
    assert [call_id for call_id, _ in results] == ["c0", "c1", "c2"]
    listed = results[0][1]["tasks"]
    assert [task["title"] for task in listed] == ["Bread", "Milk"]  # newest first


async def test_changes_are_made_one_after_another_and_read_together_after_them(
    new_engine: NewEngine,
) -> None:
    seen: list[str] = []
    both = asyncio.Barrier(2)

    async def change(name: str) -> str:
        seen.append(f"{name} begins")
        await asyncio.sleep(0)
        seen.append(f"{name} ends")
        return name

    async def read(name: str) -> str:
        await both.wait()  # passes only while the other one runs as well
        seen.append("read")
        return name

    tools = ScriptedTools(
        "look",
        "find",
        look=lambda _: read("seen"),
        add=lambda _: change("add"),
        find=lambda _: read("found"),
        drop=lambda _: change("drop"),
    )
    script = round_of(("look", {}), ("drop", {}), ("find", {}), ("add", {}))
    engine = await new_engine(script, says("Done."), tools=tools)
    await engine.chat(HELLO)
    assert seen == ["drop begins", "drop ends", "add begins", "add ends", "read", "read"]
    messages = engine.model.requests[1].messages
    assert [message["content"] for message in messages if message["role"] == "tool"] == [
        "seen",
        "drop",
        "found",
        "add",
    ]


async def test_what_had_not_begun_when_the_user_stopped_is_stored_as_not_run(
    new_engine: NewEngine,
) -> None:
    def added(_: str) -> ToolResult:
        effect = Effect(name="tasks/changed", data={})
        return ToolResult(call_id="", output="Added.", effects=(effect,))

    hanging = asyncio.Event()
    gone = asyncio.Event()

    async def hang(_: str) -> str:
        hanging.set()
        try:
            await asyncio.Event().wait()
        finally:
            gone.set()
        return ""

    tools = ScriptedTools("look", look=lambda _: "seen", add=added, hang=hang, drop=lambda _: "x")
    script = round_of(("look", {}), ("add", {}), ("hang", {}), ("drop", {}))
    engine = await new_engine(script, tools=tools)
    turn = await engine.begin(HELLO)
    with engine.turns.following(turn):
        await until(hanging.is_set)
        turn.stop("user")
        assert turn.task is not None
        await turn.task
    assert gone.is_set()
    assert [call.name for call, _ in tools.calls] == ["add", "hang"]
    (calls,) = [
        body["content"]["calls"]
        for kind, body in await engine.stored(turn.lease.thread_id)
        if kind == "hidden_context_item"
    ]
    assert [(call["name"], call["output"], call["failed"]) for call in calls] == [
        ("look", NOT_RUN, True),
        ("add", "Added.", False),
        ("hang", UNKNOWN_OUTCOME, False),
        ("drop", NOT_RUN, True),
    ]
    assert '"tasks/changed"' in turn.log.lines()


async def test_an_image_is_made_while_other_calls_run(new_engine: NewEngine) -> None:
    called, painted = asyncio.Event(), asyncio.Event()

    async def add(_: str) -> str:
        called.set()
        await painted.wait()
        return "Added."

    class SlowPainter(Painter):
        async def generate_image(self, prompt: str, size: str | None) -> Any:
            await called.wait()
            async for each in super().generate_image(prompt, size):
                yield each
            painted.set()

    script = round_of(("add", {}), ("generate_image", {"prompt": "a cat"}))
    engine = await new_engine(
        script,
        says("There."),
        tools=ScriptedTools(add=add),
        own_tools=(GENERATE_IMAGE,),
        images=SlowPainter(step(1.0)),
    )
    events = await engine.chat(HELLO)
    assert "error" not in [event["type"] for event in events]
    messages = engine.model.requests[1].messages
    results = [message["content"] for message in messages if message["role"] == "tool"]
    assert results == ["Added.", "The image is shown to the user."]


class TalkativeTools(ScriptedTools):
    """One tool, which tells a thousand times how far it is."""

    def __init__(self) -> None:
        super().__init__(work=lambda _: "done")

    async def call(
        self,
        call: ToolCall,
        caller: Caller,
        progress: Callable[[str], None],
        reply: ElicitationReply | None = None,
    ) -> ToolResult:
        for number in range(1000):
            progress(f"line {number}")
        await asyncio.sleep(3 * calling.PROGRESS_EVERY_S)
        return await super().call(call, caller, progress, reply)


async def test_of_many_progress_lines_the_first_and_the_latest_are_shown(
    new_engine: NewEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calling, "PROGRESS_EVERY_S", 0.02)
    engine = await new_engine(round_of(("work", {})), says("Done."), tools=TalkativeTools())
    events = await engine.chat(HELLO)
    lines = [event["text"] for event in events if event["type"] == "progress_update"]
    assert lines == ["line 0", "line 999"]

"""The title of a thread: its first line at once, a model's when there is one, never the user's."""

from __future__ import annotations

import asyncio
from typing import Final

import pytest

from chatkit.answer.asking import ASK_USER
from chatkit.engine import titling
from chatkit.models.pure.deltas import (
    ModelFault,
    ModelRequest,
    ReasoningDelta,
    StreamEnd,
    TextDelta,
    ToolCallDelta,
)
from chatkit.models.pure.tools import ToolSpec
from chatkit.protocol.events import Event, ThreadUpdated
from chatkit.protocol.params import (
    AddStructuredInput,
    AddUserMessage,
    CreateThread,
    RetryAfterItem,
    UpdateThread,
)
from chatkit.protocol.structured import Submission
from tests.engine.conftest import ALICE, Engine, NewEngine, new_key, said, until
from tests.fakes import ScriptedModel, says

HELLO: Final = CreateThread(input=said("Hello there"))


def titled_by(
    engine: Engine, title: str | ModelFault, gate: asyncio.Event | None = None
) -> list[ModelRequest]:
    """Let the engine's model answer requests for titles, when `gate` opens; the requests."""
    requests: list[ModelRequest] = []

    async def complete(request: ModelRequest) -> str:
        requests.append(request)
        if gate is not None:
            await gate.wait()
        if isinstance(title, ModelFault):
            raise title
        return title

    model: ScriptedModel = engine.model
    model.complete = complete  # type: ignore[method-assign]
    return requests


async def titles_made() -> None:
    """Wait until no title is asked for any more."""
    await until(
        lambda: not any(task.get_name().startswith("title") for task in asyncio.all_tasks())
    )


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
        await titles_made()
        in_the_middle = turn.log.lines()
        hold.set()
        assert turn.task is not None
        await turn.task
    assert '"title":"Greeting"' in in_the_middle
    assert turn.log.lines().count('"thread.updated"') == 1
    assert await title_in(engine) == "Greeting"


async def test_a_title_that_comes_just_after_the_answer_is_in_its_stream(
    new_engine: NewEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(titling, "WAIT_S", 60)
    gate = asyncio.Event()
    engine = await new_engine(says("Hi."), title_model="m")
    titled_by(engine, "Greeting", gate)
    turn = await engine.begin(HELLO)
    with engine.turns.following(turn):
        await until(lambda: '"title":"Hello there"' in turn.log.lines())
        assert await engine.states() == ["done"]  # the answer is stored, and was told
        assert '"thread.item.done"' in turn.log.lines()
        gate.set()
        assert turn.task is not None
        await turn.task
    assert turn.log.lines().split("\n")[-1].count('"title":"Greeting"') == 1


async def test_a_stream_ends_without_a_title_that_takes_too_long(
    new_engine: NewEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(titling, "WAIT_S", 0)
    gate = asyncio.Event()
    engine = await new_engine(says("Hi."), title_model="m")
    titled_by(engine, "Greeting", gate)
    events = await engine.chat(HELLO)
    assert events[-1]["thread"]["title"] == "Hello there"
    gate.set()
    await titles_made()
    assert await title_in(engine) == "Greeting"


async def test_a_title_that_missed_its_stream_is_in_the_next_one_and_asked_for_once(
    new_engine: NewEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(titling, "WAIT_S", 0)
    gate, hold = asyncio.Event(), asyncio.Event()
    engine = await new_engine(
        says("Hi."), [[TextDelta("Now")], hold, [TextDelta(".")]], title_model="m"
    )
    asked = titled_by(engine, "Greeting", gate)
    thread_id = await engine.hello()
    turn = await engine.begin(AddUserMessage(thread_id=thread_id, input=said("And now?")))
    with engine.turns.following(turn):
        await until(lambda: '"Now"' in turn.log.lines())
        gate.set()
        await until(lambda: '"title":"Greeting"' in turn.log.lines())
        hold.set()
        assert turn.task is not None
        await turn.task
    assert len(asked) == 1


@pytest.mark.parametrize("ends", ["stopped", "for the page"])
async def test_nobody_waits_for_a_title_who_stopped_the_answer_or_has_a_tool_to_run(
    new_engine: NewEngine, monkeypatch: pytest.MonkeyPatch, ends: str
) -> None:
    monkeypatch.setattr(titling, "WAIT_S", 60)
    cart = ToolSpec(name="get_cart", description="", parameters={"type": "object"}, kind="client")
    call = ToolCallDelta(index=0, call_id="c", name="get_cart", arguments="{}")
    rest = [[call], [StreamEnd("tool_calls")]] if ends == "for the page" else [asyncio.Event()]
    engine = await new_engine([[TextDelta("Hm.")], *rest], own_tools=(cart,), title_model="m")
    asked = titled_by(engine, "Greeting", asyncio.Event())
    turn = await engine.begin(HELLO)
    with engine.turns.following(turn):
        await until(lambda: len(asked) == 1)
        if ends == "stopped":
            turn.stop("user")
        assert turn.task is not None
        await asyncio.wait_for(turn.task, 20)
    assert '"title":"Hello there"' in turn.log.lines()


async def test_nothing_follows_the_end_of_a_turn_that_this_process_lost(
    new_engine: NewEngine,
) -> None:
    gate, hold = asyncio.Event(), asyncio.Event()
    engine = await new_engine([[TextDelta("Hi")], hold, [TextDelta(".")]], title_model="m")
    asked = titled_by(engine, "Greeting", gate)
    turn = await engine.begin(HELLO)
    with engine.turns.following(turn):
        await until(lambda: len(asked) == 1)
        await engine.rows("UPDATE turns SET fence = fence + 1")
        hold.set()
        assert turn.task is not None
        await turn.task
        at_the_end = turn.log.lines()
        gate.set()
        await titles_made()
    assert turn.log.lines() == at_the_end


async def test_an_answer_that_ends_leaves_the_title_to_the_one_that_has_begun(
    new_engine: NewEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next answer of the thread may begin while the first one waits for the title."""
    monkeypatch.setattr(titling, "WAIT_S", 0)
    gate = asyncio.Event()
    engine = await new_engine(says("Hi."), title_model="m")
    titled_by(engine, "Greeting", gate)
    turn = await engine.begin(HELLO)
    assert turn.task is not None
    await turn.task
    begun, titles = turn.begun, engine.turns._runner.titles
    first: list[Event] = []
    second: list[Event] = []
    naming = titles.begin(begun, turn.message, "en", first.extend)
    titles.begin(begun, turn.message, "en", second.extend)
    await titles.end(begun, turn.message, naming, first.extend, wait=False)
    gate.set()
    await titles_made()
    assert [type(event) for event in second] == [ThreadUpdated]


async def test_a_late_title_never_takes_the_place_of_the_users(
    new_engine: NewEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(titling, "WAIT_S", 0)
    gate = asyncio.Event()
    engine = await new_engine(says("Hi."), title_model="m")
    titled_by(engine, "Greeting", gate)
    thread_id = await engine.hello()
    await engine.answer(UpdateThread(thread_id=thread_id, title="Mine"), ALICE, new_key())
    gate.set()
    await titles_made()
    assert await engine.operations.threads.give_title("alice", thread_id, "X", "model") is None
    assert await title_in(engine) == "Mine"


async def test_a_model_that_gives_no_title_leaves_the_first_line(new_engine: NewEngine) -> None:
    engine = await new_engine(says("Hi."), title_model="m")
    titled_by(engine, ModelFault("unavailable"))
    events = await engine.chat(HELLO)
    assert events[-1]["thread"]["title"] == "Hello there"
    assert "error" not in [event["type"] for event in events]


async def test_a_model_that_fails_after_the_end_leaves_the_first_line(
    new_engine: NewEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(titling, "WAIT_S", 0)
    gate = asyncio.Event()
    engine = await new_engine(says("Hi."), title_model="m")
    titled_by(engine, ModelFault("unavailable"), gate)
    events = await engine.chat(HELLO)
    assert events[-1]["thread"]["title"] == "Hello there"
    gate.set()
    await titles_made()
    assert await title_in(engine) == "Hello there"


async def test_a_text_that_comes_together_with_thoughts_is_an_answer_that_has_begun(
    new_engine: NewEngine,
) -> None:
    engine = await new_engine(
        [[ReasoningDelta("Hm."), TextDelta("Hi.")], [StreamEnd("stop")]], title_model="m"
    )
    titled_by(engine, "Greeting")
    await engine.hello()
    await titles_made()
    assert await title_in(engine) == "Greeting"


async def test_a_thread_whose_first_turn_got_no_title_is_named_by_its_first_message_later(
    new_engine: NewEngine,
) -> None:
    ask = ToolCallDelta(
        index=0, call_id="c", name="ask_user", arguments='{"questions": [{"question": "How?"}]}'
    )
    engine = await new_engine(
        [ModelFault("timeout")],
        [[ask], [StreamEnd("tool_calls")]],
        says("Done."),
        own_tools=(ASK_USER,),
        title_model="m",
    )
    asked = titled_by(engine, "Greeting")
    events = await engine.chat(HELLO)
    thread_id, message_id = events[0]["thread"]["id"], events[1]["item"]["id"]
    events = await engine.chat(RetryAfterItem(thread_id=thread_id, item_id=message_id))
    assert asked == []
    form_id = events[-1]["item"]["id"]
    submission = Submission(skipped=True, answers={})
    await engine.chat(
        AddStructuredInput(thread_id=thread_id, item_id=form_id, submission=submission)
    )
    await titles_made()
    assert await title_in(engine) == "Greeting"
    assert ["Hello there" in request.messages[1]["content"] for request in asked] == [True]


async def test_a_model_is_asked_until_it_has_given_a_title_and_never_again(
    new_engine: NewEngine,
) -> None:
    engine = await new_engine(says("Hi."), title_model="m")
    failed = titled_by(engine, ModelFault("unavailable"))
    thread_id = await engine.hello()
    message = AddUserMessage(thread_id=thread_id, input=said("And now?"))
    await titles_made()
    asked = titled_by(engine, "Greeting")
    for _ in range(3):
        await engine.chat(message)
        await titles_made()
    assert (len(failed), len(asked)) == (1, 1)
    assert await title_in(engine) == "Greeting"


@pytest.mark.parametrize("title", ["Mine", None])
async def test_a_thread_that_the_user_named_is_none_of_the_models(
    new_engine: NewEngine, title: str | None
) -> None:
    engine = await new_engine(says("Hi."), title_model="m")
    titled_by(engine, ModelFault("unavailable"))
    thread_id = await engine.hello()
    await titles_made()
    await engine.answer(UpdateThread(thread_id=thread_id, title=title or ""), ALICE, new_key())
    asked = titled_by(engine, "Greeting")
    events = await engine.chat(AddUserMessage(thread_id=thread_id, input=said("And now?")))
    assert "thread.updated" not in [event["type"] for event in events]
    await titles_made()
    assert asked == []
    assert await title_in(engine) == title


async def test_a_thread_with_a_title_is_not_named_again(new_engine: NewEngine) -> None:
    engine = await new_engine(says("Hi."))
    thread_id = await engine.hello()
    events = await engine.chat(AddUserMessage(thread_id=thread_id, input=said("Another line")))
    assert "thread.updated" not in [event["type"] for event in events]
    assert await title_in(engine) == "Hello"

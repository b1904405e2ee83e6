"""The main job over HTTP: a person chats, and the tasks really change.

First with the built-in model, as after the first start; then with an OpenAI-compatible provider,
whose tool calls and faults are scripted, and whose received requests are looked at.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any, Final

import pytest

from tests.acceptance.server import Answer, Event, ServerProcess, delta_of, said
from tests.model_server import ModelServer
from tests.model_steps import CUT, EOF, HANG, Chunk, Raw, Status, Step, call

pytestmark = pytest.mark.asyncio(loop_scope="session")

TEXT: Final = ["thread.item.added", "added", "text_delta", "done", "thread.item.done"]
#: With a mark where it names a task.
NAMING: Final = [*TEXT[:3], "annotation_added", *TEXT[3:]]
#: A workflow of one call; what the call changed is told before the workflow is closed.
CALLED: Final = ["thread.item.added", "workflow.task.added", "workflow.task.updated"]
CLOSED: Final = ["thread.item.done"]
CREATED: Final = ["thread.created", "thread.item.done", "stream_options"]
FOLLOWING: Final = ["thread.item.done", "stream_options"]


async def test_the_four_prompts_work_on_the_built_in_model(demo_server: ServerProcess) -> None:
    server = demo_server
    token = await server.guest()

    shown = await server.say("Show me my tasks", token)
    assert shown.kinds == [*CREATED, *CALLED, *CLOSED, *TEXT, "thread.updated"]
    assert shown.of("thread.updated")[0]["thread"]["title"] == "Show me my tasks"
    assert "empty" in shown.text
    thread_id = shown.thread_id

    added = await server.say("Add a new task: Buy groceries", token, thread_id)
    assert added.kinds == [*FOLLOWING, *CALLED, "client_effect", *CLOSED, *NAMING]
    assert added.effects == [("tasks/changed", "add")]
    assert "Buy groceries" in added.text
    assert await server.tasks(token) == [("Buy groceries", False)]

    completed = await server.say("Mark task 1 as complete", token, thread_id)
    assert completed.kinds == [*FOLLOWING, *CALLED, "client_effect", *CLOSED, *NAMING]
    assert completed.effects == [("tasks/changed", "complete")]
    assert "Buy groceries" in completed.text
    assert await server.tasks(token) == [("Buy groceries", True)]

    helped = await server.say("What can you help me with?", token, thread_id)
    assert helped.kinds == [*FOLLOWING, *TEXT]
    for word in ("Add", "Finish", "Delete"):
        assert word in helped.text

    assert await server.texts(thread_id, token) == [
        "Show me my tasks",
        shown.text,
        "Add a new task: Buy groceries",
        added.text,
        "Mark task 1 as complete",
        completed.text,
        "What can you help me with?",
        helped.text,
    ]


async def test_a_place_in_the_shown_list_stays_what_the_person_saw(
    demo_server: ServerProcess,
) -> None:
    server = demo_server
    token = await server.guest()
    for title in ("oldest", "middle", "newest"):
        assert (await server.post("/api/tasks", token, json={"title": title})).status_code == 201
    shown = await server.say("Show me my tasks", token)
    (card,) = (item for item in shown.done if item["type"] == "widget")
    lines = card["copy_text"].splitlines()
    for title, line in zip(("newest", "middle", "oldest"), lines, strict=True):
        assert title in line
    assert "newest" not in shown.text  # the card shows it
    await server.post("/api/tasks", token, json={"title": "added beside the chat"})
    await server.say("Mark task 1 as complete", token, shown.thread_id)
    assert await server.tasks(token) == [
        ("added beside the chat", False),
        ("newest", True),
        ("middle", False),
        ("oldest", False),
    ]


async def test_a_task_that_is_not_there_is_told_in_the_persons_own_terms(
    demo_server: ServerProcess,
) -> None:
    answer = await demo_server.say("Mark task 1 as complete", await demo_server.guest())
    assert "list_tasks" not in answer.text  # which is the model's word, not a person's
    assert answer.effects == []


async def test_the_events_of_an_answer_add_up_to_its_stored_items(
    demo_server: ServerProcess,
) -> None:
    server = demo_server
    token = await server.guest()
    answer = await server.say("What can you help me with?", token)
    assert answer.streamed == answer.text
    assert answer.events[2] == {"type": "stream_options", "stream_options": {"allow_cancel": True}}
    thread = await server.read("threads.get_by_id", token, thread_id=answer.thread_id)
    assert thread["items"] == {"data": answer.done, "has_more": False}
    assert thread["title"] == "What can you help me with?"
    listed = await server.read("threads.list", token)
    assert listed["data"] == [{**thread, "items": {"data": [], "has_more": False}}]


# ---- A provider with scripted answers ------------------------------------------------------------


async def test_tool_calls_of_a_provider_change_the_tasks(
    scripted_server: ServerProcess, model: ModelServer
) -> None:
    server = scripted_server
    token = server.jwt("tools")

    model.script(call("list_tasks", "{}"))
    model.script("Your list ", "is empty.")
    shown = await server.say("Show me my tasks", token)
    assert shown.kinds == [*CREATED, *CALLED, *CLOSED, *TEXT, "thread.updated"]
    assert shown.text == "Your list is empty."

    model.script(call("add_task", '{"title": "Buy'), call(None, ' groceries"}'))
    model.script("Added.")
    added = await server.say("Add a new task: Buy groceries", token, shown.thread_id)
    assert added.kinds == [*FOLLOWING, *CALLED, "client_effect", *CLOSED, *TEXT]
    assert await server.tasks(token) == [("Buy groceries", False)]

    model.script("Let me see. ", call("complete_task", '{"task_id": "1"}'))
    model.script("Done.")
    completed = await server.say("Mark task 1 as complete", token, shown.thread_id)
    assert completed.kinds == [
        *(*FOLLOWING, *TEXT),
        *(*CALLED, "client_effect", *CLOSED, *TEXT),
    ]
    assert completed.text == "Let me see. \nDone."
    assert await server.tasks(token) == [("Buy groceries", True)]

    model.script("Tasks.")
    await server.say("What can you help me with?", token, shown.thread_id)

    # The provider was sent the tools without a user among their parameters, and the whole thread.
    last = model.requests[-1].body
    assert [tool["function"]["name"] for tool in last["tools"]] == [
        "ask_user",
        "write_draft",
        "add_task",
        "list_tasks",
        "complete_task",
        "update_task",
        "delete_task",
        "undo",
    ]
    assert "user" not in json.dumps([list(properties_of(tool)) for tool in last["tools"]])
    assert [message["role"] for message in last["messages"]] == [
        "system",
        *("user", "assistant", "tool", "assistant"),
        *("user", "assistant", "tool", "assistant"),
        *("user", "assistant", "tool", "assistant"),
        "user",
    ]
    assert model.requests[-1].headers["authorization"] == "Bearer x"


def properties_of(tool: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = tool["function"]["parameters"]["properties"]
    return found


async def test_parallel_calls_are_all_run_and_told_in_their_order(
    scripted_server: ServerProcess, model: ModelServer
) -> None:
    token = scripted_server.jwt("parallel")
    model.script(
        call("add_task", '{"title": "one"}', call_id="call_a", index=0),
        call("add_task", '{"title": "two"}', call_id="call_b", index=1),
    )
    model.script("Both.")
    answer = await scripted_server.say("Add one and two", token)
    assert answer.kinds == [
        *(*CREATED, "thread.item.added", "workflow.task.added", "workflow.task.added"),
        *("workflow.task.updated", "workflow.task.updated"),
        *("client_effect", "client_effect", *CLOSED, *TEXT, "thread.updated"),
    ]
    assert sorted(await scripted_server.tasks(token)) == [("one", False), ("two", False)]
    asked, first, second = model.requests[-1].body["messages"][-3:]
    made = [call["id"] for call in asked["tool_calls"]]
    assert [first["tool_call_id"], second["tool_call_id"]] == made
    assert json.loads(first["content"])["task"]["title"] == "one"
    assert json.loads(second["content"])["task"]["title"] == "two"


async def test_calls_that_cannot_be_made_are_told_to_the_model(
    scripted_server: ServerProcess, model: ModelServer
) -> None:
    token = scripted_server.jwt("clumsy")
    model.script(
        call("fly_to_the_moon", "{}", index=0),
        call("add_task", '{"title": ', index=1),
        call("add_task", '{"title": ["a", "b"]}', index=2),
        call("add_task", "{}", index=3),
        call("complete_task", '{"task_id": "7"}', index=4),
        call("list_tasks", '{"user_id": "tools"}', index=5),
    )
    model.script("Sorry.")
    answer = await scripted_server.say("Do something odd", token)
    assert answer.text == "Sorry."
    told = [message["content"] for message in model.requests[-1].body["messages"][-6:]]
    unknown, broken, mistyped, missing, missed, foreign = told
    assert "fly_to_the_moon" in unknown
    assert "JSON" in broken
    for refused in (mistyped, missing):
        assert json.loads(refused)["success"] is False
        assert "title" in json.loads(refused)["message"]
    assert json.loads(missed)["success"] is False
    assert json.loads(foreign)["tasks"] == []  # identity is not an argument
    assert await scripted_server.tasks(token) == []


async def test_text_arrives_while_the_model_is_still_writing(
    scripted_server: ServerProcess, model: ModelServer
) -> None:
    token = scripted_server.jwt("reader")
    rest = asyncio.Event()
    model.script("First ", rest, "second.")
    seen: list[Event] = []
    params = {"input": said("Go")}
    async with scripted_server.stream("threads.create", params, token) as events:
        async for event in events:
            seen.append(event)
            if delta_of(event) == "First ":
                rest.set()
    assert Answer(events=seen).streamed == "First second."


RETRY: Final = True
FAULTS: Final[dict[str, tuple[Callable[[], list[Step]], bool, str, str]]] = {
    # the model's answers -> allow_retry, a word of the message, the text that was shown
    "429": (lambda: [Status(429)], RETRY, "too many requests", ""),
    "429, come back later": (
        lambda: [Status(429, headers={"retry-after": "60"})],
        RETRY,
        "too many requests",
        "",
    ),
    "500": (lambda: [Status(500)], RETRY, "could not be reached", ""),
    "401": (lambda: [Status(401)], not RETRY, "key", ""),
    "a cut connection": (lambda: ["Half an ", CUT], RETRY, "broke off", "Half an "),
    "an end without a mark": (lambda: ["Half an ", EOF], RETRY, "broke off", "Half an "),
    "silence at once": (lambda: [HANG], RETRY, "too long", ""),
    "silence in the middle": (lambda: ["Half an ", HANG], RETRY, "too long", "Half an "),
    "nothing": (lambda: [Chunk({})], RETRY, "no answer", ""),
    "no JSON": (lambda: [Raw(b"data: {oops\n\n")], RETRY, "could not be read", ""),
    "tools without end": (lambda: [call("list_tasks", "{}")], RETRY, "kept calling tools", ""),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_model_fault_is_one_error_and_nothing_is_lost(
    scripted_server: ServerProcess, model: ModelServer, fault: str
) -> None:
    steps, allow_retry, word, shown = FAULTS[fault]
    token = scripted_server.jwt(f"fault {fault}")
    model.answer = lambda _: steps()
    failed = await scripted_server.say("Are you there?", token)
    if fault != "tools without end":
        marked = [*TEXT, "thread.item.done"] if shown else []
        assert failed.kinds == [*CREATED, *marked, "thread.updated", "error"]
    assert failed.kinds[-2:] == ["thread.updated", "error"]
    (error,) = failed.of("error")
    assert error["code"] == "custom"
    assert error["allow_retry"] is allow_retry
    assert word in error["message"]
    assert failed.streamed == failed.text == shown
    kept = ["Are you there?", *([shown] if shown else [])]
    assert await scripted_server.texts(failed.thread_id, token) == kept

    model.answer = lambda _: ["Here I am."]
    answered = await scripted_server.say("And now?", token, failed.thread_id)
    assert answered.text == "Here I am."
    assert await scripted_server.texts(failed.thread_id, token) == [*kept, "And now?", "Here I am."]


async def test_a_failed_answer_can_be_tried_again(
    scripted_server: ServerProcess, model: ModelServer
) -> None:
    token = scripted_server.jwt("retrying")
    model.answer = lambda _: [Status(500)]
    failed = await scripted_server.say("Are you there?", token)
    model.answer = lambda _: ["Now I am."]
    params = {"thread_id": failed.thread_id, "item_id": failed.message_id}
    again = await scripted_server.chat("threads.retry_after_item", params, token)
    assert again.kinds[:6] == ["stream_options", *TEXT]
    assert await scripted_server.texts(failed.thread_id, token) == ["Are you there?", "Now I am."]

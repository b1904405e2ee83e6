"""Threads of every kind, each made by an engine whose model is the provider of a rule book."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from chatkit.access.caller import Caller
from chatkit.models.pure.tools import ToolSpec
from chatkit.ports.imports import ImportedItem, ImportedThread
from chatkit.protocol.bodies import AssistantMessage, Body, Note, ToolRound, UserMessage
from chatkit.protocol.calls import (
    BadArguments,
    CallRecord,
    ElicitationReply,
    Reasoning,
    ToolCall,
    ToolResult,
    read_arguments,
)
from chatkit.protocol.content import InferenceOptions, InputText
from chatkit.protocol.items import ThreadStatus
from chatkit.protocol.jsontext import dumps
from chatkit.protocol.params import (
    AddClientToolOutput,
    AddStructuredInput,
    AddUserMessage,
    CreateThread,
    RetryAfterItem,
    TurnParams,
    UserInput,
)
from chatkit.protocol.structured import Submission
from store.imports import Imports
from tests.engine.conftest import Engine, Event, said, until
from tests.fakes import ScriptedTools
from tests.files import PNG
from tests.models.rule_books import Book, BookServer, Called, Rule, Said

T0: Final = datetime(2026, 11, 22, 12, tzinfo=UTC)
CART: Final = ToolSpec(
    name="get_cart", description="The cart.", parameters={"type": "object"}, kind="client"
)
DONE: Final = Said(text="It is done.")
ADD: Final = '{"title": "Buy milk"}'
KEY_REFUSED: Final = Rule(name="a wrong key", source="", found=lambda _: None, status=401)
#: A round of another model, with ids, signatures and reasoning of its form.
OTHERS: Final = ToolRound(
    calls=(
        CallRecord(
            call_id="fc_" + "0f" * 30,  # as OpenAI's Responses API has them
            name="add_task",
            arguments=ADD,
            output="added",
            extra={"provider_specific_fields": {"thought_signature": "of another"}},
        ),
    ),
    reasoning=Reasoning(
        model="other/m",
        parts=(
            ("reasoning_content", "hm"),
            ("thinking_blocks", {"type": "thinking", "thinking": "hm", "signature": "of another"}),
            ("reasoning_details", {"type": "reasoning.text", "text": "hm", "signature": "other"}),
        ),
    ),
)


class Tools(ScriptedTools):
    """`add_task`, which reads its arguments as the real tools do, and `wait`, which never ends."""

    def __init__(self) -> None:
        super().__init__(add_task=lambda _: "added", wait=lambda _: asyncio.Event().wait())

    async def call(
        self,
        call: ToolCall,
        caller: Caller,
        progress: Callable[[str], None],
        reply: ElicitationReply | None = None,
    ) -> ToolResult:
        """The result; a failure is one too."""
        if call.name not in ("add_task", "wait"):
            return ToolResult(call_id=call.call_id, output="There is no such tool.", failed=True)
        try:
            read_arguments(call.arguments)
        except BadArguments as error:
            return ToolResult(call_id=call.call_id, output=str(error), failed=True)
        return await super().call(call, caller, progress)


@dataclass(slots=True)
class Cell:
    """A provider and an engine that asks it; `restart` makes another engine on its database."""

    book: Book
    server: BookServer
    engine: Engine
    restart: Callable[[], Awaitable[Engine]]

    async def chat(self, params: TurnParams, *answers: Said) -> list[Event]:
        """A turn that is answered so, and without an error."""
        self.server.say(*answers)
        events = await self.engine.chat(params)
        assert [event for event in events if event["type"] == "error"] == []
        return events

    async def begun(self, *answers: Said) -> str:
        """A thread whose first message is answered so; its id."""
        events = await self.chat(CreateThread(input=said("Add milk")), *answers)
        return thread_of(events)

    async def stored(self, *bodies: Body) -> str:
        """A thread with these items; its id."""
        items = tuple(
            ImportedItem(
                id=f"itm_{place}",
                turn_id=f"trn_{place}",
                type=body.type,
                body=dumps(body.to_wire()),
                created_at=T0,
            )
            for place, body in enumerate(bodies)
        )
        async with Imports(self.engine.database).begin("alice") as running:
            await running.add_thread(
                ImportedThread(
                    id="thr_stored",
                    source_id="of the file",
                    title="Milk",
                    titled=True,
                    status=ThreadStatus(),
                    created_at=T0,
                    items=items,
                )
            )
        hidden = [body.type for body in bodies if body.hidden]
        await self.engine.rows("UPDATE items SET hidden = true WHERE type = ANY($1)", hidden)
        return "thr_stored"

    async def stop(self, condition: Callable[[bytes], bool], *steps: Any) -> str:
        """Begin a turn with these steps, stop it as the user when its log fulfils `condition`."""
        self.server.script(*steps)
        turn = await self.engine.begin(CreateThread(input=said("Add milk")))
        await until(lambda: condition(b"".join(turn.log.read(0))))
        turn.stop("user")
        assert turn.task is not None
        await asyncio.wait([turn.task])
        return turn.lease.thread_id


def thread_of(events: list[Event]) -> str:
    """The id of the thread that a turn created."""
    return str(next(event["thread"]["id"] for event in events if "thread" in event))


def written(text: str) -> UserMessage:
    """A message of the user."""
    return UserMessage(content=(InputText(text=text),))


def round_of(*calls: tuple[str, str], call_id: str = "call_1") -> ToolRound:
    """A stored round of calls, each a name and its arguments, all with one id."""
    return ToolRound(
        calls=tuple(
            CallRecord(call_id=call_id, name=name, arguments=arguments, output="")
            for name, arguments in calls
        )
    )


def poisoned(*calls: tuple[str, str]) -> Sequence[Body]:
    """A stored turn of a model that made these calls."""
    return (written("Add milk"), round_of(*calls), AssistantMessage(text="Done."))


async def plain(cell: Cell) -> str:
    return await cell.begun(DONE)


async def parallel(cell: Cell) -> str:
    """Two calls at once, of which the user has chosen one."""
    options = InferenceOptions(tool_choice="add_task")
    message = UserInput(content=(InputText(text="Add milk"),), inference_options=options)
    two = Said(calls=(Called(name="add_task", arguments=ADD), Called(name="add_task")))
    return thread_of(await cell.chat(CreateThread(input=message), two, DONE))


async def broken_arguments(cell: Cell) -> str:
    thread_id = await cell.stored(*poisoned(("add_task", '{"title": "Bu'), ("add_task", "[1]")))
    again = AddUserMessage(thread_id=thread_id, input=said("Again"))
    await cell.chat(again, Said(calls=(Called(name="add_task", arguments='{"ti'),)), DONE)
    return thread_id


async def empty_arguments(cell: Cell) -> str:
    thread_id = await cell.stored(*poisoned(("add_task", ""), ("add_task", "null")))
    again = AddUserMessage(thread_id=thread_id, input=said("Again"))
    await cell.chat(again, Said(calls=(Called(name="add_task", arguments=""),)), DONE)
    return thread_id


async def bad_names(cell: Cell) -> str:
    thread_id = await cell.stored(*poisoned(("functions.add_task:0", ADD), ("", ADD), ("…", ADD)))
    again = AddUserMessage(thread_id=thread_id, input=said("Again"))
    calls = (Called(name="my.tool now"), Called(name="工具"), Called(name="a" * 80))
    await cell.chat(again, Said(calls=calls), DONE)
    return thread_id


async def stopped_in_text(cell: Cell) -> str:
    steps = cell.book.say(Said(text="Half of it."))
    half = len(steps) // 2
    return await cell.stop(
        lambda log: b"Half" in log, *steps[:half], asyncio.Event(), *steps[half:]
    )


async def stopped_in_a_tool(cell: Cell) -> str:
    tools = cell.engine.tools
    return await cell.stop(
        lambda _: bool(tools.calls), *cell.book.say(Said(calls=(Called(name="wait"),)))
    )


async def failed(cell: Cell) -> str:
    """The key is refused in the middle of a turn."""
    cell.server.say(Said(calls=(Called(name="add_task", arguments=ADD),)))
    cell.server.script(cell.book.refuse(KEY_REFUSED, "Incorrect API key provided"))
    events = await cell.engine.chat(CreateThread(input=said("Add milk")))
    assert events[-1]["type"] == "error"
    return thread_of(events)


async def retried(cell: Cell) -> str:
    thread_id = await cell.begun(Said(calls=(Called(name="add_task", arguments=ADD),)), DONE)
    ids = "SELECT id FROM items WHERE type = 'user_message'"
    (row,) = await cell.engine.rows(ids)
    await cell.chat(RetryAfterItem(thread_id=thread_id, item_id=row["id"]), DONE)
    return thread_id


async def card(cell: Cell) -> str:
    """The model writes a draft and nothing else."""
    draft = Called(name="write_draft", arguments=json.dumps({"title": "Mail", "text": "Dear"}))
    return await cell.begun(Said(calls=(draft,)), Said())


async def skipped_form(cell: Cell) -> str:
    asked = json.dumps({"questions": [{"question": "How urgent?", "options": ["Low", "High"]}]})
    thread_id = await cell.begun(Said(calls=(Called(name="ask_user", arguments=asked),)))
    skipped = Submission(skipped=True, answers={})
    form = "SELECT id FROM items WHERE type = 'structured_input'"
    (row,) = await cell.engine.rows(form)
    reply = AddStructuredInput(thread_id=thread_id, item_id=row["id"], submission=skipped)
    await cell.chat(reply, DONE)
    return thread_id


async def client_tool(cell: Cell) -> str:
    thread_id = await cell.begun(Said(calls=(Called(name="get_cart"),)))
    await cell.chat(AddClientToolOutput(thread_id=thread_id, result={"milk": 2}), DONE)
    return thread_id


async def image(cell: Cell) -> str:
    async def pieces() -> AsyncGenerator[bytes, None]:
        yield PNG

    files = cell.engine.operations.attachments
    wire = await files.create("alice", name="cat.png", size=len(PNG), mime_type="image/png")
    await files.receive("alice", wire["id"], pieces())
    message = replace(said("What is this?"), attachments=(wire["id"],))
    return thread_of(await cell.chat(CreateThread(input=message), DONE))


async def long_thread(cell: Cell) -> str:
    """More than fits, with calls at every place where it may be cut."""
    turn = (written("Add milk " * 40), round_of(("add_task", ADD)), AssistantMessage(text="Done."))
    return await cell.stored(*turn * 20, *[round_of(("add_task", ADD))] * 3)


async def model_changed(cell: Cell) -> str:
    thread_id = await cell.stored(written("Add milk"), OTHERS, AssistantMessage(text="Done."))
    await cell.chat(
        AddUserMessage(thread_id=thread_id, input=said("Again")),
        Said(calls=(Called(name="add_task", arguments=ADD),)),
        DONE,
    )
    return thread_id


async def reasoning(cell: Cell) -> str:
    """Two rounds with thoughts, which the provider wants back as it wrote them."""
    thought = "The user wants milk."
    call = Called(name="add_task", arguments=ADD)
    more = Said(thought="It worked.", text="One more.", calls=(Called(name="add_task"),))
    thread_id = await cell.begun(Said(thought=thought, calls=(call,)), more, DONE)
    assert cell.book.proof(thought) in json.dumps(cell.server.requests[1].body)
    return thread_id


async def cut_by_length(cell: Cell) -> str:
    return await cell.begun(Said(text="It is", end="length"))


async def refused_content(cell: Cell) -> str:
    cell.server.script(*cell.book.withheld)
    return thread_of(await cell.engine.chat(CreateThread(input=said("Something bad"))))


async def resumed(cell: Cell) -> str:
    """The server stops while a tool runs, and another one goes on."""
    cell.server.say(Said(text="I add it.", calls=(Called(name="wait"),)))
    turn = await cell.engine.begin(CreateThread(input=said("Add milk")))
    await until(lambda: bool(cell.engine.tools.calls))
    await cell.engine.turns.interrupt_all()
    cell.engine = await cell.restart()
    return turn.lease.thread_id


async def imported(cell: Cell) -> str:
    return await cell.stored(
        AssistantMessage(text="Hello!"),
        AssistantMessage(text="Hello again!"),
        written(" "),
        AssistantMessage(text=None),
        AssistantMessage(text="\n"),
        written("Add milk"),
        Note(text="something happened"),
        written("Please"),
        AssistantMessage(text="Done."),
        AssistantMessage(text="Anything else?"),
    )


FLOWS: Final[dict[str, Callable[[Cell], Awaitable[str]]]] = {
    flow.__name__: flow
    for flow in (
        *(plain, parallel, broken_arguments, empty_arguments, bad_names, stopped_in_text),
        *(stopped_in_a_tool, failed, retried, card, skipped_form, client_tool, image, long_thread),
        *(model_changed, reasoning, cut_by_length, refused_content, resumed, imported),
    )
}

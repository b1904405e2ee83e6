"""Tools of other servers that ask the user before they run."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from chatkit.answer.approving import ApprovalPolicy
from chatkit.answer.rounds import UNKNOWN_OUTCOME
from chatkit.models.pure.tools import ToolSpec
from chatkit.protocol.params import AddStructuredInput, AddUserMessage, CreateThread
from chatkit.protocol.structured import Answer, Submission
from tests.engine.conftest import Engine, Event, NewEngine, said
from tests.engine.test_replies import calling, last_item
from tests.fakes import ScriptedTools, says

GO = CreateThread(input=said("Clean up."))


class ForeignTools(ScriptedTools):
    """Tools of the server `files`; all but `look` may destroy something."""

    digest = "first"

    async def list_tools(self, budget: int | None = None) -> Sequence[ToolSpec]:
        return [
            replace(
                spec,
                server="files",
                own_name=spec.name,
                destructive=spec.name != "look",
                digest=f"{spec.name} {self.digest}",
            )
            for spec in await super().list_tools(budget)
        ]


def tools() -> ForeignTools:
    return ForeignTools(
        "look",
        look=lambda _: "a, b",
        wipe=lambda _: "gone",
        call_tool=lambda _: "called",
    )


async def answer(engine: Engine, item: Any, *values: str, skipped: bool = False) -> list[Event]:
    given = Submission(skipped=skipped, answers={"allow": Answer(values=values)})
    params = AddStructuredInput(thread_id=item["thread_id"], item_id=item["id"], submission=given)
    return await engine.chat(params)


def ran(engine: Engine) -> list[str]:
    return [call.name for call, _ in engine.tools.calls]


def told(engine: Engine) -> str:
    """What the model has read last as the result of a call."""
    results = [
        message["content"]
        for message in engine.model.requests[-1].messages
        if message["role"] == "tool"
    ]
    return str(results[-1])


async def asked(new_engine: NewEngine, *scripts: Any) -> tuple[Engine, Any]:
    engine = await new_engine(calling(("wipe", '{"path": "/a"}')), *scripts, tools=tools())
    return engine, last_item(await engine.chat(GO))


async def test_a_call_that_may_destroy_something_waits_for_the_user(new_engine: NewEngine) -> None:
    engine, item = await asked(new_engine, says("Done."))
    assert (item["type"], item["status"]) == ("structured_input", "pending")
    question = item["inputs"][0]
    assert question["question"] == (
        'May the assistant call the tool wipe of the server files?\n\n{"path":"/a"}'
    )
    assert [option["value"] for option in question["options"]] == [
        "Once", "Always in this chat", "No",
    ]  # fmt: skip
    assert ran(engine) == []
    events = await answer(engine, item, "Once")
    assert ran(engine) == ["wipe"]
    assert engine.tools.calls[0][0].arguments == '{"path": "/a"}'
    assert last_item(events)["content"][0]["text"] == "Done."
    assert told(engine) == "gone"


async def test_the_arguments_cannot_pass_for_others(new_engine: NewEngine) -> None:
    """A mark that turns the direction of writing around is shown as what it is."""
    call = calling(("wipe", '{"path": "/tmp/\\u202e/cte/"}'))
    engine = await new_engine(call, tools=tools())
    item = last_item(await engine.chat(GO))
    assert item["inputs"][0]["question"].endswith('\n\n{"path":"/tmp/\\u202e/cte/"}')


async def test_a_refusal_is_told_to_the_model_and_nothing_runs(new_engine: NewEngine) -> None:
    engine, item = await asked(new_engine, says("All right."))
    await answer(engine, item, "No")
    assert ran(engine) == []
    assert told(engine) == "The user did not allow this call, and it was not run."


async def test_another_answer_is_a_refusal_with_the_users_words(new_engine: NewEngine) -> None:
    engine, item = await asked(new_engine, says("All right."))
    await answer(engine, item, "Only /b")
    assert ran(engine) == []
    assert told(engine).endswith('The user wrote: "Only /b"')


async def test_a_message_instead_of_an_answer_is_a_refusal(new_engine: NewEngine) -> None:
    engine, item = await asked(new_engine, says("Hello."))
    await engine.chat(AddUserMessage(thread_id=item["thread_id"], input=said("Hello?")))
    assert ran(engine) == []
    assert told(engine) == "The user did not allow this call, and it was not run."


async def test_once_is_for_one_call_and_always_for_the_thread(new_engine: NewEngine) -> None:
    again = calling(("wipe", "{}"))
    engine, item = await asked(new_engine, again, again, says("Done."))
    second = last_item(await answer(engine, item, "Once"))
    assert second["type"] == "structured_input"
    await answer(engine, second, "Always in this chat")
    assert ran(engine) == ["wipe"] * 3


async def test_a_tool_that_has_changed_asks_again(new_engine: NewEngine) -> None:
    again = calling(("wipe", "{}"))
    wiper = tools()
    first = calling(("wipe", "{}"))
    engine = await new_engine(first, again, says("Done."), again, tools=wiper)
    item = last_item(await engine.chat(GO))
    wiper.digest = "second"  # between the question and the answer
    second = last_item(await answer(engine, item, "Always in this chat"))
    assert ran(engine) == []
    assert "the tool has changed" in told(engine)
    await answer(engine, second, "Always in this chat")
    assert ran(engine) == ["wipe"]
    wiper.digest = "third"
    message = AddUserMessage(thread_id=item["thread_id"], input=said("Again."))
    assert last_item(await engine.chat(message))["type"] == "structured_input"


async def test_two_answers_run_the_call_once(new_engine: NewEngine) -> None:
    engine, item = await asked(new_engine, says("Done."), says("Done."))
    await asyncio.gather(
        answer(engine, item, "Once"), answer(engine, item, "Once"), return_exceptions=True
    )
    assert ran(engine) == ["wipe"]


async def test_what_only_reads_runs_at_once_and_beside_a_call_that_waits(
    new_engine: NewEngine,
) -> None:
    both = calling(("look", "{}"), ("wipe", "{}"))
    engine = await new_engine(both, says("Done."), tools=tools())
    item = last_item(await engine.chat(GO))
    assert ran(engine) == ["look"]
    await answer(engine, item, "Once")
    assert ran(engine) == ["look", "wipe"]
    outputs = [m["content"] for m in engine.model.requests[-1].messages if m["role"] == "tool"]
    assert outputs == ["a, b", "gone"]


async def test_a_tool_that_is_called_by_another_asks_too(new_engine: NewEngine) -> None:
    inner = calling(("call_tool", '{"name": "wipe", "arguments": {}}'))
    engine = await new_engine(inner, says("Done."), tools=tools())
    item = last_item(await engine.chat(GO))
    assert "the tool wipe" in item["inputs"][0]["question"]
    await answer(engine, item, "Once")
    assert ran(engine) == ["call_tool"]


async def test_after_a_stop_in_an_allowed_call_its_outcome_is_unknown(
    new_engine: NewEngine,
) -> None:
    begun = asyncio.Event()

    async def hang() -> str:
        begun.set()
        await asyncio.Event().wait()
        return ""

    wiper = ForeignTools(wipe=lambda _: hang())
    engine = await new_engine(calling(("wipe", "{}")), tools=wiper)
    item = last_item(await engine.chat(GO))
    running = asyncio.create_task(answer(engine, item, "Once"))
    await begun.wait()
    await engine.turns.interrupt_all()
    await running
    other = await new_engine(says("Hm."), tools=wiper, owner="two")
    await other.chat(AddUserMessage(thread_id=item["thread_id"], input=said("And?")))
    assert told(other) == UNKNOWN_OUTCOME
    assert ran(engine) == ["wipe"]


POLICIES = [
    ("destructive", "files", "wipe", True, True),
    ("destructive", "files", "look", False, False),
    ("never", "files", "wipe", True, False),
    ("always", "files", "look", False, True),
    ("always", "", "add_task", False, False),
    ("destructive,files:always", "files", "look", False, True),
    ("files:always", "memory", "look", False, False),
    ("always,memory/read_*:never", "memory", "read_graph", True, False),
    ("always,memory/read_*:never", "memory", "drop_graph", True, True),
    ("files:never, files:always", "files", "look", False, True),
]


@pytest.mark.parametrize(("text", "server", "name", "destructive", "asks"), POLICIES)
def test_the_last_pattern_that_fits_decides(
    text: str, server: str, name: str, destructive: bool, asks: bool
) -> None:
    tool = ToolSpec(
        name=name,
        description="",
        parameters={},
        server=server,
        own_name=name,
        destructive=destructive,
    )
    assert ApprovalPolicy.parse(text).asks_about(tool) is asks


@pytest.mark.parametrize("text", ["", "sometimes", "files:", "files:sometimes", "a,", "a:b:never"])
def test_a_bad_policy_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="never, destructive or always"):
        ApprovalPolicy.parse(text)

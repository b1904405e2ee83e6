"""Calls whose servers ask the user: held for an older server, made again for a newer one."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chatkit.access.caller import Caller
from chatkit.protocol.calls import ElicitationReply, ToolCall, ToolResult
from tests.tools.test_client import ANNA, bare, free_port, own_server, until_listed
from tools.client import ToolClients
from tools.config import HttpServer, StdioServer

HERE = Path(__file__)
PROGRAM = HERE.with_name("asking_program.py")
MODERN = HERE.parents[1] / "acceptance" / "asking_server.py"
BEN = Caller(user_id="ben")


def program(answer_s: float = 30) -> ToolClients:
    server = StdioServer(name="old", command=sys.executable, args=(str(PROGRAM),), as_us=True)
    return ToolClients(own_server(), [server], call_timeout_s=0.5, answer_s=answer_s)


@pytest.fixture
async def tools() -> AsyncIterator[ToolClients]:
    async with program() as clients:
        await until_listed(clients, "old_ask")
        yield clients


async def ask(
    tools: ToolClients,
    name: str = "old_ask",
    reply: ElicitationReply | None = None,
    who: Caller = ANNA,
    progress: Callable[[str], None] = print,
    **arguments: Any,
) -> ToolResult:
    call = ToolCall(call_id="tc_1", name=name, arguments=json.dumps(arguments))
    return await tools.call(call, who, progress, reply)


def accept(result: ToolResult, **content: Any) -> ElicitationReply:
    assert result.asked is not None
    return ElicitationReply(action="accept", asked=result.asked, content=content)


async def test_a_call_is_held_longer_than_its_time_until_the_user_answers(
    tools: ToolClients,
) -> None:
    asked = await ask(tools)
    assert asked.asked is not None
    assert (asked.asked.server, asked.asked.message) == ("old", "Who?")
    assert asked.asked.schema["required"] == ["name"]
    await asyncio.sleep(0.7)  # the time of a call
    result = await ask(tools, reply=accept(asked, name="Ada"))
    assert json.loads(bare(result)) == {"action": "accept", "content": {"name": "Ada"}}


@pytest.mark.parametrize("action", ["decline", "cancel"])
async def test_a_refusal_goes_back_to_the_server(tools: ToolClients, action: Any) -> None:
    asked = await ask(tools)
    assert asked.asked is not None
    result = await ask(tools, reply=ElicitationReply(action=action, asked=asked.asked))
    assert json.loads(bare(result)) == {"action": action}


async def test_an_answer_counts_once_and_only_from_its_user(tools: ToolClients) -> None:
    asked = await ask(tools)
    stolen = await ask(tools, reply=accept(asked, name="Ben"), who=BEN)
    assert "does not wait for the answer any more" in stolen.output
    both = await asyncio.gather(*(ask(tools, reply=accept(asked, name=name)) for name in "ab"))
    assert [each.failed for each in both] == [False, True]


async def test_a_question_that_nobody_answers_in_time_is_cancelled(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with program(answer_s=0.2) as tools:
        await until_listed(tools, "old_ask")
        asked = await ask(tools)
        await asyncio.sleep(0.5)
        late = await ask(tools, reply=accept(asked, name="Ada"))
        assert late.failed
        assert "Call the tool again" in late.output
        assert bare(await ask(tools, "old_show", content="still there")) == "still there"
    assert "never retrieved" not in caplog.text


async def test_a_question_that_was_given_up_is_cancelled(tools: ToolClients) -> None:
    asked = await ask(tools)
    assert asked.asked is not None
    tools.give_up(asked.asked, BEN)  # not his
    tools.give_up(replace(asked.asked, server="other"), ANNA)
    tools.give_up(asked.asked, ANNA)
    assert (await ask(tools, reply=accept(asked, name="Ada"))).failed


async def test_of_calls_at_once_none_gets_the_question_of_another(tools: ToolClients) -> None:
    """On stdio nothing says which call asks. While one waits, the next can only be the other."""
    both = await asyncio.gather(ask(tools, message="1"), ask(tools, message="2", who=BEN))
    assert [json.loads(bare(each)) for each in both] == [{"action": "cancel"}] * 2
    first = await ask(tools, message="1")
    second = await ask(tools, message="2", who=BEN)
    assert first.asked is not None
    assert second.asked is not None
    assert (first.asked.message, second.asked.message) == ("1", "2")
    result = await ask(tools, reply=accept(second, name="Ben"), who=BEN)
    assert json.loads(bare(result))["content"] == {"name": "Ben"}
    result = await ask(tools, reply=accept(first, name="Ada"))
    assert json.loads(bare(result))["content"] == {"name": "Ada"}


async def test_the_question_of_a_call_that_was_left_reaches_nobody(tools: ToolClients) -> None:
    late = await ask(tools, "old_wait")
    assert "did not answer within" in late.output
    result = await ask(tools, "old_wait", who=BEN)  # with the question of the other
    assert result.asked is None


async def test_a_stopped_call_is_cancelled_until_it_is_held(tools: ToolClients) -> None:
    running = asyncio.create_task(ask(tools, "old_wait"))
    await asyncio.sleep(0.1)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_server_that_dies_in_between_does_not_wait(tools: ToolClients) -> None:
    asked = await ask(tools)
    await ask(tools, "old_die")
    await until_listed(tools, "old_ask")
    result = await ask(tools, reply=accept(asked, name="Ada"))
    assert result.failed
    assert "Call the tool again" in result.output or "not known" in result.output


@pytest.fixture
def newer() -> Iterator[HttpServer]:
    port = free_port()
    process = subprocess.Popen([sys.executable, str(MODERN), str(port)])
    yield HttpServer(name="new", url=f"http://127.0.0.1:{port}/mcp")
    process.kill()
    process.wait()


async def test_a_newer_server_gets_its_state_back_and_nothing_is_held(newer: HttpServer) -> None:
    async with ToolClients(own_server(), [newer]) as tools:
        await until_listed(tools, "new_book")
        asked = await ask(tools, "new_book", x=1)
    async with ToolClients(own_server(), [newer]) as tools:  # another process
        await until_listed(tools, "new_book")
        result = await ask(tools, "new_book", accept(asked, seats=2), x=1)
        answer = "{'seats': {'action': 'accept', 'content': {'seats': 2}}}"
        assert bare(result) == f"state of {{'x': 1}}: {answer}"
        first = await ask(tools, "new_pay")
        second = await ask(tools, "new_pay", accept(first, seats=1))
        assert second.asked is not None
        result = await ask(tools, "new_pay", accept(second, name="Ada"))
        assert "{'seats': 1}" in result.output
        assert "{'name': 'Ada'}" in result.output

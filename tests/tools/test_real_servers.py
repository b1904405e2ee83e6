"""Servers that others wrote, as npm and PyPI have them: their tools are listed and called."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from chatkit.access.caller import Caller
from chatkit.answer.eliciting import bodies_for, check, going_on
from chatkit.protocol.bodies import ElicitedCall, StructuredInput
from chatkit.protocol.calls import Elicitation, ElicitationReply, ToolCall
from chatkit.protocol.items import Item
from chatkit.protocol.structured import Answer, Submission, answered
from tests.fakes import START
from tests.tools.test_client import ANNA, ask, bare, free_port, names, own_server, until_listed
from tests.wording import SAY
from tools.client import ToolClients
from tools.config import HttpServer, StdioServer

HERE = Path(__file__).with_name("real_servers")
NODE = HERE / "node_modules" / "@modelcontextprotocol"
BEN = Caller(user_id="ben")
PYTHON = HERE / ".venv" / "bin" / "python"


@pytest.fixture(scope="session", autouse=True)
def packages() -> None:
    """The servers, installed once beside their lists: those from PyPI want another mcp."""
    if shutil.which("npm") is None:
        pytest.skip("the servers from npm want Node.js")
    if not NODE.exists():
        command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
        subprocess.run(command, cwd=HERE, check=True, timeout=600)
    if not PYTHON.exists():
        subprocess.run([sys.executable, "-m", "venv", HERE / ".venv"], check=True, timeout=120)
        command = [str(PYTHON), "-m", "pip", "install", "-q", "-r", "requirements.txt"]
        subprocess.run(command, cwd=HERE, check=True, timeout=600)


def node(name: str, *arguments: str, **env: str) -> StdioServer:
    program = NODE / f"server-{name}" / "dist" / "index.js"
    return StdioServer(
        name=name, command="node", args=(str(program), *arguments), env=env, as_us=True
    )


def python(name: str, *arguments: str) -> StdioServer:
    return StdioServer(
        name=name, command=str(PYTHON), args=("-m", f"mcp_server_{name}", *arguments), as_us=True
    )


@contextlib.asynccontextmanager
async def opened(server: StdioServer | HttpServer, tool: str) -> AsyncIterator[ToolClients]:
    async with ToolClients(own_server(), [server]) as tools:
        await until_listed(tools, tool)
        yield tools


async def check_everything(tools: ToolClients) -> None:
    listed = [name for name in await names(tools) if name.startswith("everything_")]
    assert len(listed) > 8
    assert bare(await ask(tools, "everything_echo", {"message": "hü"})) == "Echo: hü"
    total = await ask(tools, "everything_get-sum", {"a": 2, "b": 3})
    assert "5" in bare(total)
    weather = await ask(tools, "everything_get-structured-content", {"location": "Chicago"})
    assert not weather.failed
    links = await ask(tools, "everything_get-resource-links", {"count": 2})
    assert len(links.links) == 2
    tiny = await ask(tools, "everything_get-tiny-image")
    assert "[image image/png, shown to the user]" in bare(tiny)
    assert [made.mime_type for made in tiny.made] == ["image/png"]
    wants = {"messageType": "success", "includeImage": True}
    annotated = await ask(tools, "everything_get-annotated-message", wants)
    assert [made.mime_type for made in annotated.made] == ["image/png"]
    for kind in ("Text", "Blob"):
        wanted = {"resourceType": kind, "resourceId": 1}
        embedded = await ask(tools, "everything_get-resource-reference", wanted)
        assert [link.uri for link in embedded.links] == [
            f"demo://resource/dynamic/{kind.lower()}/1"
        ]


async def check_questions(tools: ToolClients) -> None:
    """Its forms have a field of each kind, and its pages come in both of the protocol's ways."""
    form = ToolCall(call_id="c", name="everything_trigger-elicitation-request", arguments="{}")
    asked = (await tools.call(form, ANNA, print)).asked
    assert asked is not None
    check(asked)
    questions = {each.id: each for each in form_of(asked).questions}
    assert len(questions) == 13
    labels = ("Tuna", "Salmon", "Trout")
    assert questions["titledMultipleSelectEnum"].options == labels
    given = {"name": "Ada", "check": "Yes", "email": "a@b.example", "integer": "7"}
    given |= {"titledMultipleSelectEnum": "Tuna", "legacyTitledEnum": "Dogs"}
    submission = Submission(
        skipped=False, answers={name: Answer(values=(text,)) for name, text in given.items()}
    )
    item = Item(id="i", thread_id="t", created_at=START, body=ElicitedCall(call=form, asked=asked))
    filled = replace(
        item,
        id="f",
        body=StructuredInput(
            questions=answered(form_of(asked).questions, submission), status="answered"
        ),
    )
    going = going_on(filled, [item, filled], SAY)
    assert going is not None
    assert going.faults == {}
    said = bare(await tools.call(form, ANNA, print, going.reply))
    for part in ("Name: Ada", '"fish-1"', '"pet-2"', '"integer": 7', '"number": 3.14'):
        assert part in said
    for by_error in (False, True):
        arguments = json.dumps({"url": "https://a.example/in", "errorPath": by_error})
        page = ToolCall(call_id="c", name="everything_trigger-url-elicitation", arguments=arguments)
        result = await tools.call(page, ANNA, print)
        while (asked := result.asked) is not None:
            check(asked)
            reply = ElicitationReply(action="accept", asked=asked)
            result = await tools.call(page, ANNA, print, reply)
        assert "completed the URL elicitation" in result.output


def form_of(asked: Elicitation) -> StructuredInput:
    call = ToolCall(call_id="c", name="n", arguments="{}")
    *_, (_, form) = bodies_for(call, asked, SAY)
    assert isinstance(form, StructuredInput)
    return form


async def test_everything_over_stdio() -> None:
    async with opened(node("everything", "stdio"), "everything_echo") as tools:
        await check_everything(tools)
        await until_listed(tools, "everything_trigger-url-elicitation")
        await check_questions(tools)


async def test_everything_over_http() -> None:
    port = free_port()
    program = NODE / "server-everything" / "dist" / "index.js"
    process = await asyncio.create_subprocess_exec(
        "node",
        program,
        "streamableHttp",
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "PORT": str(port)},
        stderr=subprocess.DEVNULL,
    )
    try:
        server = HttpServer(name="everything", url=f"http://127.0.0.1:{port}/mcp")
        async with opened(server, "everything_echo") as tools:
            await check_everything(tools)
            await until_listed(tools, "everything_trigger-url-elicitation")
            await check_questions(tools)
            form = "everything_trigger-elicitation-request"
            both = await asyncio.gather(ask(tools, form), ask(tools, form, who=BEN))
            assert None not in [each.asked for each in both]
    finally:
        process.kill()
        await process.wait()


async def test_a_http_server_that_was_restarted_is_called_at_the_first_try() -> None:
    """The server has sessions, and knows none of those of before."""
    port = free_port()
    program = NODE / "server-everything" / "dist" / "index.js"

    async def start() -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            "node",
            program,
            "streamableHttp",
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "PORT": str(port)},
            stderr=asyncio.subprocess.PIPE,
        )
        assert process.stderr is not None
        while b"listening" not in (await process.stderr.readline()).lower():
            pass
        return process

    process = await start()
    server = HttpServer(name="everything", url=f"http://127.0.0.1:{port}/mcp")
    try:
        async with opened(server, "everything_echo") as tools:
            process.kill()
            await process.wait()
            process = await start()
            assert bare(await ask(tools, "everything_echo", {"message": "x"})) == "Echo: x"
    finally:
        process.kill()
        await process.wait()


async def test_filesystem(tmp_path: Path) -> None:
    async with opened(node("filesystem", str(tmp_path)), "filesystem_write_file") as tools:
        place = str(tmp_path / "note.txt")
        await ask(tools, "filesystem_write_file", {"path": place, "content": "tea"})
        assert "tea" in bare(await ask(tools, "filesystem_read_text_file", {"path": place}))
        refused = await ask(tools, "filesystem_read_text_file", {"path": "/etc/passwd"})
        assert refused.failed
        assert "outside" in bare(refused)
        specs = {spec.name: spec for spec in await tools.list_tools()}
        assert specs["filesystem_read_text_file"].read_only
        assert specs["filesystem_write_file"].destructive


async def test_memory(tmp_path: Path) -> None:
    server = node("memory", MEMORY_FILE_PATH=str(tmp_path / "memory.json"))
    async with opened(server, "memory_create_entities") as tools:
        tea = {"name": "tea", "entityType": "drink", "observations": ["hot"]}
        assert not (await ask(tools, "memory_create_entities", {"entities": [tea]})).failed
        assert "hot" in bare(await ask(tools, "memory_read_graph"))


async def test_time() -> None:
    async with opened(python("time"), "time_get_current_time") as tools:
        result = await ask(tools, "time_get_current_time", {"timezone": "Asia/Tokyo"})
        assert json.loads(bare(result))["timezone"] == "Asia/Tokyo"
        assert (await ask(tools, "time_get_current_time", {"timezone": "Mars"})).failed


async def test_git(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)  # noqa: ASYNC221
    (tmp_path / "new.txt").touch()
    async with opened(python("git", "--repository", str(tmp_path)), "git_git_status") as tools:
        assert "new.txt" in bare(await ask(tools, "git_git_status", {"repo_path": str(tmp_path)}))

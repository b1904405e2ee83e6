"""Tool servers that ask the user, and what they return, as a client of the server sees it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.acceptance.server import SECRET, Answer, ServerProcess, said
from tests.files import PNG
from tests.model_server import ModelServer
from tests.model_steps import call
from tests.tools.test_client import free_port

OLD: Final = Path(__file__).parents[1] / "tools" / "asking_program.py"
NEW: Final = Path(__file__).with_name("asking_server.py")
WAV: Final = b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(20)


@pytest.fixture
def remote() -> Iterator[str]:
    """A tool server that lives on when ours is killed; its URL."""
    port = free_port()
    process = subprocess.Popen([sys.executable, str(NEW), str(port)])
    yield f"http://127.0.0.1:{port}/mcp"
    process.kill()
    process.wait()


def variables(data_dir: Path, model: ModelServer, remote: str) -> dict[str, str]:
    old = {"command": sys.executable, "args": [str(OLD)], "account": "ours"}
    return {
        "DATA_DIR": str(data_dir),
        "BETTER_AUTH_SECRET": SECRET,
        "MODEL": "openai/scripted",
        "MODEL_API_BASE": model.api_base,
        "MODEL_API_KEY": "any",
        "TITLE_MODEL": "demo/tasks",
        "TOOL_APPROVAL": "never",
        "MCP_SERVERS": json.dumps({"mcpServers": {"old": old, "new": {"url": remote}}}),
    }


async def connected(server: ServerProcess) -> str:
    """A token, once the tools of both servers are there."""
    token = server.jwt("ada")
    while True:
        text = (await server.get("/api/chatkit/tools", token)).text
        if "old_ask" in text and "new_book" in text:
            return token
        await asyncio.sleep(0.05)


async def ask(server: ServerProcess, model: ModelServer, token: str, tool: str) -> dict[str, Any]:
    model.script(call(tool, "{}"))
    answer = await server.chat("threads.create", {"input": said(f"Use {tool}")}, token)
    item = answer.done[-1]
    assert (item["type"], item["status"]) == ("structured_input", "pending")
    return item


async def fill(server: ServerProcess, item: dict[str, Any], token: str, **given: str) -> Answer:
    answers = {name: {"values": [value]} for name, value in given.items()}
    params = {
        "thread_id": item["thread_id"],
        "item_id": item["id"],
        "input": {"status": "answered", "answers": answers},
    }
    return await server.chat("threads.add_structured_input", params, token)


def results(model: ModelServer) -> list[Any]:
    """What the model has read last as results of calls."""
    messages = model.requests[-1].body["messages"]
    return [message["content"] for message in messages if message["role"] == "tool"]


async def test_a_form_survives_a_reload_and_a_second_tab_and_its_answer_goes_back(
    data_dir: Path, remote: str
) -> None:
    async with ModelServer() as model, ServerProcess(variables(data_dir, model, remote)) as server:
        token = await connected(server)
        item = await ask(server, model, token, "old_ask")
        thread = await server.read("threads.get_by_id", token, thread_id=item["thread_id"])
        assert item in thread["items"]["data"]
        model.script("Thank you.")
        first = await fill(server, item, token, name="Ada")
        assert first.text == "Thank you."
        (result,) = results(model)
        assert '"action": "accept", "content": {"name": "Ada"}' in result
        asked = len(model.requests)
        assert not (await fill(server, item, token, name="Eve")).done
        assert len(model.requests) == asked


async def test_a_form_of_a_remote_server_is_answered_after_a_kill(
    data_dir: Path, remote: str
) -> None:
    async with ModelServer() as model:
        settings = variables(data_dir, model, remote)
        async with ServerProcess(settings) as server:
            token = await connected(server)
            item = await ask(server, model, token, "new_book")
            held = await ask(server, model, token, "old_ask")
            await server.kill()
        async with ServerProcess(settings) as server:
            token = await connected(server)
            again = (await fill(server, item, token, seats="99")).done[-1]
            assert "From 1 to 9." in again["inputs"][0]["question"]
            model.script("Booked.")
            assert (await fill(server, again, token, seats="2", window="No")).text == "Booked."
            (result,) = results(model)
            assert "'action': 'accept', 'content': {'seats': 2}" in result
            model.script("Once more?")
            await fill(server, held, token, name="Ada")
            (result,) = results(model)
            assert "does not wait for the answer any more" in result


async def test_a_secret_is_not_asked_for(data_dir: Path, remote: str) -> None:
    async with ModelServer() as model, ServerProcess(variables(data_dir, model, remote)) as server:
        token = await connected(server)
        model.script(call("new_log_in", "{}"))
        model.script("It wanted your password.")
        answer = await server.chat("threads.create", {"input": said("Go")}, token)
        assert answer.text == "It wanted your password."
        (result,) = results(model)
        assert "'action': 'decline'" in result
        assert "secrets are never given in a form" in result


async def test_images_and_audio_of_tools_are_links_that_load(data_dir: Path, remote: str) -> None:
    blocks = [
        {"type": "image", "data": b64encode(PNG).decode(), "mimeType": "text/plain"},
        {"type": "audio", "data": b64encode(WAV).decode(), "mimeType": "audio/wav"},
    ]
    async with ModelServer() as model, ServerProcess(variables(data_dir, model, remote)) as server:
        token = await connected(server)
        model.script(call("old_show", json.dumps({"content": blocks})))
        model.script("There.")
        answer = await server.chat("threads.create", {"input": said("Go")}, token)
        page = await server.read("items.list", token, thread_id=answer.thread_id)
        for items in (answer.done, page["data"]):
            (image,) = [item["image"] for item in items if item["type"] == "generated_image"]
            (step,) = [item["task"] for item in items if item["type"] == "task"]
            loaded = await server.http.get(image["url"])
            assert (loaded.content, loaded.headers["content-type"]) == (PNG, "image/png")
            loaded = await server.http.get(step["sources"][0]["url"])
            assert loaded.content == WAV
            assert "attachment" in loaded.headers["content-disposition"]
            assert "audio.wav" in loaded.headers["content-disposition"]
        seen = model.requests[-1].body["messages"][-1]
        assert (seen["role"], seen["content"][-1]["type"]) == ("user", "image_url")
        rows = await server.get("/api/chatkit/usage", token)
        assert rows.json()["storage"]["file_bytes"]["used"] == len(PNG) + len(WAV)

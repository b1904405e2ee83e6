"""The server as a process of its own, the way its users start it, and a client of its API.

    async with ServerProcess(DATA_DIR=str(data_dir)) as server:
        token = await server.guest()
        answer = await server.say("Show me my tasks", token)

It starts with a clean environment in an empty directory, so that neither a provider's key nor a
`.env` file of the developer reaches it. What it writes is kept in `stdout` and `stderr`.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Final, Self

import httpx
import jwt

from tests.frames import data_of

ROOT: Final = Path(__file__).parents[2]
#: The BETTER_AUTH_SECRET that `ServerProcess.jwt` signs with.
SECRET: Final = "acceptance-secret-of-more-than-32-characters"
COMMAND: Final = (sys.executable, str(ROOT / "app.py"))

_ADDRESS: Final = re.compile(r"^ChatKit server on (http://127\.0\.0\.1:\d+)", re.MULTILINE)
_START_S: Final = 60.0
_STOP_S: Final = 40.0
#: What a process needs of the environment, and what coverage gives to the children it measures.
_INHERITED: Final = re.compile(r"PATH|LANG|LC_.*|TZ|COV.*|CHROMIUM")

Event = dict[str, Any]


def body_of(kind: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """A request of the protocol, as the page sends it."""
    return {"type": kind, "params": params, "metadata": {"time_zone": "UTC"}}


def said(text: str) -> dict[str, Any]:
    """The `input` of a message of plain text."""
    content = [{"type": "input_text", "text": text}]
    return {"content": content, "attachments": [], "quoted_text": None, "inference_options": {}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A stream that was read to its end; `times` are seconds of `time.monotonic`, one an event."""

    events: list[Event] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    @property
    def kinds(self) -> list[str]:
        """The type of each event, or of its update, with deltas that follow each other as one.

        Lines of progress are left out: whether one is told depends on how fast the machine is.
        """
        kinds: list[str] = []
        for event in self.events:
            kind: str = event["type"]
            if kind == "thread.item.updated":
                kind = event["update"]["type"].removeprefix("assistant_message.content_part.")
            if kind == "progress_update":
                continue
            if kind != "text_delta" or kinds[-1] != "text_delta":
                kinds.append(kind)
        return kinds

    def of(self, kind: str) -> list[Event]:
        """The events of one type."""
        return [event for event in self.events if event["type"] == kind]

    @property
    def thread_id(self) -> str:
        """Of the thread that this stream has created."""
        return str(self.of("thread.created")[0]["thread"]["id"])

    @property
    def message_id(self) -> str:
        """Of the user's message."""
        return next(str(item["id"]) for item in self.done if item["type"] == "user_message")

    @property
    def done(self) -> list[dict[str, Any]]:
        """The items that were finished."""
        return [event["item"] for event in self.of("thread.item.done")]

    @property
    def text(self) -> str:
        """What the assistant said, from the finished items."""
        return "\n".join(text_of(item) for item in self.done if item["type"] == "assistant_message")

    @property
    def streamed(self) -> str:
        """What the assistant said, from the deltas."""
        return "".join(delta_of(event) for event in self.events)

    @property
    def effects(self) -> list[tuple[str, str]]:
        """Name and action of each effect for the page."""
        return [(effect["name"], effect["data"]["action"]) for effect in self.of("client_effect")]


def text_of(item: Mapping[str, Any]) -> str:
    """The text of a message's parts."""
    return "".join(part["text"] for part in item["content"])


def delta_of(event: Event) -> str:
    """The piece of text in an event, if it brings one."""
    return str(event.get("update", {}).get("delta", ""))


class ServerProcess:
    """One process; `async with` waits until it listens, and at the end stops and reaps it.

    `command` and `ready` (a pattern to be found in what it writes) stand for other ways to start
    it, and `uds` for its unix socket. The rest are variables of the environment.
    """

    def __init__(
        self,
        variables: Mapping[str, str] = MappingProxyType({}),
        /,
        *,
        command: Sequence[str] = COMMAND,
        ready: re.Pattern[str] = _ADDRESS,
        uds: Path | None = None,
        **environ: str,
    ) -> None:
        self._ready = ready
        self._home = Path(tempfile.mkdtemp(prefix="chatkit-process-"))
        inherited = {name: text for name, text in os.environ.items() if _INHERITED.fullmatch(name)}
        # All tests come from one address, and in a hurry.
        unlimited = {"RATE_LIMIT_USER": "off", "RATE_LIMIT_IP": "off"}
        own = {"HOME": str(self._home), "PORT": "0", "PYTHONUNBUFFERED": "1"}
        environ = {**inherited, **own, **unlimited, **variables, **environ}
        with self._file("stdout").open("wb") as out, self._file("stderr").open("wb") as err:
            self._process = subprocess.Popen(
                command, cwd=self._home, env=environ, stdout=out, stderr=err
            )
        transport = httpx.AsyncHTTPTransport(uds=None if uds is None else str(uds))
        self.http = httpx.AsyncClient(transport=transport, timeout=30, trust_env=False)
        self.url = "http://127.0.0.1"
        #: Every event and every other answer of the protocol that was read here, as JSON text.
        self.events: list[str] = []
        self.replies: list[tuple[str, str]] = []

    def _file(self, name: str) -> Path:
        return self._home / name

    @property
    def stdout(self) -> str:
        """What it has written so far."""
        return self._file("stdout").read_text(encoding="utf-8")

    @property
    def stderr(self) -> str:
        """What it has written so far."""
        return self._file("stderr").read_text(encoding="utf-8")

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    # ---- Life ------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        give_up = time.monotonic() + _START_S
        while (match := self._ready.search(f"{self.stdout}\n{self.stderr}")) is None:
            if self._process.poll() is not None or time.monotonic() > give_up:
                written = f"{self.stdout}\n{self.stderr}"
                await self.aclose()
                raise RuntimeError(f"the server did not start:\n{written}")
            await asyncio.sleep(0.02)
        if match.groups():
            self.url = match[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """End it if it still runs, and forget what it wrote."""
        await self.http.aclose()
        if self._process.poll() is None:
            self._process.terminate()
        try:
            await self.wait()
        finally:
            self._process.kill()
            self._process.wait()
            shutil.rmtree(self._home)

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End it by a signal; its exit code."""
        self._process.send_signal(number)
        return await self.wait()

    async def kill(self) -> None:
        """End it the way a lost machine does."""
        self._process.kill()
        await self.wait()

    async def wait(self) -> int:
        """Its exit code, once it has ended."""
        return await asyncio.to_thread(self._process.wait, _STOP_S)

    # ---- Requests --------------------------------------------------------------------------------

    async def request(
        self, method: str, path: str, token: str | None = None, **options: Any
    ) -> httpx.Response:
        """Any request; `token` becomes the bearer's."""
        headers = {**options.pop("headers", {}), **_bearer(token)}
        return await self.http.request(method, self.url + path, headers=headers, **options)

    async def get(self, path: str, token: str | None = None, **options: Any) -> httpx.Response:
        """GET."""
        return await self.request("GET", path, token, **options)

    async def post(self, path: str, token: str | None = None, **options: Any) -> httpx.Response:
        """POST."""
        return await self.request("POST", path, token, **options)

    async def guest(self) -> str:
        """The token of a new guest."""
        answer = await self.post("/api/auth/guest")
        assert answer.status_code == 200, answer.text
        return str(answer.json()["token"])

    def jwt(self, user_id: str, *, secret: str = SECRET, expires_in: float = 600) -> str:
        """A token as Better Auth makes them."""
        claims = {"sub": user_id, "exp": int(time.time() + expires_in)}
        return jwt.encode(claims, secret, algorithm="HS256")

    async def ask(self, kind: str, params: Mapping[str, Any], token: str) -> httpx.Response:
        """A request of the protocol that does not stream, whatever comes of it."""
        answer = await self.post("/api/chatkit", token, json=body_of(kind, params))
        if answer.status_code == 200:
            self.replies.append((kind, answer.text))
        return answer

    async def read(self, kind: str, token: str, **params: Any) -> dict[str, Any]:
        """The JSON of a request that does not stream and must be answered."""
        answer = await self.ask(kind, params, token)
        assert answer.status_code == 200, answer.text
        value: dict[str, Any] = answer.json()
        return value

    @asynccontextmanager
    async def stream(
        self, kind: str, params: Mapping[str, Any], token: str
    ) -> AsyncIterator[AsyncIterator[Event]]:
        """The events of a request as they come; leaving early drops the connection."""
        body = body_of(kind, params)
        async with self.http.stream(
            "POST", f"{self.url}/api/chatkit", json=body, headers=_bearer(token)
        ) as response:
            if response.status_code != 200:
                raise AssertionError((await response.aread()).decode())
            assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
            async with aclosing(_frames(response)) as frames:
                yield self._events(frames)

    async def _events(self, frames: AsyncIterator[str]) -> AsyncIterator[Event]:
        async for data in frames:
            self.events.append(data)
            yield json.loads(data)

    async def chat(self, kind: str, params: Mapping[str, Any], token: str) -> Answer:
        """A streaming request, read to its end."""
        answer = Answer()
        async with self.stream(kind, params, token) as events:
            async for event in events:
                answer.events.append(event)
                answer.times.append(time.monotonic())
        return answer

    async def say(self, text: str, token: str, thread_id: str | None = None) -> Answer:
        """Send a message, into a new thread if none is given."""
        if thread_id is None:
            return await self.chat("threads.create", {"input": said(text)}, token)
        params = {"thread_id": thread_id, "input": said(text)}
        return await self.chat("threads.add_user_message", params, token)

    async def tasks(self, token: str) -> list[tuple[str, bool]]:
        """Title and completion of every task, newest first."""
        answer = await self.get("/api/tasks", token)
        assert answer.status_code == 200, answer.text
        return [(task["title"], task["completed"]) for task in answer.json()]

    async def texts(self, thread_id: str, token: str) -> list[str]:
        """The text of every message of a thread, oldest first."""
        page = await self.read("items.list", token, thread_id=thread_id, order="asc", limit=100)
        return [text_of(item) for item in page["data"] if "content" in item]


async def _frames(response: httpx.Response) -> AsyncGenerator[str, None]:
    """The data of each frame; comments are passed over. A cut is an httpx.RemoteProtocolError."""
    buffer = b""
    async for piece in response.aiter_bytes():
        *frames, buffer = (buffer + piece).split(b"\n\n")
        for frame in frames:
            text = data_of(frame.decode())
            if text is not None:
                yield text
    assert buffer.replace(b": ping\n", b"") == b"", buffer


def _bearer(token: str | None) -> dict[str, str]:
    return {} if token is None else {"authorization": f"Bearer {token}"}

"""People who chat, for Locust: what a page does, streams read frame by frame.

    .venv/bin/python -m tests.model_server --port 9000 --pace 0.02 &
    MODEL=openai/scripted MODEL_API_BASE=http://127.0.0.1:9000/v1 MODEL_API_KEY=none \\
        GUESTS=on RATE_LIMIT_USER=off RATE_LIMIT_IP=off .venv/bin/python app.py &
    .venv/bin/locust -f tests/load/locustfile.py --host http://127.0.0.1:8000

With `BETTER_AUTH_SECRET` set, as it is for the server, each user has a token of its own signed with
it; without, each is a guest. `--headless -u 50 -r 5 -t 60s` does without Locust's page. Any model
will do, the built-in one too: nothing depends on what an answer says.

Beside the requests there are three statistics of every stream that was read to its end:
`first delta` and `longest stall`, in milliseconds, and `complete`, which fails where an answer has
no end, or its parts do not make up its whole.
"""

from __future__ import annotations

import json
import os
import random
import secrets
import time
from collections.abc import Iterator
from typing import Any

import jwt
from locust import FastHttpUser, between, task
from locust.exception import StopUser

_CHAT = "/api/chatkit"
_NO_ANSWER = "no answer"


class Person(FastHttpUser):
    """Thinks for a moment, then does what people do, mostly writing in the thread at hand."""

    wait_time = between(0.2, 1.5)
    network_timeout = 60.0

    def on_start(self) -> None:
        """Sign in, and say hello."""
        self._thread_id: str | None = None
        secret = os.environ.get("BETTER_AUTH_SECRET")
        if secret:
            claims = {"sub": f"load-{secrets.token_hex(8)}", "exp": int(time.time()) + 3600}
            token = jwt.encode(claims, secret, algorithm="HS256")
        else:
            answer = self.client.post("/api/auth/guest")
            if answer.status_code != 200:
                raise StopUser
            token = answer.json()["token"]
        self._headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        self.new_thread()

    @task(2)
    def new_thread(self) -> None:
        """A first message; its answer is read to the end."""
        self._say("threads.create", "Hello, 10 words please", {})

    @task(6)
    def message(self) -> None:
        """Go on in the thread at hand."""
        if self._thread_id is not None:
            words = random.choice((10, 40, 120))
            params = {"thread_id": self._thread_id}
            self._say("threads.add_user_message", f"{words} words please", params)

    @task(3)
    def tool_turn(self) -> None:
        """Something that a tool is needed for."""
        if self._thread_id is not None:
            params = {"thread_id": self._thread_id}
            self._say("threads.add_user_message", f"add milk {secrets.token_hex(3)}", params)

    @task(2)
    def list_threads(self) -> None:
        """Open the history."""
        page = self._read("threads.list", {"limit": 20})
        if page is not None and page["data"]:
            self._thread_id = random.choice(page["data"])["id"]

    @task(3)
    def read_thread(self) -> None:
        """Open a thread, and page back in it."""
        if self._thread_id is not None:
            self._read("threads.get_by_id", {"thread_id": self._thread_id})
            self._read("items.list", {"thread_id": self._thread_id, "limit": 20})

    @task(1)
    def leave_early(self) -> None:
        """Close the page in the middle of an answer, and come back to it."""
        events = self._stream("threads.create", _input("200 words please"), name="left early")
        for event in events:
            if event["type"] == "thread.created":
                thread_id = event["thread"]["id"]
            elif _delta(event):
                break
        else:
            return
        events.close()
        thread = self._read("threads.get_by_id", {"thread_id": thread_id}, name="come back")
        if thread is not None:
            path = f"{_CHAT}/threads/{thread_id}/events"
            follow = {"method": "GET", "path": path, "name": "follow again", "body": None}
            for _ in self._frames(follow):
                pass
            self._thread_id = thread_id

    def _say(self, kind: str, text: str, params: dict[str, Any]) -> None:
        began = time.perf_counter()
        last_at = first_at = 0.0
        stall = 0.0
        parts: list[str] = []
        whole: str | None = None
        problem: str | None = _NO_ANSWER
        for event in self._stream(kind, params | _input(text), name=kind):
            now = time.perf_counter()
            if event["type"] == "thread.created":
                self._thread_id = event["thread"]["id"]
            elif event["type"] == "error":
                problem = f"error: {event.get('message')}"
            elif piece := _delta(event):
                if parts:
                    stall = max(stall, now - last_at)
                else:
                    first_at = now
                last_at = now
                parts.append(piece)
            elif event["type"] == "thread.item.done" and _is_answer(event["item"]):
                whole = event["item"]["content"][0]["text"]
                problem = None if whole == "".join(parts) else "the parts are not the whole"
                parts = []
        if first_at:
            self._note("first delta", first_at - began)
            self._note("longest stall", stall)
        self._note("complete", time.perf_counter() - began, problem)

    def _note(self, name: str, seconds: float, problem: str | None = None) -> None:
        self.environment.events.request.fire(
            request_type="stream",
            name=name,
            response_time=1000 * seconds,
            response_length=0,
            exception=None if problem is None else RuntimeError(problem),
            context={},
        )

    def _stream(self, kind: str, params: dict[str, Any], *, name: str) -> Iterator[dict[str, Any]]:
        body = json.dumps({"type": kind, "params": params})
        return self._frames({"method": "POST", "path": _CHAT, "name": name, "body": body})

    def _frames(self, call: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The events of a stream as they come; the connection is closed with the iterator."""
        with self.client.request(
            call["method"],
            call["path"],
            data=call["body"],
            headers=self._headers,
            name=call["name"],
            stream=True,
            catch_response=True,
        ) as response:
            if response.status_code != 200:
                response.failure(f"status {response.status_code}")
                return
            response.success()
            try:
                while frame := response.stream.readline(b"\n\n"):
                    # A ping may stand before the data, and the event's id is behind it.
                    yield json.loads(bytes(frame).partition(b"data: ")[2].partition(b"\n")[0])
            finally:
                response.stream.release()

    def _read(self, kind: str, params: dict[str, Any], *, name: str | None = None) -> Any:
        with self.client.post(
            _CHAT,
            data=json.dumps({"type": kind, "params": params}),
            headers=self._headers,
            name=name or kind,
            catch_response=True,
        ) as response:
            if response.status_code != 200:
                response.failure(f"status {response.status_code}")
                return None
            return response.json()


def _input(text: str) -> dict[str, Any]:
    content = [{"type": "input_text", "text": f"{text} ({secrets.token_hex(4)})"}]
    return {"input": {"content": content, "attachments": [], "inference_options": {}}}


def _delta(event: dict[str, Any]) -> str:
    update = event.get("update") or {}
    return str(update.get("delta") or "")


def _is_answer(item: dict[str, Any]) -> bool:
    return bool(item["type"] == "assistant_message")

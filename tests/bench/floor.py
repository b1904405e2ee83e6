"""What the libraries alone cost: a throwaway of uvicorn, asyncpg, PyJWT and aiohttp, no product.

It answers the loads of the benchmarks and nothing else: no tools, no limits, no errors, no history,
no one who leaves. Nothing that does the work can cost much less with these libraries.

    python -m tests.bench.floor PORT    with DATABASE_URL, SECRET and MODEL_API_BASE set
"""

from __future__ import annotations

import json
import os
import secrets
import sys
from typing import Any

import aiohttp
import asyncpg
import jwt
import uvicorn

_SCHEMA = """
CREATE TABLE IF NOT EXISTS threads (
    user_id text, id text PRIMARY KEY, seq bigint GENERATED ALWAYS AS IDENTITY
);
CREATE INDEX IF NOT EXISTS threads_by_user ON threads (user_id, seq);
CREATE TABLE IF NOT EXISTS items (
    user_id text, thread_id text, id text, body text, seq bigint GENERATED ALWAYS AS IDENTITY
);
CREATE INDEX IF NOT EXISTS items_by_thread ON items (user_id, thread_id, seq);
"""
_BEGIN = """
WITH thread AS (INSERT INTO threads (user_id, id) VALUES ($1, $2) ON CONFLICT DO NOTHING)
INSERT INTO items (user_id, thread_id, id, body) VALUES ($1, $2, $3, $4)
"""
_ADD = "INSERT INTO items (user_id, thread_id, id, body) VALUES ($1, $2, $3, $4)"
_ITEMS = {
    order: "SELECT body FROM items WHERE user_id = $1 AND thread_id = $2"
    f" ORDER BY seq {order} LIMIT 20"
    for order in ("asc", "desc")
}
_THREADS = "SELECT id FROM threads WHERE user_id = $1 ORDER BY seq DESC LIMIT 20"
_STREAM = [(b"content-type", b"text/event-stream")]


class Floor:
    def __init__(self) -> None:
        self.pool: asyncpg.Pool
        self.http: aiohttp.ClientSession

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            self.pool = await asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=1)
            await self.pool.execute(_SCHEMA)
            self.http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await self.http.close()
            await self.pool.close()
            await send({"type": "lifespan.shutdown.complete"})
        elif scope["method"] == "GET":
            await _whole(send, "{}")
        else:
            await self._post(scope, receive, send)

    async def _post(self, scope: Any, receive: Any, send: Any) -> None:
        token = dict(scope["headers"])[b"authorization"][7:]
        user = jwt.decode(token, os.environ["SECRET"], algorithms=["HS256"])["sub"]
        call = json.loads((await receive())["body"])
        params = call["params"]
        match call["type"]:
            case "threads.create" | "threads.add_user_message":
                await self._turn(user, params, send)
            case "threads.list":
                rows = await self.pool.fetch(_THREADS, user)
                threads = ",".join([f'{{"id":"{row[0]}"}}' for row in rows])
                await _whole(send, f'{{"data":[{threads}],"has_more":false}}')
            case "threads.get_by_id":
                items = await self._items(user, params["thread_id"], "asc")
                await _whole(send, f'{{"id":"{params["thread_id"]}","items":{items}}}')
            case "items.list":
                await _whole(send, await self._items(user, params["thread_id"], "desc"))

    async def _items(self, user: str, thread_id: str, order: str) -> str:
        rows = await self.pool.fetch(_ITEMS[order], user, thread_id)
        items = ",".join([row[0] for row in rows])
        return f'{{"data":[{items}],"has_more":false}}'

    async def _turn(self, user: str, params: Any, send: Any) -> None:
        thread_id = params.get("thread_id") or "thr_" + secrets.token_hex(16)
        answer_id = "msg_" + secrets.token_hex(16)
        text = params["input"]["content"][0]["text"]
        message = json.dumps({"type": "user_message", "content": params["input"]["content"]})
        await self.pool.execute(_BEGIN, user, thread_id, "msg_" + secrets.token_hex(16), message)
        await send({"type": "http.response.start", "status": 200, "headers": _STREAM})
        first = _frame({"type": "thread.created", "thread": {"id": thread_id}})
        await send({"type": "http.response.body", "body": first, "more_body": True})
        pieces: list[str] = []
        body = {
            "model": "scripted",
            "stream": True,
            "messages": [{"role": "user", "content": text}],
        }
        url = os.environ["MODEL_API_BASE"] + "/chat/completions"
        async with self.http.post(url, json=body) as response:
            rest = b""
            async for data in response.content.iter_any():
                *frames, rest = (rest + data).split(b"\n\n")
                new = ""
                for frame in frames:
                    if frame.startswith(b"data: {"):
                        choices = json.loads(frame[6:])["choices"]
                        new += (choices[0]["delta"].get("content") or "") if choices else ""
                if new:
                    pieces.append(new)
                    part = "assistant_message.content_part.text_delta"
                    update = {"type": part, "content_index": 0, "delta": new}
                    event = {"type": "thread.item.updated", "item_id": answer_id, "update": update}
                    delta = _frame(event)
                    await send({"type": "http.response.body", "body": delta, "more_body": True})
        content = [{"type": "output_text", "text": "".join(pieces), "annotations": []}]
        answer = {"id": answer_id, "type": "assistant_message", "content": content}
        await self.pool.execute(_ADD, user, thread_id, answer_id, json.dumps(answer))
        done = _frame({"type": "thread.item.done", "item": answer})
        await send({"type": "http.response.body", "body": done})


def _frame(event: Any) -> bytes:
    return b"data: " + json.dumps(event, separators=(",", ":")).encode() + b"\n\n"


async def _whole(send: Any, text: str) -> None:
    body = text.encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


if __name__ == "__main__":
    uvicorn.run(Floor(), port=int(sys.argv[1]), log_level="warning", access_log=False)

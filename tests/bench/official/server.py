"""The official parts as their documentation puts them together: FastAPI, openai-chatkit,
openai-agents with its LiteLLM model, and the store of its guide written for asyncpg.

Kinder than the guide in four points, so that nothing but the parts is measured: tracing is off;
the tables have indexes; the LiteLLM model's constant item id is replaced, without which each answer
overwrites the last; and an earlier answer is given to that model as text, since it refuses the
parts that the default converter makes of it, and with them every second message of a thread.

    python server.py PORT    with DATABASE_URL, SECRET and MODEL_API_BASE set
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import asyncpg
import jwt
import uvicorn
from agents import Agent, RunContextWrapper, Runner, function_tool, set_tracing_disabled
from agents.extensions.models.litellm_model import LitellmModel
from agents.models.fake_id import FAKE_RESPONSES_ID
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import StreamingResponse
from openai.types.responses import EasyInputMessageParam
from pydantic import TypeAdapter

from chatkit.agents import AgentContext, ThreadItemConverter, stream_agent_response
from chatkit.server import ChatKitServer, StreamingResult
from chatkit.store import NotFoundError, Store
from chatkit.types import (
    AssistantMessageItem,
    Attachment,
    Page,
    ThreadItem,
    ThreadMetadata,
    ThreadStreamEvent,
    UserMessageItem,
)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS threads (
    id text PRIMARY KEY, user_id text NOT NULL, created_at timestamptz NOT NULL, data jsonb NOT NULL
);
CREATE INDEX IF NOT EXISTS threads_by_user ON threads (user_id, created_at, id);
CREATE TABLE IF NOT EXISTS items (
    id text PRIMARY KEY, thread_id text NOT NULL REFERENCES threads (id) ON DELETE CASCADE,
    user_id text NOT NULL, created_at timestamptz NOT NULL, data jsonb NOT NULL
);
CREATE INDEX IF NOT EXISTS items_by_thread ON items (thread_id, created_at, id);
CREATE TABLE IF NOT EXISTS tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, user_id text NOT NULL, title text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
"""

_ITEM: TypeAdapter[ThreadItem] = TypeAdapter(ThreadItem)


@dataclass
class RequestContext:
    user_id: str


class PostgresStore(Store[RequestContext]):
    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool

    async def load_thread(self, thread_id: str, context: RequestContext) -> ThreadMetadata:
        data = await self.pool.fetchval(
            "SELECT data FROM threads WHERE id = $1 AND user_id = $2", thread_id, context.user_id
        )
        if data is None:
            raise NotFoundError(f"Thread {thread_id} not found")
        return ThreadMetadata.model_validate_json(data)

    async def save_thread(self, thread: ThreadMetadata, context: RequestContext) -> None:
        await self.pool.execute(
            "INSERT INTO threads (id, user_id, created_at, data) VALUES ($1, $2, $3, $4)"
            " ON CONFLICT (id) DO UPDATE SET data = EXCLUDED.data",
            thread.id,
            context.user_id,
            _aware(thread.created_at),
            thread.model_dump_json(),
        )

    async def load_thread_items(
        self, thread_id: str, after: str | None, limit: int, order: str, context: RequestContext
    ) -> Page[ThreadItem]:
        rows = await self._page("items", after, limit, order, context, thread_id)
        return _page([_ITEM.validate_json(row["data"]) for row in rows], limit)

    async def load_threads(
        self, limit: int, after: str | None, order: str, context: RequestContext
    ) -> Page[ThreadMetadata]:
        rows = await self._page("threads", after, limit, order, context, None)
        return _page([ThreadMetadata.model_validate_json(row["data"]) for row in rows], limit)

    async def _page(
        self,
        table: str,
        after: str | None,
        limit: int,
        order: str,
        context: RequestContext,
        thread_id: str | None,
    ) -> list[asyncpg.Record]:
        arguments: list[Any] = [context.user_id]
        where = "user_id = $1"
        if thread_id is not None:
            arguments.append(thread_id)
            where += " AND thread_id = $2"
        if after is not None:
            arguments.append(after)
            sign = "<" if order == "desc" else ">"
            place = f"SELECT created_at, id FROM {table} WHERE id = ${len(arguments)}"
            where += f" AND (created_at, id) {sign} ({place})"
        arguments.append(limit + 1)
        query = (
            f"SELECT data FROM {table} WHERE {where}"
            f" ORDER BY created_at {order}, id {order} LIMIT ${len(arguments)}"
        )
        rows: list[asyncpg.Record] = await self.pool.fetch(query, *arguments)
        return rows

    async def add_thread_item(
        self, thread_id: str, item: ThreadItem, context: RequestContext
    ) -> None:
        await self.save_item(thread_id, item, context)

    async def save_item(self, thread_id: str, item: ThreadItem, context: RequestContext) -> None:
        await self.pool.execute(
            "INSERT INTO items (id, thread_id, user_id, created_at, data)"
            " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO UPDATE SET data = EXCLUDED.data",
            item.id,
            thread_id,
            context.user_id,
            _aware(item.created_at),
            item.model_dump_json(),
        )

    async def load_item(self, thread_id: str, item_id: str, context: RequestContext) -> ThreadItem:
        data = await self.pool.fetchval(
            "SELECT data FROM items WHERE id = $1 AND thread_id = $2 AND user_id = $3",
            item_id,
            thread_id,
            context.user_id,
        )
        if data is None:
            raise NotFoundError(f"Item {item_id} not found")
        return _ITEM.validate_json(data)

    async def delete_thread(self, thread_id: str, context: RequestContext) -> None:
        await self.pool.execute(
            "DELETE FROM threads WHERE id = $1 AND user_id = $2", thread_id, context.user_id
        )

    async def delete_thread_item(
        self, thread_id: str, item_id: str, context: RequestContext
    ) -> None:
        await self.pool.execute(
            "DELETE FROM items WHERE id = $1 AND thread_id = $2 AND user_id = $3",
            item_id,
            thread_id,
            context.user_id,
        )

    async def save_attachment(self, attachment: Attachment, context: RequestContext) -> None:
        raise NotImplementedError

    async def load_attachment(self, attachment_id: str, context: RequestContext) -> Attachment:
        raise NotImplementedError

    async def delete_attachment(self, attachment_id: str, context: RequestContext) -> None:
        raise NotImplementedError


def _aware(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def _page(data: list[Any], limit: int) -> Page[Any]:
    more = len(data) > limit
    data = data[:limit]
    return Page(data=data, has_more=more, after=data[-1].id if more else None)


@function_tool
async def add_task(ctx: RunContextWrapper[AgentContext[RequestContext]], title: str) -> str:
    """Add a task to the user's to-do list.

    Args:
        title: What is to be done.
    """
    store = ctx.context.store
    assert isinstance(store, PostgresStore)
    number = await store.pool.fetchval(
        "INSERT INTO tasks (user_id, title) VALUES ($1, $2) RETURNING id",
        ctx.context.request_context.user_id,
        title,
    )
    return json.dumps({"success": True, "task": {"id": number, "title": title}})


class Converter(ThreadItemConverter):
    async def assistant_message_to_input(self, item: AssistantMessageItem) -> EasyInputMessageParam:
        return EasyInputMessageParam(
            role="assistant", content="".join(part.text for part in item.content)
        )


class Assistant(ChatKitServer[RequestContext]):
    def __init__(self, store: PostgresStore) -> None:
        super().__init__(store)
        self._converter = Converter()
        self._agent = Agent[AgentContext[RequestContext]](
            name="Assistant",
            instructions="You are a helpful assistant that keeps the user's to-do list.",
            model=LitellmModel(
                model="openai/scripted", base_url=os.environ["MODEL_API_BASE"], api_key="none"
            ),
            tools=[add_task],
        )

    async def respond(
        self,
        thread: ThreadMetadata,
        input_user_message: UserMessageItem | None,
        context: RequestContext,
    ) -> AsyncIterator[ThreadStreamEvent]:
        page = await self.store.load_thread_items(
            thread.id, after=None, limit=20, order="desc", context=context
        )
        given = await self._converter.to_agent_input(list(reversed(page.data)))
        agent_context = AgentContext(thread=thread, store=self.store, request_context=context)
        result = Runner.run_streamed(self._agent, given, context=agent_context)
        own_id = self.store.generate_item_id("message", thread, context)
        async for event in stream_agent_response(agent_context, result):
            if getattr(event, "item_id", None) == FAKE_RESPONSES_ID:
                event.item_id = own_id
            item = getattr(event, "item", None)
            if item is not None and item.id == FAKE_RESPONSES_ID:
                item.id = own_id
            yield event


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    set_tracing_disabled(True)
    async with asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=1, max_size=16) as pool:
        await pool.execute(_SCHEMA)
        app.state.server = Assistant(PostgresStore(pool))
        yield


app = FastAPI(lifespan=lifespan)


@app.get("/api/chatkit/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/api/chatkit")
async def chat(request: Request) -> Response:
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    try:
        claims = jwt.decode(token, os.environ["SECRET"], algorithms=["HS256"])
    except jwt.InvalidTokenError as error:
        raise HTTPException(401) from error
    context = RequestContext(user_id=claims["sub"])
    result = await app.state.server.process(await request.body(), context)
    if isinstance(result, StreamingResult):
        return StreamingResponse(result, media_type="text/event-stream")
    return Response(content=result.json, media_type="application/json")


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), log_level="warning", access_log=False)

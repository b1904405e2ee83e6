"""An engine on a real database, with a scripted model and scripted tools."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest

from chatkit.access.caller import Caller
from chatkit.access.quotas import Quotas
from chatkit.answer.approving import ApprovalPolicy
from chatkit.answer.leases import RequestKey
from chatkit.answer.leaving import OnDisconnect
from chatkit.engine.attachments import Attachments
from chatkit.engine.faults import Fault
from chatkit.engine.operations import Operations
from chatkit.engine.running_turn import RunningTurn
from chatkit.engine.turns import Turns
from chatkit.models.pure.tools import ToolSpec
from chatkit.ports.models import Images, Model
from chatkit.protocol.content import InputText
from chatkit.protocol.params import CreateThread, CustomAction, PlainParams, TurnParams, UserInput
from chatkit.wiring.engine import EngineOptions, EngineParts, build_operations
from store.files import Files
from store.postgres import Database
from store.tasks import Tasks
from tests.fakes import ScriptedModel, ScriptedTools, counting_ids
from tests.frames import events_in
from tools.cards import TaskCards

ALICE = Caller(user_id="alice")

Event = dict[str, Any]


def said(text: str) -> UserInput:
    """A message of plain text."""
    return UserInput(content=(InputText(text=text),))


def new_key() -> RequestKey:
    """The key of a request unlike any other."""
    return body_key(secrets.token_bytes(8))


def body_key(body: bytes) -> RequestKey:
    """The key of a request without an Idempotency-Key."""
    digest = sha256(body).digest()
    return RequestKey(key=f"body:{digest.hex()}", body_hash=digest, explicit=False)


def named_key(name: str, body: bytes = b"body") -> RequestKey:
    """The key of a request with an Idempotency-Key."""
    return RequestKey(key=f"key:{name}", body_hash=sha256(body).digest(), explicit=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """The engine under test and what it stands on."""

    operations: Operations
    turns: Turns
    database: Database
    model: ScriptedModel
    tools: ScriptedTools
    keeping: asyncio.Task[None]

    async def begin(
        self,
        params: TurnParams,
        caller: Caller = ALICE,
        key: RequestKey | None = None,
    ) -> RunningTurn:
        """Begin a turn that must not be refused."""
        turn = await self.operations.begin(params, caller, key or new_key())
        assert isinstance(turn, RunningTurn), turn
        return turn

    async def refused(self, params: TurnParams, caller: Caller = ALICE) -> Fault:
        """Begin a turn that must be refused."""
        refusal = await self.operations.begin(params, caller, new_key())
        assert isinstance(refusal, Fault), refusal
        return refusal

    async def chat(self, params: TurnParams, caller: Caller = ALICE) -> list[Event]:
        """Begin a turn and follow it to its end."""
        turn = await self.begin(params, caller)
        with self.turns.following(turn) as follower:
            chunks = []
            async with asyncio.timeout(30):
                while (chunk := await follower.read()) is not None:
                    chunks.append(chunk)
        assert turn.task is not None
        await turn.task
        return events_in(b"".join(chunks))

    async def answer(
        self, params: PlainParams | CustomAction, caller: Caller, key: RequestKey
    ) -> str:
        """What a request that does not stream is answered."""
        return await self.operations.answer(params, caller, key)

    async def hello(self) -> str:
        """A thread with one answered message; its id."""
        events = await self.chat(CreateThread(input=said("Hello")))
        return str(events[0]["thread"]["id"])

    async def rows(self, query: str, *arguments: Any) -> list[dict[str, Any]]:
        """What the database holds."""
        return [dict(row) for row in await self.database.fetch(query, *arguments)]

    async def stored(self, thread_id: str) -> list[tuple[str, Any]]:
        """Type and body of every item of a thread, hidden and withdrawn ones included."""
        rows = await self.rows(
            "SELECT type, body FROM items WHERE thread_id = $1 ORDER BY seq", thread_id
        )
        return [(row["type"], json.loads(row["body"])) for row in rows]

    async def texts(self, thread_id: str) -> list[str]:
        """The text of every message, in order."""
        rows = await self.rows(
            "SELECT body FROM items WHERE thread_id = $1 AND NOT hidden AND withdrawn_by IS NULL"
            " ORDER BY seq",
            thread_id,
        )
        bodies = [json.loads(row["body"]) for row in rows]
        return [
            "".join(part["text"] for part in body["content"])
            for body in bodies
            if "content" in body
        ]

    async def states(self) -> list[str]:
        """The state of every turn, in the order of their beginning."""
        rows = await self.rows("SELECT state FROM turns ORDER BY created_at")
        return [row["state"] for row in rows]


NewEngine = Callable[..., Awaitable[Engine]]


@pytest.fixture
async def new_engine(database_url: str) -> AsyncIterator[Callable[..., Any]]:
    """Makes engines on one database; several of them are several processes."""
    async with AsyncExitStack() as stack:
        ids = counting_ids()

        async def make(
            *scripts: Any,
            real_model: Model | None = None,
            tools: ScriptedTools | None = None,
            max_rounds: int = 3,
            context_tokens: int | None = None,
            on_disconnect: OnDisconnect = "cancel",
            owner: str = "one",
            alone: bool = True,
            fresh_s: float = 2,
            lease_s: float = 60,
            living_s: float = 0,
            max_turns: int = 5,
            shared_limits: bool = False,
            own_tools: Sequence[ToolSpec] = (),
            images: Images | None = None,
            models: Sequence[str] = ("m",),
            title_model: str = "demo/none",
        ) -> Engine:
            database = await Database.connect(database_url)
            stack.push_async_callback(database.close)
            model = ScriptedModel(*scripts)
            tools = tools or ScriptedTools()
            files = Files(database, Quotas(file_bytes=2**20))

            def now() -> datetime:
                return datetime.now(UTC)

            operations = build_operations(
                EngineParts(
                    database=database,
                    files=files,
                    attachments=Attachments(files, max_bytes=2**20, new_id=ids),
                    model=real_model or model,
                    tools=tools,
                    cards=TaskCards(Tasks(database), now=now),
                    images=images,
                    transcriber=None,
                    new_id=ids,
                    now=now,
                ),
                EngineOptions(
                    instructions="Be brief.",
                    models=models,
                    title_model=title_model,
                    own_tools=own_tools,
                    context_tokens=context_tokens,
                    tool_approval=ApprovalPolicy(),
                    max_tool_rounds=max_rounds,
                    max_turns_per_user=max_turns,
                    shared_limits=shared_limits,
                    image_domains=(),
                    quotas=Quotas(),
                    on_disconnect=on_disconnect,
                    alone=alone,
                    owner=owner,
                    lease_s=lease_s,
                    living_s=living_s,
                    join_s=fresh_s,
                ),
                stack,
            )
            turns = operations.running
            keeping = asyncio.create_task(turns.run())
            stack.push_async_callback(_cancelled, keeping)
            stack.push_async_callback(turns.interrupt_all)
            return Engine(
                operations=operations,
                turns=turns,
                database=database,
                model=model,
                tools=tools,
                keeping=keeping,
            )

        yield make


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def until(condition: Callable[[], bool]) -> None:
    """Let other tasks run until `condition` holds; 30 seconds at most."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - what it waits for gives no sign
            await asyncio.sleep(0)

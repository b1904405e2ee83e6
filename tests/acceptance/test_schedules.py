"""Random schedules of what users, networks and operators do, and what must hold after each.

`--schedules 1000` runs so many; a schedule that breaks something is named by its seed.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from chatkit.answer.leaving import GRACE_S, State
from chatkit.engine import elsewhere, journal
from chatkit.engine import turns as turns_module
from chatkit.engine.elsewhere import TurnElsewhere
from chatkit.engine.faults import Fault
from chatkit.engine.running_turn import RunningTurn
from chatkit.engine.turns import Turns
from chatkit.models.pure.deltas import ModelFault, StreamEnd, TextDelta, ToolCallDelta
from chatkit.protocol.errors import ChatKitError, Unavailable
from chatkit.protocol.params import AddUserMessage, CreateThread, RetryAfterItem
from store.postgres import Database
from tests.engine.conftest import ALICE, Engine, body_key, new_engine, new_key, said
from tests.fakes import ScriptedTools
from tests.frames import events_in
from tests.store.recount import check_amounts

__all__ = ["new_engine"]  # the fixture, for this module

NewEngine = Callable[..., Awaitable[Engine]]
#: How many schedules one test runs, on one database.
BATCH = 10


@dataclass(slots=True, kw_only=True)
class World:
    """Two engines on one database, and everything that was sent."""

    random: random.Random
    engines: list[Engine]
    threads: list[str] = field(default_factory=list)
    #: The thread of each message that was taken.
    accepted: dict[str, str] = field(default_factory=dict)
    turns: list[RunningTurn] = field(default_factory=list)
    readers: list[asyncio.Task[None]] = field(default_factory=list)
    #: Of processes that were killed, whose streams end anywhere.
    killed: set[Turns] = field(default_factory=set)
    sent: int = 0

    @property
    def engine(self) -> Engine:
        """Either of them."""
        return self.random.choice(self.engines)

    async def send(self) -> None:
        """A message into a new or an old thread, perhaps twice at once."""
        self.sent += 1
        text = f"message {self.sent}"
        params: CreateThread | AddUserMessage
        if not self.threads or self.random.random() < 0.3:
            params = CreateThread(input=said(text))
        else:
            params = AddUserMessage(thread_id=self.random.choice(self.threads), input=said(text))
        key = body_key(text.encode())
        engines = [self.engine for _ in range(self.random.choice((1, 1, 2)))]
        begun = await asyncio.gather(
            *(engine.operations.begin(params, ALICE, key) for engine in engines),
            return_exceptions=True,
        )
        for engine, each in zip(engines, begun, strict=True):
            self._begun(engine, each, text)

    def _begun(self, engine: Engine, begun: object, text: str | None) -> None:
        if isinstance(begun, Fault):
            return
        if isinstance(begun, BaseException):
            assert isinstance(begun, ChatKitError), begun
            return
        assert isinstance(begun, RunningTurn | TurnElsewhere)
        if isinstance(begun, RunningTurn):
            if text is not None:
                self.accepted[text] = begun.lease.thread_id
            self.turns.append(begun)
            if begun.lease.thread_id not in self.threads:
                self.threads.append(begun.lease.thread_id)
        if self.random.random() < 0.9:
            self.readers.append(asyncio.create_task(self._follow(engine, begun)))

    async def _follow(self, engine: Engine, turn: RunningTurn | TurnElsewhere) -> None:
        with engine.turns.following(turn) as follower:
            stream = b""
            while (chunk := await follower.read()) is not None:
                stream += chunk
        if engine.turns not in self.killed:
            check_stream(events_in(stream))

    async def leave(self) -> None:
        """A follower goes."""
        open_readers = [task for task in self.readers if not task.done()]
        if open_readers:
            self.random.choice(open_readers).cancel()

    async def come_back(self) -> None:
        """Somebody follows what runs in a thread."""
        if self.threads:
            engine = self.engine
            found = await engine.turns.find_anywhere(ALICE, self.random.choice(self.threads))
            if found is not None:
                self.readers.append(asyncio.create_task(self._follow(engine, found)))

    async def cancel(self) -> None:
        """The stop button, in either process."""
        if self.threads:
            await self.engine.turns.stop("alice", self.random.choice(self.threads), "user")

    async def retry(self) -> None:
        """A message of a thread is asked again."""
        if not self.threads:
            return
        thread_id = self.random.choice(self.threads)
        rows = await self.engine.rows(
            "SELECT id FROM items WHERE thread_id = $1 AND type = 'user_message'"
            " AND withdrawn_by IS NULL ORDER BY seq DESC LIMIT 1",
            thread_id,
        )
        params = RetryAfterItem(thread_id=thread_id, item_id=rows[0]["id"])
        engine = self.engine
        begun = await asyncio.gather(
            engine.operations.begin(params, ALICE, new_key()), return_exceptions=True
        )
        self._begun(engine, begun[0], None)

    async def pause(self) -> None:
        """Time passes."""
        await asyncio.sleep(self.random.choice((0, 0.001, 0.01, 0.03)))


def check_stream(events: list[dict[str, Any]]) -> None:
    """Every item that a whole stream begins it ends, once; an error is the last event."""
    added, done = [], []
    for place, event in enumerate(events):
        match event["type"]:
            case "thread.item.added":
                added.append(event["item"]["id"])
            case "thread.item.done":
                done.append(event["item"]["id"])
            case "thread.item.removed":
                added.remove(event["item_id"])
            case "error":
                assert place == len(events) - 1, events
    assert len(done) == len(set(done)), events
    if not events or events[-1]["type"] != "error":
        assert set(added) <= set(done), events


def scripts(chance: random.Random) -> list[Any]:
    """Answers of every kind: whole, slow, with a tool, failing, endless."""
    made: list[Any] = []
    for _ in range(200):
        pieces: list[Any] = [[TextDelta(f"w{n} ")] for n in range(chance.randint(1, 6))]
        for _ in range(chance.choice((0, 1, 3))):
            pieces.insert(chance.randrange(len(pieces) + 1), Wait(chance.choice((0.002, 0.02))))
        match chance.choice(["whole", "whole", "whole", "tool", "fault", "endless"]):
            case "tool":
                made.append(
                    [*pieces, [ToolCallDelta(index=0, call_id="c", name="now")],
                     [StreamEnd("tool_calls")]]
                )  # fmt: skip
            case "fault":
                made.append([*pieces, ModelFault("unavailable")])
            case "endless":
                made.append([*pieces, asyncio.Event()])
            case _:
                made.append([*pieces, [StreamEnd("stop")]])
    return made


class Wait(asyncio.Event):
    """A step of a script that takes some seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    async def wait(self) -> Any:
        """Sleep."""
        await asyncio.sleep(self._seconds)
        return True


async def now_tool(_: str) -> str:
    """A tool that takes a moment."""
    await asyncio.sleep(0.005)
    return "12:00"


def lose_answers(database: Database, chance: random.Random, until: asyncio.Event) -> None:
    """Let a statement in thirty be carried out though nobody hears of it."""
    run = database._run

    async def run_unheard(*statement: Any, urgent: bool = False) -> Any:
        result = await run(*statement, urgent=urgent)
        if chance.random() < 1 / 30 and not until.is_set():
            raise Unavailable("the answer was lost")
        return result

    database._run = run_unheard  # type: ignore[method-assign, assignment]


async def kill(engine: Engine) -> None:
    """Let an engine's process end as `kill -9` ends it: nothing more reaches the database."""
    engine.keeping.cancel()
    await engine.database.close()
    tasks = [turn.task for turn in engine.turns._here.values() if turn.task is not None]
    while any(not task.done() for task in tasks):  # it would wait for the database
        for task in tasks:
            task.cancel()
        await asyncio.sleep(0)


async def all_leave(world: World, engines: dict[str, Engine]) -> None:
    """Nobody reads anything any more: what is not to go on by itself ends."""
    for task in world.readers:
        task.cancel()
    await asyncio.wait(world.readers or [asyncio.create_task(asyncio.sleep(0))])
    for engine in engines.values():
        for turn in list(engine.turns._here.values()):
            with engine.turns.following(turn):
                pass
    async with asyncio.timeout(30):
        for policy, engine in engines.items():
            while policy != "continue" and engine.turns._here:  # noqa: ASYNC110 - tasks that end
                await asyncio.sleep(0.001)


async def check(world: World) -> None:
    """What must hold when everything has come to rest."""
    one = world.engines[0]
    logs = await one.rows("SELECT turn_id, first, through FROM turn_events ORDER BY turn_id, first")
    for before, row in zip([{"turn_id": ""}, *logs], logs, strict=False):
        follows = before["through"] + 1 if before["turn_id"] == row["turn_id"] else 1
        assert row["first"] == follows, f"a log has a hole: {logs}"
    await check_amounts(one.database)
    running = await one.rows("SELECT id, owner FROM turns WHERE state = 'running'")
    assert running == [], "a turn runs for ever"
    for engine in world.engines:
        assert engine.model.open_streams == 0, "a model stream is left over"
        assert engine.turns._running == {}
    for turn in world.turns:
        assert turn.log.closed
        assert turn.leaving.followers == 0
        assert turn.leaving.state is State.ENDED
    items = await one.rows(
        "SELECT thread_id, turn_id, type, hidden, withdrawn_by, body FROM items ORDER BY seq"
    )
    assert all(item["withdrawn_by"] is None for item in items), "an item stays withdrawn"
    states = {row["id"]: row["state"] for row in await one.rows("SELECT id, state FROM turns")}
    messages: dict[str, list[str]] = {}
    for item in items:
        if item["type"] == "user_message":
            text = json.loads(item["body"])["content"][0]["text"]
            messages.setdefault(text, []).append(states[item["turn_id"]])
    for text, came_to in messages.items():  # a copy never joins what has failed
        assert set(came_to[:-1]) <= {"failed", "interrupted"}, f"{text} was stored twice"
    retried = {
        row["thread_id"] for row in await one.rows("SELECT thread_id FROM turns WHERE retry")
    }
    # A retry deletes what is newer than its message.
    kept = {text for text, thread_id in world.accepted.items() if thread_id not in retried}
    assert kept <= set(messages), f"lost messages: {kept - set(messages)}"
    for thread_id in world.threads:
        own = [item for item in items if item["thread_id"] == thread_id]
        order = [item["turn_id"] for item in own]
        blocks = [
            turn for place, turn in enumerate(order) if place == 0 or order[place - 1] != turn
        ]
        assert len(blocks) == len(set(blocks)), f"items of turns are mixed in {thread_id}: {own}"
    for engine in world.engines:
        pool, kept_ready = engine.database._pool, engine.database._kept
        async with asyncio.timeout(30):  # a statement that was given up ends a moment later
            while pool.get_size() - pool.get_idle_size() != len(kept_ready):  # noqa: ASYNC110
                await asyncio.sleep(0.001)


async def run_schedule(seed: int, new_engine: NewEngine) -> None:
    """One schedule on two engines, which are new owners on the same database."""
    chance = random.Random(seed)
    policies = chance.sample(("cancel", "continue", "auto"), 2)
    engines = [
        await new_engine(
            *scripts(chance),
            tools=ScriptedTools(now=now_tool),
            on_disconnect=policy,
            owner=f"{seed}-{number}",
            alone=False,
        )
        for number, policy in enumerate(policies)
    ]
    reliable = asyncio.Event()
    if chance.random() < 0.3:
        for engine in engines:
            lose_answers(engine.database, chance, reliable)
    world = World(random=chance, engines=engines)
    steps = [world.send] * 4 + [world.leave] * 3 + [world.come_back] * 2
    steps += [world.cancel, world.retry, world.pause, world.pause]
    tasks = []
    ended: list[Engine] = []
    restarts_at = chance.choice((None, 5, 10))
    for step in range(chance.randint(8, 20)):
        if step == restarts_at:
            # A restart: one process ends, in order or not, and a new one comes in its place.
            if chance.random() < 0.5:
                await engines[0].turns.interrupt_all()
            else:
                world.killed.add(engines[0].turns)
                await kill(engines[0])
            ended.append(engines[0])
            engines[0] = await new_engine(
                *scripts(chance),
                tools=ScriptedTools(now=now_tool),
                on_disconnect=policies[0],
                owner=f"{seed}-again",
                alone=False,
            )
        action = chance.choice(steps)
        if chance.random() < 0.6:
            with suppress(ChatKitError):
                await action()
        else:
            tasks.append(asyncio.create_task(action()))
    async with asyncio.timeout(30):
        for done in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(done, BaseException) and not isinstance(done, ChatKitError):
                raise done
    reliable.set()
    await all_leave(world, dict(zip(policies, engines, strict=True)))
    async with asyncio.timeout(30):
        for engine in (*engines, *ended):
            await engine.turns.interrupt_all()
        results = await asyncio.gather(*world.readers, return_exceptions=True)
        for engine in engines:
            await engine.turns._end_abandoned()
    for result in results:
        if isinstance(result, Exception):
            raise result
    # What a killed process has left is found by the next one that serves this database.
    reaper = await new_engine(owner=f"{seed}-reaper")
    await reaper.turns.adopt_orphans()
    await check(world)
    for engine in (*engines, *ended, reaper):
        engine.keeping.cancel()
        await engine.database.close()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    count = metafunc.config.getoption("schedules")
    metafunc.parametrize("first", range(0, count, BATCH))


async def test_nothing_is_lost_doubled_or_left_running(
    new_engine: NewEngine, first: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Everything that waits for another process waits in proportion to these tiny answers.
    monkeypatch.setattr(journal, "WRITE_S", 0.02)
    monkeypatch.setattr(elsewhere, "POLL_S", 0.01)
    monkeypatch.setattr(elsewhere, "END_S", 0.2)
    monkeypatch.setitem(GRACE_S, "auto", 0.05)
    monkeypatch.setattr(turns_module, "PUBLISH_S", 0.05)
    monkeypatch.setattr(turns_module, "HEARTBEAT_S", 0.05)
    for seed in range(first, first + BATCH):
        try:
            await run_schedule(seed, new_engine)
        except BaseException as error:
            error.add_note(f"schedule {seed}")
            raise
        broom = await new_engine(owner="broom")
        await broom.database.execute("TRUNCATE threads, accepted_requests, stored_amounts CASCADE")
        await broom.database.close()

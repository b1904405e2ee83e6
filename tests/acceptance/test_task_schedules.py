"""Random schedules of what models, agents and users do to tasks in two processes, with undo and
clicks on the cards that ask; and what must hold after each.

`--schedules 2000` runs so many; a schedule that breaks something is named by its seed.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

import pytest

from chatkit.access.caller import Caller
from chatkit.answer.leases import Begun, Ending, Lease, NewTurn, RequestKey
from chatkit.protocol.actions import Action
from chatkit.protocol.bodies import UserMessage
from chatkit.protocol.calls import CardOffer
from chatkit.protocol.content import InputText
from chatkit.protocol.errors import Forbidden, NotFound
from chatkit.todo.changes import MAX_DELETIONS, MAX_OVERWRITES, THE_USER
from chatkit.todo.tasks import TaskChanges, TaskDraft
from store.postgres import Database
from store.task_history import StoredTaskHistory
from store.tasks import Tasks
from store.turns import StoredTurns
from tests.store.recount import check_amounts
from tools.cards import TaskCards
from tools.tasks import TaskTools

NOW: Final = datetime(2026, 11, 22, 12, tzinfo=UTC)
DRAFT: Final = TaskDraft(title="mine")
#: How many schedules one test runs, on one database.
BATCH: Final = 10

Call = tuple[str, dict[str, Any]]


class Process:
    """What a server process has of its own."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.tasks = Tasks(database)
        self.history = StoredTaskHistory(database)
        self.tools = TaskTools(self.tasks, self.history, now=lambda: NOW)
        self.cards = TaskCards(self.tasks, now=lambda: NOW)


@dataclass(slots=True, kw_only=True)
class World:
    """A user with tasks and a thread, in two processes."""

    random: random.Random
    user_id: str
    processes: Sequence[Process]
    ids: list[str] = field(default_factory=list)
    lease: Lease | None = None
    questions: list[dict[str, Any]] = field(default_factory=list)
    sent: int = 0

    @property
    def thread_id(self) -> str:
        """The user's only thread."""
        return f"thr_{self.user_id}"

    @property
    def process(self) -> Process:
        """Either of them."""
        return self.random.choice(self.processes)

    def who(self, *calls: Call) -> Caller:
        """The model of the running turn, in a round of these calls."""
        assert self.lease is not None
        return Caller(
            user_id=self.user_id,
            thread_id=self.thread_id,
            turn_id=self.lease.turn_id,
            round=tuple((name, json.dumps(arguments)) for name, arguments in calls),
            shows_cards=True,
        )

    async def message(self) -> None:
        """The user says something."""
        self.sent += 1
        turns = StoredTurns(self.process.database, owner="one", lease_s=60)
        if self.lease is not None:
            await turns.finish(self.lease, Ending(state="done", items=()))
        name = f"{self.user_id}-{self.sent}"
        digest = sha256(name.encode()).digest()
        new = NewTurn(
            turn_id=f"trn_{name}",
            item_id=f"msg_{name}",
            model="m",
            language="en",
            key=RequestKey(key=name, body_hash=digest, explicit=False),
        )
        said = UserMessage(content=(InputText(text="…"),))
        begin = turns.begin_thread if self.sent == 1 else turns.begin_message
        begun = await begin(self.user_id, self.thread_id, new, said, NOW)
        assert isinstance(begun, Begun)
        self.lease = begun.lease

    async def round(self) -> None:
        """The model asks for something; what waits for a click becomes a card."""
        calls = [self._call() for _ in range(self.random.choice((1, 1, 2, 5)))]
        who, process = self.who(*calls), self.process
        offers: list[CardOffer] = []
        for name, arguments in calls:
            with suppress(NotFound):
                result = await process.tools.by_name[name](arguments, who)
                if result.card is not None and result.card.ends_turn:
                    offers.append(result.card)
                if task := result.body.get("task"):
                    self.ids.append(task["id"])
        self.questions += [card.widget for card in await process.cards.show(offers, who)]

    def _call(self) -> Call:
        task_id = self.random.choice(self.ids)
        possible: list[Call] = [
            ("add_task", {"title": f"new {self.random.random()}", "recurrence": "daily"}),
            ("update_task", {"task_id": task_id, "title": f"by model {self.random.random()}"}),
            ("update_task", {"task_id": task_id, "description": "x", "priority": "high"}),
            ("update_task", {"task_id": task_id, "tags": ["free"]}),
            ("complete_task", {"task_id": task_id, "completed": self.random.random() < 0.7}),
            ("delete_task", {"task_id": task_id}),
            ("undo", {}),
        ]
        return self.random.choice(possible)

    async def agent(self) -> None:
        """An agent at /mcp does something, perhaps in both processes at once."""
        calls = [self._call() for _ in range(self.random.choice((1, 4)))]
        await asyncio.gather(*(self._ask(self.process, *call) for call in calls))

    async def _ask(self, process: Process, name: str, arguments: dict[str, Any]) -> None:
        with suppress(NotFound, Forbidden):
            await process.tools.by_name[name](arguments, Caller(user_id=self.user_id))

    async def click(self) -> None:
        """A button of a card, perhaps twice at once, and in another process than its answer."""
        if not self.questions:
            return
        question = self.random.choice(self.questions)
        button = question[self.random.choice(("confirm", "confirm", "cancel"))]["action"]
        action = Action(type=button["type"], payload=button["payload"])
        clicks = range(self.random.choice((1, 2)))
        await asyncio.gather(
            *(self.process.cards.act(action, question, self.who()) for _ in clicks)
        )

    async def user(self) -> None:
        """The user changes, deletes or restores a task."""
        process, task_id = self.process, self.random.choice(self.ids)
        with suppress(NotFound):
            match self.random.choice(("add", "change", "delete", "restore", "restore")):
                case "add":
                    self.ids.append((await process.tasks.add(self.user_id, DRAFT)).id)
                case "change":
                    changes = TaskChanges({"title": f"mine {self.random.random()}"})
                    await process.tasks.update(self.user_id, task_id, changes)
                case "delete":
                    await process.tasks.delete(self.user_id, task_id)
                case "restore":
                    await process.history.restore(self.user_id, task_id, THE_USER)


async def check(world: World) -> None:
    """What must hold at the end."""
    database = world.processes[0].database
    changes = await database.fetch(
        "SELECT seq, task_id, before::text, after::text, author, approved, message_id"
        " FROM task_changes WHERE user_id = $1 ORDER BY seq",
        world.user_id,
    )
    now = await database.fetch(
        "SELECT id, (to_jsonb(tasks) - 'user_id')::text AS row FROM tasks WHERE user_id = $1",
        world.user_id,
    )
    states: dict[Any, str | None] = {}
    for change in changes:  # each begins where the one before it has ended
        assert change["before"] == states.get(change["task_id"]), f"a change is missing: {change}"
        states[change["task_id"]] = change["after"]
    kept = {task_id: state for task_id, state in states.items() if state is not None}
    assert {row["id"]: row["row"] for row in now} == kept, "a change left no trace"
    for author, bound in (("model", "message_id"), ("agent", "author")):
        spent: dict[str, list[Any]] = {}
        for change in changes:
            if change["author"] == author and not change["approved"]:
                spent.setdefault(change[bound], []).append(change)
        for message, made in spent.items():
            deletions = [each for each in made if each["after"] is None]
            overwrites = {each["task_id"] for each in made if _overwrites(each)}
            assert len(deletions) <= MAX_DELETIONS, f"{message} has deleted too much"
            assert len(overwrites) <= MAX_OVERWRITES, f"{message} has overwritten too much"


def _overwrites(change: Any) -> bool:
    if change["before"] is None or change["after"] is None:
        return False
    before, after = json.loads(change["before"]), json.loads(change["after"])
    return any(before[name] != after[name] for name in ("title", "description"))


async def check_undo(world: World) -> None:
    """An undo of an undo, with nothing in between, leaves all as it was."""
    query = (
        "SELECT (to_jsonb(tasks) - 'updated_at')::text AS row FROM tasks WHERE user_id = $1"
        " ORDER BY id"
    )
    database = world.processes[0].database
    await world.message()
    await world.process.tools.by_name["undo"]({}, world.who(("undo", {})))
    before = await database.fetch(query, world.user_id)
    for _ in range(2):
        await world.message()
        await world.process.tools.by_name["undo"]({}, world.who(("undo", {})))
    assert await database.fetch(query, world.user_id) == before


async def run_schedule(seed: int, processes: Sequence[Process]) -> None:
    """One schedule, of a user of its own."""
    chance = random.Random(seed)
    world = World(random=chance, user_id=f"user{seed}", processes=processes)
    for _ in range(4):
        world.ids.append((await world.process.tasks.add(world.user_id, DRAFT)).id)
    await world.message()
    steps = [world.message] * 2 + [world.round] * 4 + [world.click] * 2
    beside = [world.user, world.user, world.agent, world.click]
    for _ in range(chance.randint(8, 20)):
        others = [chance.choice(beside) for _ in range(chance.choice((0, 0, 1, 2)))]
        await asyncio.gather(chance.choice(steps)(), *(other() for other in others))
    await check(world)
    await check_undo(world)
    await check(world)
    await check_amounts(processes[0].database)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    count = metafunc.config.getoption("schedules")
    metafunc.parametrize("first", range(0, count, BATCH))


async def test_no_change_is_lost_and_no_model_does_more_than_it_may(
    first: int, database_url: str
) -> None:
    databases = [await Database.connect(database_url, max_connections=6) for _ in range(2)]
    processes = [Process(database) for database in databases]
    for seed in range(first, first + BATCH):
        try:
            await run_schedule(seed, processes)
        except BaseException as error:
            error.add_note(f"schedule {seed}")
            raise
    for database in databases:
        await database.close()

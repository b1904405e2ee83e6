"""The cards of the task tools on a real database: shown, and clicked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from chatkit.answer.cards import ActionOutcome, Card
from chatkit.protocol import widgets as w
from chatkit.protocol.actions import Action
from chatkit.protocol.calls import CardOffer
from chatkit.todo.tasks import Task, TaskDraft, TaskQuery
from store.postgres import Database
from store.tasks import Tasks
from tests.tools.asker import ANNA, NOW
from tools.cards import TaskCards

TODAY = NOW.date()


class Desk:
    """A user with tasks and the card that is shown to them."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.tasks = Tasks(database)
        self.cards = TaskCards(self.tasks, now=lambda: NOW)
        self.who = ANNA

    async def add(self, title: str, **fields: Any) -> Task:
        return await self.tasks.add("anna", TaskDraft(title=title, **fields))

    async def listed(self, *tasks: Task, more: int = 0) -> Card:
        data = {"task_ids": [task.id for task in tasks], "more": more}
        (card,) = await self.cards.show([CardOffer(name="task_list", data=data)], self.who)
        return card

    async def asked(self, *tasks: Task) -> Card:
        offers = [
            CardOffer(name="confirm_changes", data={"turn_id": "trn_1", "task_id": task.id})
            for task in tasks
        ]
        (card,) = await self.cards.show(offers, self.who)
        return card

    async def act(self, kind: str, payload: Any, on: Card | None = None) -> ActionOutcome:
        """Send an action, with the card as it was stored."""
        shown = None if on is None else json.loads(json.dumps(on.widget))
        outcome = await self.cards.act(Action(type=kind, payload=payload), shown, self.who)
        if outcome.card is not None:
            w.validate(outcome.card.widget)
            assert "null" not in json.dumps(outcome.card.widget)
        return outcome

    async def press(self, card: Card, kind: str, place: int = 0, **fields: Any) -> ActionOutcome:
        """Do what the card offers: the action of that type, the `place`th of them from 0."""
        configs = [each for each in actions(card.widget) if each["type"] == kind]
        return await self.act(kind, {**fields, **configs[place]["payload"]}, card)

    async def titles(self) -> list[str]:
        return [t.title for t in (await self.tasks.list("anna", TaskQuery(today=TODAY))).tasks]


def nodes(tree: w.Node) -> Iterator[w.Node]:
    yield tree
    for child in tree.get("children", []):
        yield from nodes(child)


def actions(tree: w.Node) -> Iterator[dict[str, Any]]:
    for node in nodes(tree):
        for name in ("onChangeAction", "onClickAction"):
            if name in node:
                yield node[name]
        for name in ("confirm", "cancel"):
            if name in node:
                yield node[name]["action"]


def words(card: Card) -> list[str]:
    """All that the card says, in order."""
    named = ("value", "label")
    return [node[name] for node in nodes(card.widget) for name in named if name in node]


def field(card: Card, name: str) -> w.Node:
    (found,) = [node for node in nodes(card.widget) if node.get("name") == name]
    return found

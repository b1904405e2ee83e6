"""A conversation with the demo model over a to-do list in memory, as a server would hold it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from chatkit.answer import asking, drafting
from chatkit.demo.conversation import answer
from chatkit.demo.values import Call
from chatkit.protocol.errors import BadRequest
from chatkit.protocol.structured import Answer
from chatkit.todo.tasks import parse_changes, parse_draft, parse_query
from chatkit.words.catalogue import say_in

SAY = say_in("en")
#: A Wednesday.
TODAY = date(2026, 11, 25)
TOOLS = (
    "add_task", "list_tasks", "complete_task", "update_task", "delete_task", "undo",
    "ask_user", "write_draft",
)  # fmt: skip
SYSTEM = {"role": "system", "content": "You help with tasks."}
MAX_ROUNDS = 8
#: Stands for an answer that ended with a card that asks.
CARD = "(a card asks)"
#: What a thread begins with whose first answer, with the notice, is past.
LATER = {"role": "user", "content": "hello"}, {"role": "assistant", "content": "Hello!"}


class Desk:
    """Says things, runs the tool calls that the model wants, and keeps the messages."""

    def __init__(self, *titles: str, **fields: Any) -> None:
        self.tasks: list[dict[str, Any]] = []
        self.added = 0
        self.refused: list[str] = []
        self.messages: list[dict[str, Any]] = [SYSTEM]
        self.rounds: list[list[tuple[str, dict[str, Any]]]] = []
        self.shows_cards = False  # whether what the tools offer is shown, as a server does
        self.form: list[str] | None = None  # what the user answers to a form, None to skip it
        self.deleted = False  # whether this turn has spent its one deletion
        for title in titles:
            self._add({"title": title, **fields})

    def say(self, text: str | list[dict[str, Any]], choice: str | None = None) -> str:
        """The answer to a message, all of its tool calls done; `rounds` holds what was called.
        `choice` is a tool that the user chose."""
        self.messages.append({"role": "user", "content": text})
        self.rounds = []
        self.deleted = False
        for number in range(MAX_ROUNDS + 1):
            step = answer(self.messages, TOOLS, TODAY, SAY, choice if number == 0 else None)
            if isinstance(step, str):
                self.messages.append({"role": "assistant", "content": step})
                return step
            assert step
            self.rounds.append([(call.name, dict(call.arguments)) for call in step])
            ids = [f"call_{len(self.messages)}_{number}_{n}" for n in range(len(step))]
            self.messages.append(_asking(step, ids))
            alone = [call.name for call in step].count("delete_task") == 1
            waits = False
            for call, call_id in zip(step, ids, strict=True):
                content = "The user sees the draft as a card. Do not repeat it."
                if call.name != drafting.WRITE_DRAFT.name:
                    result = self._run(call.name, dict(call.arguments), alone=alone)
                    waits = waits or result.get("waiting", False)
                    content = json.dumps(result)
                message = {"role": "tool", "tool_call_id": call_id, "content": content}
                self.messages.append(message)
            if waits:  # the turn ends with the card
                return CARD
        raise AssertionError(f"more than {MAX_ROUNDS} rounds for {text!r}")

    @property
    def titles(self) -> list[str]:
        """What is on the list, newest first."""
        return [task["title"] for task in self.tasks]

    def id_of(self, title: str) -> str:
        """The id of the task with that title."""
        return next(str(task["id"]) for task in self.tasks if task["title"] == title)

    def task(self, title: str) -> dict[str, Any]:
        """The task with that title."""
        return next(task for task in self.tasks if task["title"] == title)

    def _run(self, name: str, given: dict[str, Any], *, alone: bool = True) -> dict[str, Any]:
        try:
            if name == "add_task":
                parse_draft(given)
                return {"success": True, "task": self._add(given), "message": "Added."}
            if name == "list_tasks":
                parse_query(given, today=TODAY)
                return self._list(given)
            if name == asking.NAME:
                return self._fill_in(given)
            if name == "undo":
                return {"success": True, "message": "Taken back."}
            if name == "update_task":
                parse_changes(given)
        except BadRequest as error:
            self.refused.append(f"{name} {given}: {error}")
            return {"success": False, "message": str(error)}
        found = [task for task in self.tasks if task["id"] == given["task_id"]]
        if not found:
            return {"success": False, "message": f"There is no task {given['task_id']}."}
        (task,) = found
        if name == "delete_task":
            if self.deleted or not alone:
                return {"success": False, "waiting": True, "message": "Waiting for the user."}
            self.deleted = True
            self.tasks.remove(task)
            return {"success": True, "message": "Deleted."}
        if name == "complete_task":
            before, task["completed"] = task["completed"], given.get("completed", True)
            if before == task["completed"]:
                return {"success": True, "task": dict(task), "message": "It was so already."}
        else:
            empty = {"", "none"}
            task |= {
                key: None if isinstance(value, str) and value in empty else value
                for key, value in given.items()
                if key != "task_id" and value is not None
            }
        return {"success": True, "task": dict(task), "message": "Changed."}

    def _fill_in(self, given: dict[str, Any]) -> dict[str, Any]:
        form = asking.read_questions(json.dumps(given))
        if self.form is None:
            form = replace(form, status="skipped")
        else:
            filled = [
                replace(question, answer=Answer(values=(value,)) if value else Answer(skipped=True))
                for question, value in zip(form.questions, self.form, strict=True)
            ]
            form = replace(form, questions=tuple(filled), status="answered")
        result: dict[str, Any] = json.loads(asking.result_of(form))
        return result

    def _add(self, given: dict[str, Any]) -> dict[str, Any]:
        self.added += 1
        task = {
            "id": f"00000000-0000-4000-8000-{self.added:012d}",
            "description": None,
            "completed": False,
            "priority": "medium",
            "category": None,
            "tags": [],
            "due_date": None,
            "recurrence": None,
            **given,
        }
        self.tasks.insert(0, task)
        return dict(task)

    def _list(self, given: dict[str, Any]) -> dict[str, Any]:
        today, status = TODAY.isoformat(), given.get("status", "all")
        fits: dict[str, Callable[[dict[str, Any]], bool]] = {
            "all": lambda task: True,
            "pending": lambda task: not task["completed"],
            "completed": lambda task: task["completed"],
            "tomorrow": lambda task: task["due_date"] == (TODAY + timedelta(1)).isoformat(),
            "this week": lambda task: today <= (task["due_date"] or "9") <= "2026-11-29",
            "no due date": lambda task: task["due_date"] is None,
            "today": lambda task: task["due_date"] == today and not task["completed"],
            "overdue": lambda task: (task["due_date"] or "9") < today and not task["completed"],
        }
        found = [
            dict(task)
            for task in self.tasks
            if fits[status](task)
            and given.get("priority") in (None, task["priority"])
            and given.get("category") in (None, task["category"])
            and (given.get("tag") is None or given["tag"] in task["tags"])
            and given.get("search", "").lower() in task["title"].lower()
        ]
        ranks: dict[str, Callable[[dict[str, Any]], Any]] = {
            "newest": lambda task: -self.tasks[::-1].index(task),
            "oldest": lambda task: self.tasks[::-1].index(task),
            "due date": lambda task: task["due_date"] or "9",
            "priority": lambda task: ("high", "medium", "low").index(task["priority"]),
            "title": lambda task: task["title"].lower(),
        }
        found.sort(key=ranks[given.get("sort", "newest")])
        start = given.get("offset", 0)
        page = found[start : start + given.get("limit", 50)]
        listed = {"success": True, "tasks": page, "total": len(found), "message": "Listed."}
        return listed | (self._on_card() if page and given.get("show", True) else {})

    def _on_card(self) -> dict[str, Any]:
        return {"shown_as_card": True} if self.shows_cards else {}


def _asking(calls: list[Call], ids: list[str]) -> dict[str, Any]:
    return {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {
                "id": call_id,
                "type": "function",
                "function": {"name": call.name, "arguments": json.dumps(dict(call.arguments))},
            }
            for call, call_id in zip(calls, ids, strict=True)
        ],
    }


def later(*titles: str, **fields: Any) -> Desk:
    """A desk whose first answer, with the notice, is past."""
    desk = Desk(*titles, **fields)
    desk.say("hello")
    return desk

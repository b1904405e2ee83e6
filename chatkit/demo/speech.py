"""Turns tool results into sentences, in Markdown. Failures are reported."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from chatkit.demo.values import Result, TaskView
from chatkit.todo.days import say_day
from chatkit.words.say import Say

_MAX_MESSAGE_CHARS: Final = 300
_NO_SUCH = re.compile(r"\bno such task\b", re.I)
#: Messages of tools that are meant for models.
_TOOL_NAME = re.compile(r"\b[a-z]+_[a-z_]+\b")
_FIELD_CODES: Final = {
    ("priority", "high"): "demo.high_priority",
    ("priority", "low"): "demo.low_priority",
    ("recurrence", "daily"): "demo.every_day",
    ("recurrence", "weekly"): "demo.every_week",
    ("recurrence", "monthly"): "demo.every_month",
}


def escape(text: str) -> str:
    """Escape text for one line of Markdown."""
    return re.sub(r"([\\`*_\[\]<>])", r"\\\1", " ".join(text.split()))


class Speech:
    """Sentences of one language, on one day."""

    def __init__(self, say: Say, today: date) -> None:
        self.say = say
        self.today = today

    def label(self, task: TaskView) -> str:
        """`**Buy milk**`, or `task 2` if the title is unknown."""
        if task.title and task.title.strip():
            return f"**{escape(task.title)}**"
        return self.say("demo.task", number=task.id) if task.id.isdigit() else self.say("demo.it")

    def fields(self, fields: Mapping[str, Any]) -> list[str]:
        """The fields to mention: `due tomorrow`, `high priority`, `work`, `every week`, `#shop`."""
        said: list[str] = []
        if (due := _read_day(fields.get("due_date"))) is not None:
            late = due < self.today and fields.get("completed") is not True
            day = say_day(due, self.today, self.say)
            said.append(self.say("demo.overdue" if late else "demo.due", day=day))
        said += [self.say(c) for (name, v), c in _FIELD_CODES.items() if fields.get(name) == v]
        if isinstance(category := fields.get("category"), str) and category:
            said.append(escape(category))
        tags = fields.get("tags")
        return said + [f"#{escape(str(tag))}" for tag in (tags if isinstance(tags, list) else ())]

    def numbered(self, tasks: Iterable[TaskView]) -> str:
        """A list numbered from 1, with check marks."""
        lines = []
        for number, task in enumerate(tasks, 1):
            title = escape(task.title or "") or self.say("demo.no_title")
            mark = "✅" if task.completed else "☐"
            lines.append(f"{number}. {mark} {' · '.join([title, *self.fields(task.fields)])}")
        return "\n".join(lines)

    def shown(self, result: Result, *, whole: bool) -> str:
        """The answer to "show me …"; `whole` says that all tasks were asked for."""
        if not result.success:
            return self.failure(result)
        if not result.tasks:
            return self.say("demo.empty" if whole else "demo.found_none")
        texts = [self.say("demo.list" if whole else "demo.found", count=result.total)]
        if not result.on_card:
            texts.append(self.numbered(result.tasks))
        if (left := result.total - len(result.tasks)) > 0:
            texts.append(self.say("demo.more", count=left))
        return "\n\n".join(texts)

    def failure(self, result: Result, about: str = "") -> str:
        """The reason of a failure: the tool's own sentence if it is meant for people."""
        if not result.readable:
            return self.say("demo.trouble")
        about = about or self.say("demo.it")
        if _NO_SUCH.search(result.message):
            return self.say("demo.gone", task=about)
        reason = result.message[:_MAX_MESSAGE_CHARS]
        if not reason or _TOOL_NAME.search(reason):
            return self.say("demo.failed", task=about)
        return self.say("demo.failed_because", task=about, reason=escape(reason))

    def done(self, code: str, outcomes: Sequence[tuple[Result, TaskView]]) -> str:
        """The outcome of calls of one kind: the sentence `code` for one task, or the same with
        `_several` above a list of them."""
        good: list[str] = []
        bad: list[str] = []
        for result, asked in outcomes:
            task = result.task if result.task and result.task.title else asked
            if not result.success:
                bad.append(self.failure(result, self.label(task)))
            else:
                good.append(" · ".join([self.label(task), *self.fields(task.fields)]))
        text = list(dict.fromkeys(bad))  # equal failures are reported once
        if len(good) == 1:
            text.insert(0, self.say(code, task=good[0]))
        elif good:
            lines = "\n".join(f"- {line}" for line in good)
            text.insert(0, f"{self.say(f'{code}_several', number=len(good))}\n\n{lines}")
        return "\n\n".join(text)

    def unkept(self, words: str, *, reminds: bool = False) -> list[str]:
        """The parts of a request that were not carried out: a recurrence, and a reminder."""
        texts = [self.say("demo.no_reminder")] if reminds else []
        return [*texts, self.say("demo.no_recurrence", words=escape(words))] if words else texts


def _read_day(value: object) -> date | None:
    try:
        return date.fromisoformat(value[:10]) if isinstance(value, str) else None
    except ValueError:
        return None

"""Tool results -> sentences in Markdown. What failed is told as failed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from chatkit.demo.memory import PAGE
from chatkit.demo.values import Details, Result, TaskView
from chatkit.todo.days import say_day
from chatkit.words.catalogue import ENGLISH, say_in

_REPEATS: Final = {"daily": "every day", "weekly": "every week", "monthly": "every month"}
_LONGEST_MESSAGE: Final = 300
_NO_SUCH = re.compile(r"\bno such task\b", re.I)
_FIRST_BY: Final = {"newest": "newest", "oldest": "oldest", "priority": "most important"}
#: What tools say to models, not to people.
_TOOL_NAME = re.compile(r"\b[a-z]+_[a-z_]+\b")

#: Says what came of one call: its result and the task's label -> a sentence.
Sentence = Callable[[Result, str], str]

TROUBLE: Final = (
    "Sorry, the task list did not answer properly just now. Please try again in a moment."
)


def escape(text: str) -> str:
    """Text that Markdown shows as it is, on one line."""
    return re.sub(r"([\\`*_\[\]<>])", r"\\\1", " ".join(text.split()))


def label(task: TaskView) -> str:
    """`**Buy milk**`, or `task 2` for one whose title is not known."""
    if task.title and task.title.strip():
        return f"**{escape(task.title)}**"
    return f"task {task.id}" if task.id.isdigit() else "the task"


def say_fields(fields: Mapping[str, Any], today: date) -> list[str]:
    """`due tomorrow`, `high priority`, `work`, `every week`, `#shop`: what is worth a word."""
    said: list[str] = []
    if (due := read_day(fields.get("due_date"))) is not None:
        late = due < today and fields.get("completed") is not True
        said.append(f"{'overdue since' if late else 'due'} {say_day(due, today, say_in(ENGLISH))}")
    if (priority := fields.get("priority")) in ("high", "low"):
        said.append(f"{priority} priority")
    if isinstance(category := fields.get("category"), str) and category:
        said.append(escape(category))
    if isinstance(recurrence := fields.get("recurrence"), str) and recurrence in _REPEATS:
        said.append(_REPEATS[recurrence])
    tags = TaskView("", None, fields).tags
    return said + [f"#{escape(tag)}" for tag in tags]


def read_day(value: object) -> date | None:
    """The day of a date or a time, if it is one."""
    try:
        return date.fromisoformat(value[:10]) if isinstance(value, str) else None
    except ValueError:
        return None


def say_list(tasks: Iterable[TaskView], today: date) -> str:
    """A numbered list, from 1, with check marks."""
    lines = []
    for number, task in enumerate(tasks, 1):
        title = escape(task.title or "") or "(no title)"
        parts = [title, *say_fields(task.fields, today)]
        lines.append(f"{number}. {'✅' if task.completed else '☐'} {' · '.join(parts)}")
    return "\n".join(lines)


def say_kind(arguments: Mapping[str, Any], count: int) -> str:
    """`high priority work tasks due today tagged #shop matching “milk”`."""
    status = arguments.get("status", "all")
    words = [f"{arguments['priority']} priority"] if "priority" in arguments else []
    states = {"pending": "open", "completed": "completed", "overdue": "overdue"}
    if not (status == "completed" and arguments.get("span")):
        words.append(states.get(status, ""))
    words += [arguments.get("category", ""), "task" if count == 1 else "tasks"]
    if (span := arguments.get("span")) is not None:
        words.append(f"{'completed' if status == 'completed' else 'due'} {span.name}")
    if status in ("today", "tomorrow", "this week"):
        words.append(f"due {status}")
    if status == "no due date":
        words.append("without a due date")
    if "tag" in arguments:
        words.append(f"tagged #{escape(arguments['tag'])}")
    if "search" in arguments:
        words.append(f"matching “{escape(arguments['search'])}”")
    return " ".join(word for word in words if word)


def say_shown(arguments: Mapping[str, Any], result: Result, today: date) -> str:
    """The answer to "show me …"."""
    if not result.success:
        return say_failure(result)
    asked = {k: v for k, v in arguments.items() if k not in ("limit", "offset", "sort")}
    offset = arguments.get("offset", 0)
    if not result.tasks:
        if offset:
            return "That was all; there are no more tasks in this list."
        if not asked:
            return "Your list is empty. Try “Add a new task: Buy groceries tomorrow”."
        cheer = " 🎉" if asked.get("status") in ("overdue", "pending") and len(asked) == 1 else ""
        return f"You have no {say_kind(asked, 0)}.{cheer}"
    kind = say_kind(asked, result.total)
    done = sum(task.completed for task in result.tasks)
    complete = len(result.tasks) == result.total
    extra = ""
    if done and complete and "status" not in asked:
        some = f"{done} of them" if done < result.total else "all of them"
        extra = f", {some} completed" if result.total > 1 else ", and it is completed"
    head = f"You have **{result.total}** {kind}{extra}"
    if arguments.get("limit", 0) == len(result.tasks) < min(result.total, PAGE):
        head = f"Here are {len(result.tasks)} of your {result.total} {kind}"
    if arguments.get("limit") == 1 and not offset:
        head = f"Your {_FIRST_BY.get(arguments.get('sort', ''), 'first')} {say_kind(asked, 1)}"
    if offset:
        head = f"The next {len(result.tasks)} of {result.total} {kind}"
    text = f"{head}." if result.on_card else f"{head}:\n\n{say_list(result.tasks, today)}"
    left = result.total - offset - len(result.tasks)
    if result.partial:
        text += "\n\nI looked at the first 100 tasks only, so there may be more."
    if left > 0 and arguments.get("limit") != 1:
        text += f"\n\nThere {'is' if left == 1 else 'are'} {left} more: say “show more”."
    return text


def say_failure(result: Result, about: str = "") -> str:
    """What went wrong, in the tool's own sentence where it gave one that is meant for people."""
    if not result.readable:
        return TROUBLE
    if _NO_SUCH.search(result.message):
        missing = about or "that task"
        return (
            f"I can't find {missing}; it may be gone. Say “show me my tasks” to see what there is."
        )
    reason = result.message[:_LONGEST_MESSAGE]
    if not reason or _TOOL_NAME.search(reason):
        reason = "the task list refused it, without a reason."
    return f"That did not work{f' for {about}' if about else ''}: {escape(reason)}"


def say_task(task: TaskView, today: date) -> str:
    """All about a task."""
    said = say_fields(task.fields, today)
    if not task.fields.get("due_date"):
        said.insert(0, "no due date")
    if task.fields.get("priority") == "medium":
        said.append("medium priority")
    line = " · ".join([f"{'✅' if task.completed else '☐'} {label(task)}", *said])
    description = task.fields.get("description")
    return f"{line}\n\n{escape(description)}" if isinstance(description, str) else line


def say_done(outcomes: Sequence[tuple[Result, str]], one: Sentence, many: str, today: date) -> str:
    """The outcome of calls of one kind: a sentence for one, a list under `many` for several.

    Each result comes with the label to use where it holds no task.
    """
    good: list[tuple[Result, str]] = []
    bad: list[str] = []
    for result, name in outcomes:
        if result.success:
            good.append((result, label(result.task) if result.task and result.task.title else name))
        else:
            bad.append(say_failure(result, name))
    text = list(dict.fromkeys(bad))  # one sentence, however many calls met the same trouble
    if len(good) == 1:
        text.insert(0, one(*good[0]))
    elif good:
        lines = [
            " · ".join([f"- {name}", *say_fields(result.task.fields if result.task else {}, today)])
            for result, name in good
        ]
        text.insert(0, f"{many.format(len(good))}\n\n" + "\n".join(lines))
    return "\n\n".join(text)


def say_changes(details: Details, cleared: Iterable[str], today: date) -> str:
    """`due tomorrow, high priority, no category` for an update's own words."""
    fields = details.to_arguments()
    said = say_fields(fields, today)
    if details.priority == "medium":
        said.append("medium priority")
    if details.description:
        said.append("a new description")
    names = {"due_date": "due date", "recurrence": "repetition", "tags": "tags",
             "category": "category", "description": "description"}  # fmt: skip
    said += [f"no {names.get(name, f'tag #{escape(name)}')}" for name in cleared]
    return ", ".join(said)

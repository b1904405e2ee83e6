"""The export for people, as a Markdown document (CommonMark with GitHub's task lists)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, cast

from chatkit.answer.first_title import text_of
from chatkit.portable.markdown import escape, escape_line, heading, quote, tame, url
from chatkit.protocol.bodies import (
    AssistantMessage,
    ClientToolCall,
    GeneratedImage,
    StructuredInput,
    TaskBody,
    UserMessage,
    WidgetBody,
    WorkflowBody,
    parse_body,
)
from chatkit.protocol.items import StoredItem, Thread
from chatkit.todo.labels import say_value
from chatkit.todo.tasks import Task
from chatkit.words.say import Say

#: The prop with the visible text, by component.
_WORDS: Final[Mapping[str, str]] = {
    "Text": "value",
    "Title": "value",
    "Caption": "value",
    "Label": "value",
    "Markdown": "value",
    "Badge": "label",
    "Checkbox": "label",
}
#: Components that become one line.
_LINES: Final = frozenset({"Row", "ListViewItem", "Table.Row"})


class MarkdownExport:
    """See ExportWriter."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._speaker = ""

    def begin(self, exported_at: datetime) -> str:
        """See ExportWriter."""
        return f"*{self._say('export.exported', time=_time(exported_at))}*\n"

    def begin_thread(self, thread: Thread) -> str:
        """See ExportWriter."""
        self._speaker = ""
        title = heading(thread.title) if thread.title else self._say("export.untitled")
        begun = self._say("export.begun", time=_time(thread.created_at))
        return f"\n# {title}\n\n*{begun}*\n"

    def item(self, item: StoredItem) -> str:
        """See ExportWriter."""
        body: dict[str, Any] = json.loads(item.body)
        is_user = item.type == UserMessage.type
        if is_user:
            blocks = _user(cast(UserMessage, parse_body(item.type, body)), self._say)
        else:
            blocks = _assistant(item.type, body, self._say)
        text = "\n\n".join(filter(None, blocks)).strip("\n")
        if not text:
            return ""
        speaker = self._say("export.user") if is_user else self._say("export.assistant")
        head = ""
        if is_user or speaker != self._speaker:
            head = f"\n**{speaker}** · {_time(item.created_at)}\n"
        self._speaker = speaker
        return f"{head}\n{text}\n"

    def end_thread(self) -> str:
        """See ExportWriter."""
        return ""

    def begin_tasks(self) -> str:
        """See ExportWriter."""
        return f"\n# {self._say('export.tasks')}\n\n"

    def task(self, task: Task) -> str:
        """See ExportWriter."""
        return _task(task, self._say)

    def end(self) -> str:
        """See ExportWriter."""
        return ""


def _user(message: UserMessage, say: Say) -> Iterator[str]:
    """The blocks of a user's message, quoted, so that its text cannot look like our headings."""
    if message.quoted_text:
        yield quote(quote(escape(message.quoted_text)))
    text = text_of(message)
    if text.strip():
        yield quote(escape(text))
    names = [escape_line(attachment.name) for attachment in message.attachments]
    if names:
        yield quote(f"*{say('export.attached', names=', '.join(names))}*")


def _assistant(kind: str, body: Mapping[str, Any], say: Say) -> Iterator[str]:
    """The blocks of an item of the assistant."""
    match kind:
        case AssistantMessage.type:
            for part in body["content"]:
                yield tame(part["text"])
                yield _sources(part["annotations"])
        case WorkflowBody.type:
            yield "\n".join(_step(step, say) for step in body["workflow"]["tasks"])
        case TaskBody.type:
            yield _step(body["task"], say)
        case WidgetBody.type:
            text = body.get("copy_text")
            lines = _card(body["widget"])
            yield escape(text) if text else "\n".join(f"- {line}" for line in lines)
        case StructuredInput.type:
            yield "\n".join(_question(question, say) for question in body["inputs"])
        case ClientToolCall.type:
            yield f"- *{say('export.page_asked', name=escape_line(body['name']))}*"
        case GeneratedImage.type:
            yield f"- *{say('export.image_made')}*"


def _sources(annotations: Sequence[Mapping[str, Any]]) -> str:
    """A list of the cited web pages and files, each once."""
    lines: dict[str, None] = {}
    for annotation in annotations:
        source = annotation["source"]
        if source["type"] == "url":
            lines[f"- [{escape_line(source['title'])}](<{url(source['url'])}>)"] = None
        elif source["type"] == "file":
            lines[f"- {escape_line(source['filename'])}"] = None
    return "\n".join(lines)


def _step(step: Mapping[str, Any], say: Say) -> str:
    title = step.get("title")
    if not title:
        match step["type"]:
            case "thought":
                title = say("export.thought")
            case "web_search":
                title = say("export.web_searched")
            case _:
                title = say("export.worked")
    return f"- *{escape_line(title)}*"


def _question(question: Mapping[str, Any], say: Say) -> str:
    answer = question.get("answer")
    given = say("export.not_answered")
    if answer is not None and not answer["skipped"]:
        given = ", ".join(map(escape_line, answer["values"]))
    return f"- {escape_line(question['question'])}: *{given}*"


def _card(node: Mapping[str, Any]) -> Iterator[str]:
    """The lines of text in a card."""
    if node["type"] in _LINES:
        if words := list(_words(node)):
            yield " · ".join(words)
        return
    own = node.get(_WORDS.get(node["type"], ""))
    if own:
        yield escape_line(own)
    for child in _children(node):
        yield from _card(child)


def _words(node: Mapping[str, Any]) -> Iterator[str]:
    own = node.get(_WORDS.get(node["type"], ""))
    if own:
        yield escape_line(own)
    for child in _children(node):
        yield from _words(child)


def _children(node: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    children = node.get("children", ())
    return [children] if isinstance(children, dict) else children


def _task(task: Task, say: Say) -> str:
    about = [
        *([say("task.high_in_line")] if task.priority == "high" else []),
        *([say("task.low_in_line")] if task.priority == "low" else []),
        *([say("task.due_in_line", day=task.due_date.isoformat())] if task.due_date else []),
        *([say_value(task.recurrence, say)] if task.recurrence else []),
        *([say_value(task.category, say)] if task.category else []),
        *(f"#{escape_line(tag)}" for tag in task.tags),
    ]
    line = f"- [{'x' if task.completed else ' '}] {escape_line(task.title)}"
    if about:
        line += f" ({', '.join(about)})"
    if task.description:
        indented = "\n  ".join(escape(task.description).split("\n"))
        return f"{line}\n\n  {indented}\n"
    return line + "\n"


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")

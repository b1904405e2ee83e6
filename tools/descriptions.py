"""The task tools as a model reads them: descriptions, arguments and hints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from mcp.types import Tool, ToolAnnotations

from chatkit.protocol.errors import Sentence
from chatkit.todo.tasks import (
    CATEGORIES,
    MAX_DESCRIPTION,
    MAX_PAGE,
    MAX_TAGS,
    MAX_TITLE,
    PRIORITIES,
    RECURRENCES,
    SORTS,
    STATUSES,
)
from chatkit.words.catalogue import ENGLISH, say_in

_TASK_ID: Final = {
    "type": "string",
    "description": (
        "Which task: its place in the list last shown, counted from 1 (for example 2), or its "
        "id, or the first characters of its id."
    ),
}
_FIELDS: Final[dict[str, dict[str, Any]]] = {
    "title": {
        "type": "string",
        "minLength": 1,
        "maxLength": MAX_TITLE,
        "description": "What is to be done, in the user's own words and language.",
    },
    "description": {
        "type": "string",
        "maxLength": MAX_DESCRIPTION,
        "description": "Details, if the user gave any.",
    },
    "priority": {"type": "string", "enum": [*PRIORITIES], "description": "How urgent it is."},
    "category": {"type": "string", "enum": [*CATEGORIES], "description": "The part of life."},
    "tags": {
        "type": "array",
        "items": {"type": "string"},
        "maxItems": MAX_TAGS,
        "description": "Short labels without '#'.",
    },
    "due_date": {
        "type": "string",
        "description": "The day it is due, as YYYY-MM-DD in the user's calendar.",
    },
    "recurrence": {
        "type": "string",
        "enum": [*RECURRENCES],
        "description": "How often it comes back; completing the task creates the next one.",
    },
}
_REMOVABLE: Final[dict[str, dict[str, Any]]] = {
    "description": {"description": "New details; an empty string removes them."},
    "category": {"enum": [*CATEGORIES, "none"]},
    "tags": {"description": "All its tags from now on; an empty list removes them."},
    "due_date": {
        "description": "The new day, as YYYY-MM-DD in the user's calendar; an empty string "
        "removes it."
    },
    "recurrence": {"enum": [*RECURRENCES, "none"]},
}


def _schema(properties: Mapping[str, Any], *, required: Sequence[str] = ()) -> dict[str, Any]:
    return {"type": "object", "properties": dict(properties), "required": [*required]}


#: Titles of the tools for people: in the language of the chat, and in English for other agents.
TITLES: Final[Mapping[str, Sentence]] = {
    "add_task": Sentence("tool.add_task"),
    "list_tasks": Sentence("tool.list_tasks"),
    "complete_task": Sentence("tool.complete_task"),
    "update_task": Sentence("tool.update_task"),
    "delete_task": Sentence("tool.delete_task"),
    "undo": Sentence("tool.undo"),
}
_ENGLISH: Final = say_in(ENGLISH)

TOOLS: Final = (
    Tool(
        name="add_task",
        title=TITLES["add_task"].in_words(_ENGLISH),
        description="Add a task to the user's to-do list.",
        input_schema=_schema(
            _FIELDS | {"priority": _FIELDS["priority"] | {"default": "medium"}},
            required=["title"],
        ),
        annotations=ToolAnnotations(
            read_only_hint=False, destructive_hint=False, open_world_hint=False
        ),
    ),
    Tool(
        name="list_tasks",
        title=TITLES["list_tasks"].in_words(_ENGLISH),
        description=(
            "List the user's tasks. Number them from 1 in the order returned when showing them: "
            "the other tools take these numbers. Call it again when the user asks for the list, "
            "since tasks also change outside this conversation."
        ),
        input_schema=_schema(
            {
                "status": {
                    "type": "string",
                    "enum": [*STATUSES],
                    "default": "all",
                    "description": (
                        "Which tasks. The statuses that speak of a date hold open tasks only; "
                        "'this week' is Monday to Sunday."
                    ),
                },
                "priority": _FIELDS["priority"] | {"description": "Only of this priority."},
                "category": _FIELDS["category"] | {"description": "Only of this category."},
                "tag": {"type": "string", "description": "Only with this tag."},
                "search": {
                    "type": "string",
                    "description": "Only with these words in the title, description or a tag.",
                },
                "sort": {"type": "string", "enum": [*SORTS], "default": "newest"},
                "limit": {"type": "integer", "minimum": 1, "maximum": MAX_PAGE, "default": 50},
                "offset": {
                    "type": "integer",
                    "minimum": 0,
                    "default": 0,
                    "description": "How many tasks to pass over, for the next part of a long list.",
                },
                "show": {
                    "type": "boolean",
                    "default": True,
                    "description": (
                        "Whether the user is to see this list. false when you only look "
                        "something up."
                    ),
                },
            }
        ),
        annotations=ToolAnnotations(read_only_hint=True, open_world_hint=False),
    ),
    Tool(
        name="complete_task",
        title=TITLES["complete_task"].in_words(_ENGLISH),
        description="Mark a task as completed, or as open again.",
        input_schema=_schema(
            {
                "task_id": _TASK_ID,
                "completed": {
                    "type": "boolean",
                    "default": True,
                    "description": "false opens the task again.",
                },
            },
            required=["task_id"],
        ),
        annotations=ToolAnnotations(
            read_only_hint=False,
            destructive_hint=False,
            idempotent_hint=True,
            open_world_hint=False,
        ),
    ),
    Tool(
        name="update_task",
        title=TITLES["update_task"].in_words(_ENGLISH),
        description=(
            "Change fields of a task. A field that is left out stays as it is. If more than three "
            "titles or descriptions are to change, call this for all of them at once: the user "
            "then decides on a card."
        ),
        input_schema=_schema(
            {
                "task_id": _TASK_ID,
                **{name: rule | _REMOVABLE.get(name, {}) for name, rule in _FIELDS.items()},
                "completed": {"type": "boolean", "description": "Whether it is done."},
            },
            required=["task_id"],
        ),
        annotations=ToolAnnotations(
            read_only_hint=False,
            destructive_hint=False,
            idempotent_hint=True,
            open_world_hint=False,
        ),
    ),
    Tool(
        name="delete_task",
        title=TITLES["delete_task"].in_words(_ENGLISH),
        description=(
            "Delete a task. To finish one, use complete_task. Only when the user asked for it to "
            "be deleted or removed. To delete several, call this for each of them at once: the "
            "user then decides on a card, and nothing is deleted before."
        ),
        input_schema=_schema({"task_id": _TASK_ID}, required=["task_id"]),
        annotations=ToolAnnotations(
            read_only_hint=False, destructive_hint=True, open_world_hint=False
        ),
    ),
    Tool(
        name="undo",
        title=TITLES["undo"].in_words(_ENGLISH),
        description=(
            "Take back all that your last answer that changed tasks has changed. Only when the "
            "user asks to undo it."
        ),
        input_schema=_schema({}),
        annotations=ToolAnnotations(
            read_only_hint=False, destructive_hint=False, open_world_hint=False
        ),
    ),
)

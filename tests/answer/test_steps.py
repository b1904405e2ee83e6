"""A tool call as the step that the user sees."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chatkit.answer.steps import step_of
from chatkit.models.pure.tools import ToolSpec
from chatkit.protocol.calls import Link, ToolCall, ToolResult
from chatkit.protocol.content import FileSource, UrlSource
from chatkit.protocol.workflows import CustomTask, FileTask, ImageTask, WebSearchTask
from tests.wording import SAY

PAGE = Link(title="Tea", uri="https://a.example/tea")
FILE = Link(title="Notes", uri="file:///shelf/notes.md")


def call(name: str = "add_task", arguments: str = "{}") -> ToolCall:
    return ToolCall(call_id="c", name=name, arguments=arguments)


def tool(**fields: Any) -> ToolSpec:
    return ToolSpec(name="add_task", description="", parameters={}, **fields)


def result(*links: Link, failed: bool = False) -> ToolResult:
    return ToolResult(call_id="c", output="", failed=failed, links=links)


def test_a_step_has_the_title_and_the_icon_of_its_tool() -> None:
    known = tool(title="Add a task", icon="plus")
    assert step_of(call(), known, SAY) == CustomTask(
        status="loading", title="Add a task", icon="plus"
    )
    assert step_of(call(), known, SAY, result()) == CustomTask(
        status="complete", title="Add a task", icon="plus"
    )


def test_a_step_of_a_tool_without_a_title_has_the_words_of_its_name() -> None:
    assert step_of(call(), tool(), SAY).title == "add task"
    assert step_of(call(), None, SAY) == CustomTask(status="loading", title="add task")
    assert step_of(call("_"), None, SAY).title is None


def test_a_call_that_failed_says_so() -> None:
    failed = step_of(call(), tool(title="Add a task"), SAY, result(failed=True))
    assert failed == CustomTask(
        status="complete",
        title="Add a task",
        icon="circle-question",
        content="This did not work.",
    )


def test_a_call_that_makes_an_image_is_a_step_of_its_own_kind() -> None:
    drawing = tool(title="Draw", kind="image")
    assert step_of(call(), drawing, SAY) == ImageTask(status="loading", title="Draw")
    assert step_of(call(), drawing, SAY, result()) == ImageTask(status="complete", title="Draw")


@pytest.mark.parametrize(
    ("arguments", "queries"),
    [
        ({"query": "green tea"}, ("green tea",)),
        ({"q": "green tea", "limit": 3}, ("green tea",)),
        ({"queries": ["green tea", 7, "", "oolong"]}, ("green tea", "oolong")),
        ({"search_query": "x" * 300}, ("x" * 200,)),
        ({"limit": 3}, ()),
        ([], ()),
    ],
)
def test_a_call_that_found_pages_is_a_search_for_what_it_was_asked(
    arguments: Any, queries: tuple[str, ...]
) -> None:
    assert step_of(call(arguments=json.dumps(arguments)), None, SAY, result(FILE, PAGE)) == (
        WebSearchTask(
            status="complete",
            title="add task",
            queries=queries,
            sources=(UrlSource(title="Tea", url="https://a.example/tea"),),
        )
    )


def test_a_call_that_found_files_is_a_reading_of_them() -> None:
    folder = Link(title="Drafts", uri="file:///shelf/drafts/")
    assert step_of(call(), None, SAY, result(FILE, folder)) == FileTask(
        status="complete",
        title="add task",
        sources=(
            FileSource(title="Notes", filename="notes.md"),
            FileSource(title="Drafts", filename="Drafts"),
        ),
    )

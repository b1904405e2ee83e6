"""Builds the workflow step that shows a tool call to the user."""

from __future__ import annotations

from typing import Any, Final

from chatkit.models.pure.tools import ToolSpec
from chatkit.protocol.calls import BadArguments, ToolCall, ToolResult, read_arguments
from chatkit.protocol.content import FileSource, UrlSource
from chatkit.protocol.errors import in_words
from chatkit.protocol.workflows import CustomTask, FileTask, ImageTask, Indicator, WebSearchTask
from chatkit.words.say import Say

#: Argument names of search queries, and the longest query that is shown, in characters.
_QUERIES: Final = ("query", "q", "queries", "search_query")
_MAX_QUERY_CHARS: Final = 200


CallStep = CustomTask | WebSearchTask | FileTask | ImageTask


def title_of(tool: ToolSpec | None, name: str, say: Say) -> str:
    """The tool's title for the user; without one, its name with spaces."""
    title = tool.title if tool is not None else ""
    return in_words(title, say) or name.replace("_", " ").strip()


def waiting_for(call: ToolCall, tool: ToolSpec | None, say: Say) -> str:
    """The progress line for a call that takes long."""
    return say("wait.call", title=title_of(tool, call.name, say) or call.name)


def step_of(
    call: ToolCall, tool: ToolSpec | None, say: Say, result: ToolResult | None = None
) -> CallStep:
    """The step of a running call, or, with `result`, of a finished one.

    If the result links to web pages, the step is a web search with sources; if it links to files,
    it is a file step.
    """
    status: Indicator = "loading" if result is None else "complete"
    title = title_of(tool, call.name, say)
    if tool is not None and tool.kind == "image":
        return ImageTask(status=status, title=title)
    pages, files = _sources(result)
    if pages:
        return WebSearchTask(status=status, title=title, queries=_queries(call), sources=pages)
    if files:
        return FileTask(status=status, title=title, sources=files)
    failed = result is not None and result.failed
    return CustomTask(
        status=status,
        title=title or None,
        icon="circle-question" if failed else tool.icon if tool is not None else None,
        content=say("step.failed") if failed else None,
    )


def _sources(result: ToolResult | None) -> tuple[tuple[UrlSource, ...], tuple[FileSource, ...]]:
    links = () if result is None else result.links
    pages = tuple(
        UrlSource(title=link.title, url=link.uri)
        for link in links
        if link.uri.startswith(("https://", "http://"))
    )
    files = tuple(
        FileSource(title=link.title, filename=link.uri.rpartition("/")[2] or link.title)
        for link in links
    )
    return pages, files


def _queries(call: ToolCall) -> tuple[str, ...]:
    try:
        arguments = read_arguments(call.arguments)
    except BadArguments:
        return ()
    given: Any = next((arguments[name] for name in _QUERIES if name in arguments), None)
    queries = given if isinstance(given, list) else [given]
    return tuple(query[:_MAX_QUERY_CHARS] for query in queries if isinstance(query, str) and query)

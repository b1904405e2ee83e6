"""Validates the wire object of an item from an untrusted file.

`bodies.parse_body` does not validate; `checked_body` does that first.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, Required, TypedDict

from chatkit.protocol.bodies import (
    AssistantMessage,
    Body,
    ClientToolCall,
    EndOfTurn,
    GeneratedImage,
    StructuredInput,
    TaskBody,
    UserMessage,
    WidgetBody,
    WorkflowBody,
    parse_body,
)
from chatkit.protocol.calls import is_tool_name
from chatkit.protocol.errors import BadRequest
from chatkit.protocol.widgets import validate
from chatkit.protocol.widgets.checks import Rule, first_fault


class _InputText(TypedDict):
    type: Required[Literal["input_text"]]
    text: Required[str]


class _InputTag(TypedDict, total=False):
    type: Required[Literal["input_tag"]]
    id: Required[str]
    text: Required[str]
    data: dict[str, Any]
    group: str
    interactive: bool


class _Attachment(TypedDict):
    id: Required[str]
    name: Required[str]
    mime_type: Required[str]
    type: Required[Literal["file", "image"]]


class _ToolChoice(TypedDict):
    id: Required[str]


class _InferenceOptions(TypedDict, total=False):
    model: str
    tool_choice: _ToolChoice


class _UserMessage(TypedDict, total=False):
    content: Required[list[_InputText | _InputTag]]
    attachments: Required[list[_Attachment]]
    quoted_text: str
    inference_options: Required[_InferenceOptions]


class _Source(TypedDict, total=False):
    title: Required[str]
    description: str
    timestamp: str
    group: str


class _UrlSource(_Source, total=False):
    type: Required[Literal["url"]]
    url: Required[str]
    attribution: str


class _FileSource(_Source):
    type: Required[Literal["file"]]
    filename: Required[str]


class _EntitySource(_Source, total=False):
    type: Required[Literal["entity"]]
    id: Required[str]
    icon: str
    label: str
    inline_label: str
    interactive: Required[bool]
    data: Required[dict[str, Any]]


class _Annotation(TypedDict, total=False):
    source: Required[_UrlSource | _FileSource | _EntitySource]
    index: int


class _OutputText(TypedDict):
    text: Required[str]
    annotations: Required[list[_Annotation]]


class _AssistantMessage(TypedDict):
    content: Required[list[_OutputText]]


#: Tool names that providers accept. Any other name in the history would make every answer fail.
_ToolName = Annotated[str, Rule("1 to 64 letters, digits, _ or -", is_tool_name)]


class _ClientToolCall(TypedDict):
    status: Required[Literal["pending", "completed"]]
    call_id: Required[str]
    name: Required[_ToolName]
    arguments: Required[dict[str, Any]]


class _Widget(TypedDict, total=False):
    widget: Required[dict[str, Any]]
    copy_text: str


class _Answer(TypedDict):
    values: Required[list[str]]
    skipped: Required[bool]


class _Option(TypedDict):
    value: Required[str]


class _Question(TypedDict, total=False):
    id: Required[str]
    question: Required[str]
    answer: _Answer
    options: list[_Option]
    multiple: bool
    description: str


class _StructuredInput(TypedDict):
    status: Required[Literal["pending", "answered", "skipped"]]
    inputs: Required[list[_Question]]


_Indicator = Literal["none", "loading", "complete"]


class _Step(TypedDict, total=False):
    status_indicator: Required[_Indicator]
    title: str


class _CustomStep(_Step, total=False):
    type: Required[Literal["custom"]]
    icon: str
    content: str


class _ThoughtStep(_Step):
    type: Required[Literal["thought"]]
    content: Required[str]


class _SearchStep(_Step):
    type: Required[Literal["web_search"]]
    queries: Required[list[str]]
    sources: Required[list[_UrlSource]]


class _FileStep(_Step):
    type: Required[Literal["file"]]
    sources: Required[list[_FileSource]]


class _ImageStep(_Step):
    type: Required[Literal["image"]]


_AnyStep = _CustomStep | _ThoughtStep | _SearchStep | _FileStep | _ImageStep


class _Summary(TypedDict, total=False):
    duration: int
    title: str
    icon: str


class _WorkflowObject(TypedDict, total=False):
    type: Required[Literal["custom", "reasoning"]]
    tasks: Required[list[_AnyStep]]
    summary: _Summary
    expanded: Required[bool]


class _Workflow(TypedDict):
    workflow: Required[_WorkflowObject]


class _Task(TypedDict):
    task: Required[_AnyStep]


class _Image(TypedDict):
    id: Required[str]


class _GeneratedImage(TypedDict, total=False):
    image: _Image


class _EndOfTurn(TypedDict):
    pass


_SHAPES: Final[dict[str, type]] = {
    UserMessage.type: _UserMessage,
    AssistantMessage.type: _AssistantMessage,
    ClientToolCall.type: _ClientToolCall,
    WidgetBody.type: _Widget,
    StructuredInput.type: _StructuredInput,
    WorkflowBody.type: _Workflow,
    TaskBody.type: _Task,
    GeneratedImage.type: _GeneratedImage,
    EndOfTurn.type: _EndOfTurn,
}


def checked_body(kind: str, wire: dict[str, Any], path: str) -> Body:
    """Validate and parse the body of a visible item. `wire` has no envelope, `path` is for errors.

    Raises BadRequest: `threads[0].items[3].content[0].text: must be a string`.
    """
    shape = _SHAPES.get(kind)
    if shape is None:
        raise BadRequest(f"{path}.type: must be one of {', '.join(_SHAPES)}")
    # The output of a client tool may be any JSON value, including null.
    ruled = {name: value for name, value in wire.items() if name != "output"}
    if fault := first_fault((shape,), ruled):
        raise BadRequest(f"{path}.{fault}")
    try:
        if kind == WidgetBody.type:
            validate(wire["widget"])
        return parse_body(kind, wire)
    except ValueError as error:  # raised by our own constructors, so the text is safe to show
        raise BadRequest(f"{path}: {error}") from error
    except TypeError as error:
        raise BadRequest(f"{path}: has a member that no {kind} has") from error

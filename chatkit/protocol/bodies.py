"""The body of an item, by kind: all fields except the envelope. To and from wire objects.

user_message         UserMessage        assistant_message    AssistantMessage
client_tool_call     ClientToolCall     widget               WidgetBody
generated_image      GeneratedImage     structured_input     StructuredInput
workflow             WorkflowBody       task                 TaskBody
end_of_turn          EndOfTurn
hidden_context_item  ToolRound, Note    sdk_hidden_context   StopMark    (never on the wire)
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, Literal

from chatkit.protocol.attachments import Attachment, parse_attachment
from chatkit.protocol.calls import CallRecord, Elicitation, Reasoning, ToolCall
from chatkit.protocol.content import (
    Annotation,
    InferenceOptions,
    UserContent,
    parse_annotation,
    parse_inference_options,
    parse_user_content,
)
from chatkit.protocol.links import placeholder
from chatkit.protocol.rules import require, require_one_of
from chatkit.protocol.structured import FormStatus, Question, parse_question
from chatkit.protocol.widgets.components import ROOTS
from chatkit.protocol.workflows import Step, Workflow, parse_step, parse_workflow


@dataclass(frozen=True, slots=True, kw_only=True)
class UserMessage:
    """A message of the user: text and tags in their order, files, and the quoted text."""

    type: ClassVar[str] = "user_message"
    hidden: ClassVar[bool] = False

    content: tuple[UserContent, ...]
    attachments: tuple[Attachment, ...] = ()
    quoted_text: str | None = None
    inference_options: InferenceOptions = field(default_factory=InferenceOptions)

    def to_wire(self) -> dict[str, Any]:
        """The fields except the envelope."""
        wire: dict[str, Any] = {
            "content": [part.to_wire() for part in self.content],
            "attachments": [attachment.to_wire() for attachment in self.attachments],
        }
        if self.quoted_text is not None:
            wire["quoted_text"] = self.quoted_text
        wire["inference_options"] = self.inference_options.to_wire()
        return wire


@dataclass(frozen=True, slots=True, kw_only=True)
class AssistantMessage:
    """The assistant's text: Markdown, in one part. `text` is None until the first delta."""

    type: ClassVar[str] = "assistant_message"
    hidden: ClassVar[bool] = False

    text: str | None
    annotations: tuple[Annotation, ...] = ()

    def to_wire(self) -> dict[str, Any]:
        """The fields except the envelope."""
        return {"content": [] if self.text is None else [output_text(self.text, self.annotations)]}


def output_text(text: str, annotations: tuple[Annotation, ...] = ()) -> dict[str, Any]:
    """An assistant content part."""
    sources = [annotation.to_wire() for annotation in annotations]
    return {"annotations": sources, "text": text, "type": "output_text"}


CallStatus = Literal["pending", "completed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientToolCall:
    """A tool call that the page answers.

    Completed without an output, it was abandoned: the user sent something else first.
    """

    type: ClassVar[str] = "client_tool_call"
    hidden: ClassVar[bool] = False

    call_id: str
    name: str
    arguments: dict[str, Any]
    status: CallStatus = "pending"
    output: Any = None
    has_output: bool = False

    def __post_init__(self) -> None:
        require_one_of(CallStatus, self.status, "status")
        require(bool(self.call_id and self.name), "a call has an id and a name")

    def to_wire(self) -> dict[str, Any]:
        """The fields except the envelope. A null output is written as null, not left out."""
        wire: dict[str, Any] = {
            "status": self.status,
            "call_id": self.call_id,
            "name": self.name,
            "arguments": self.arguments,
        }
        return {**wire, "output": self.output} if self.has_output else wire


@dataclass(frozen=True, slots=True, kw_only=True)
class WidgetBody:
    """A card. `widget` is a tree built by `chatkit.protocol.widgets`."""

    type: ClassVar[str] = "widget"
    hidden: ClassVar[bool] = False

    widget: dict[str, Any]
    copy_text: str | None = None

    def __post_init__(self) -> None:
        require(self.widget.get("type") in ROOTS, "a widget has a root that clients draw")

    def to_wire(self) -> dict[str, Any]:
        """The fields except the envelope."""
        wire: dict[str, Any] = {"widget": self.widget}
        return wire if self.copy_text is None else {**wire, "copy_text": self.copy_text}


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratedImage:
    """An image made by a model. `file_id` is None until the image is finished."""

    type: ClassVar[str] = "generated_image"
    hidden: ClassVar[bool] = False

    file_id: str | None = None

    def to_wire(self) -> dict[str, Any]:
        """The fields except the envelope."""
        if self.file_id is None:
            return {}
        return {"image": {"id": self.file_id, "url": placeholder(self.file_id)}}


@dataclass(frozen=True, slots=True, kw_only=True)
class StructuredInput:
    """Questions to the user. While they are pending, they replace the composer."""

    type: ClassVar[str] = "structured_input"
    hidden: ClassVar[bool] = False

    questions: tuple[Question, ...]
    status: FormStatus = "pending"

    def __post_init__(self) -> None:
        require_one_of(FormStatus, self.status, "status")
        require(bool(self.questions), "a form asks something")

    def to_wire(self) -> dict[str, Any]:
        """The fields except the envelope."""
        return {
            "status": self.status,
            "inputs": [question.to_wire() for question in self.questions],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowBody:
    """The steps that led to an answer."""

    type: ClassVar[str] = "workflow"
    hidden: ClassVar[bool] = False

    workflow: Workflow

    def to_wire(self) -> dict[str, Any]:
        """The fields except the envelope."""
        return {"workflow": self.workflow.to_wire()}


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskBody:
    """One step outside a workflow, such as files that were read."""

    type: ClassVar[str] = "task"
    hidden: ClassVar[bool] = False

    step: Step

    def to_wire(self) -> dict[str, Any]:
        """The fields except the envelope."""
        return {"task": self.step.to_wire()}


@dataclass(frozen=True, slots=True)
class EndOfTurn:
    """Marks the end of a turn that does not end with a message, for example with a card."""

    type: ClassVar[str] = "end_of_turn"
    hidden: ClassVar[bool] = False

    def to_wire(self) -> dict[str, Any]:
        """No field except the envelope."""
        return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolRound:
    """The tool calls of one model answer, each with its result. Never sent to clients.

    `after_text`: the same answer also had text; it is the assistant message just before.
    `carried`: a retry copied it from the answer that it replaces.
    """

    type: ClassVar[str] = "hidden_context_item"
    hidden: ClassVar[bool] = True

    calls: tuple[CallRecord, ...]
    after_text: bool = False
    carried: bool = False
    reasoning: Reasoning | None = None

    def to_wire(self) -> dict[str, Any]:
        """The fields except the envelope, as stored."""
        content: dict[str, Any] = {
            "kind": "tool_round",
            "after_text": self.after_text,
            "carried": self.carried,
            "calls": [call.to_wire() for call in self.calls],
        }
        if self.reasoning is not None:
            content["reasoning"] = self.reasoning.to_wire()
        return {"content": content}


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedCall:
    """A call that waits for the user's permission; the form behind it asks. Never sent to clients.

    `digest` identifies the tool as it was when the user was asked.
    """

    type: ClassVar[str] = "hidden_context_item"
    hidden: ClassVar[bool] = True

    call: ToolCall
    digest: str

    def to_wire(self) -> dict[str, Any]:
        """The fields except the envelope, as stored."""
        call = self.call
        return {
            "content": {
                "kind": "asked_call",
                "call_id": call.call_id,
                "name": call.name,
                "arguments": call.arguments,
                "extra": call.extra,
                "digest": self.digest,
            }
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ElicitedCall:
    """A call whose server asks the user something; the form behind it asks. Never sent to clients.

    `content` holds the values that were answered so far.
    """

    type: ClassVar[str] = "hidden_context_item"
    hidden: ClassVar[bool] = True

    call: ToolCall
    asked: Elicitation
    content: dict[str, Any] = field(default_factory=dict)

    def to_wire(self) -> dict[str, Any]:
        """The fields except the envelope, as stored."""
        return {"content": {"kind": "elicited_call", **asdict(self)}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A hidden sentence that informs the model of an event, stored at its place in the thread.

    `carried`: a retry copied it from the answer that it replaces, or it is about that answer.
    """

    type: ClassVar[str] = "hidden_context_item"
    hidden: ClassVar[bool] = True

    text: str
    carried: bool = False

    def to_wire(self) -> dict[str, Any]:
        """The fields except the envelope, as stored."""
        return {"content": {"kind": "note", "text": self.text, "carried": self.carried}}


@dataclass(frozen=True, slots=True)
class StopMark:
    """Why an answer was cut short. Only the model sees it. In the official SDK's shape."""

    type: ClassVar[str] = "sdk_hidden_context"
    hidden: ClassVar[bool] = True

    text: str

    def to_wire(self) -> dict[str, Any]:
        """The fields except the envelope, as stored."""
        return {"content": self.text}


Body = (
    UserMessage
    | AssistantMessage
    | ClientToolCall
    | WidgetBody
    | GeneratedImage
    | StructuredInput
    | WorkflowBody
    | TaskBody
    | EndOfTurn
    | ToolRound
    | AskedCall
    | ElicitedCall
    | Note
    | StopMark
)


def parse_body(kind: str, wire: dict[str, Any]) -> Body:
    """Parse a stored body that `to_wire` wrote. Raises ValueError for an unknown kind."""
    match kind:
        case UserMessage.type:
            return UserMessage(
                content=tuple(parse_user_content(part) for part in wire["content"]),
                attachments=tuple(parse_attachment(each) for each in wire["attachments"]),
                quoted_text=wire.get("quoted_text"),
                inference_options=parse_inference_options(wire["inference_options"]),
            )
        case AssistantMessage.type:
            parts = wire["content"]
            return AssistantMessage(
                text="".join(part["text"] for part in parts) if parts else None,
                annotations=tuple(
                    parse_annotation(each) for part in parts for each in part["annotations"]
                ),
            )
        case ClientToolCall.type:
            return ClientToolCall(
                call_id=wire["call_id"],
                name=wire["name"],
                arguments=wire["arguments"],
                status=wire["status"],
                output=wire.get("output"),
                has_output="output" in wire,
            )
        case WidgetBody.type:
            return WidgetBody(widget=wire["widget"], copy_text=wire.get("copy_text"))
        case GeneratedImage.type:
            image = wire.get("image")
            return GeneratedImage(file_id=None if image is None else image["id"])
        case StructuredInput.type:
            questions = tuple(parse_question(each) for each in wire["inputs"])
            return StructuredInput(questions=questions, status=wire["status"])
        case WorkflowBody.type:
            return WorkflowBody(workflow=parse_workflow(wire["workflow"]))
        case TaskBody.type:
            return TaskBody(step=parse_step(wire["task"]))
        case EndOfTurn.type:
            return EndOfTurn()
        case StopMark.type:
            return StopMark(wire["content"])
        case Note.type if wire["content"]["kind"] == "note":
            return Note(text=wire["content"]["text"], carried=wire["content"]["carried"])
        case AskedCall.type if wire["content"]["kind"] == "asked_call":
            fields = ("call_id", "name", "arguments", "extra")
            call = ToolCall(**{name: wire["content"][name] for name in fields})
            return AskedCall(call=call, digest=wire["content"]["digest"])
        case ElicitedCall.type if wire["content"]["kind"] == "elicited_call":
            stored = wire["content"]
            return ElicitedCall(
                call=ToolCall(**stored["call"]),
                asked=Elicitation(**stored["asked"]),
                content=stored["content"],
            )
        case ToolRound.type if wire["content"]["kind"] == "tool_round":
            reasoning = wire["content"].get("reasoning")
            return ToolRound(
                calls=tuple(map(CallRecord.parse, wire["content"]["calls"])),
                after_text=wire["content"]["after_text"],
                carried=wire["content"]["carried"],
                reasoning=None if reasoning is None else Reasoning.parse(reasoning),
            )
    raise ValueError(f"a stored item of an unknown shape: {kind}")

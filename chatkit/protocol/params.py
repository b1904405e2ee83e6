"""The parameters of each request type of the protocol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from chatkit.protocol.actions import Action
from chatkit.protocol.content import InferenceOptions, UserContent
from chatkit.protocol.paging import Cursor
from chatkit.protocol.structured import Submission


@dataclass(frozen=True, slots=True, kw_only=True)
class UserInput:
    """A message as the client sends it. `attachments` are ids."""

    content: tuple[UserContent, ...]
    attachments: tuple[str, ...] = ()
    quoted_text: str | None = None
    inference_options: InferenceOptions = field(default_factory=InferenceOptions)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateThread:
    """`threads.create`."""

    input: UserInput


@dataclass(frozen=True, slots=True, kw_only=True)
class AddUserMessage:
    """`threads.add_user_message`."""

    thread_id: str
    input: UserInput


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryAfterItem:
    """`threads.retry_after_item`: answer the user message `item_id` again."""

    thread_id: str
    item_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GetThread:
    """`threads.get_by_id`."""

    thread_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListThreads:
    """`threads.list`."""

    cursor: Cursor


@dataclass(frozen=True, slots=True, kw_only=True)
class ListItems:
    """`items.list`."""

    thread_id: str
    cursor: Cursor


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateThread:
    """`threads.update`. An empty title removes the title; None keeps it.

    Some clients send only `metadata`, for their own use; it changes nothing here.
    """

    thread_id: str
    title: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteThread:
    """`threads.delete`."""

    thread_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddClientToolOutput:
    """`threads.add_client_tool_output`: the output, any JSON, of the pending call.

    Some clients name the call by its item or its own id; else it is the one that is pending.
    """

    thread_id: str
    result: Any
    item_id: str | None = None
    call_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddStructuredInput:
    """`threads.add_structured_input`."""

    thread_id: str
    item_id: str
    submission: Submission


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomAction:
    """`threads.custom_action` (`streams` is true) or `threads.sync_custom_action`.

    `item_id` is the widget that sent the action; None if the page itself sent it.
    """

    thread_id: str
    item_id: str | None
    action: Action
    streams: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeThread:
    """`threads.resume`, sent by third-party clients: stream the rest of the running answer."""

    thread_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SendFeedback:
    """`items.feedback`."""

    thread_id: str
    item_ids: tuple[str, ...]
    kind: Literal["positive", "negative"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateAttachment:
    """`attachments.create`. `size` is in bytes, as declared by the page."""

    name: str
    size: int
    mime_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GetAttachment:
    """`attachments.get_preview`, which the widget's loader lets through."""

    attachment_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteAttachment:
    """`attachments.delete`."""

    attachment_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcribe:
    """`input.transcribe`. `mime_type` has no parameters, for example `audio/webm`."""

    audio: bytes
    mime_type: str


#: Requests that start a turn.
MessageParams = CreateThread | AddUserMessage
ReplyParams = AddClientToolOutput | AddStructuredInput
TurnParams = MessageParams | RetryAfterItem | ReplyParams
#: Requests that are answered by one JSON object.
PlainParams = (
    GetThread
    | ListThreads
    | ListItems
    | UpdateThread
    | DeleteThread
    | SendFeedback
    | CreateAttachment
    | GetAttachment
    | DeleteAttachment
    | Transcribe
)
Params = TurnParams | ResumeThread | CustomAction | PlainParams


def streams(params: Params) -> bool:
    """Whether the response is an event stream. Only the request's type decides."""
    if isinstance(params, CustomAction):
        return params.streams
    return isinstance(params, TurnParams | ResumeThread)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call of the protocol. `metadata` is free-form and set by the embedding page."""

    params: Params
    metadata: Mapping[str, Any]

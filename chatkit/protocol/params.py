"""What a request asks for: one value for each type of the protocol."""

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
    """What a person sends; `attachments` are ids."""

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
    """`threads.update`; an empty title takes the title away, None leaves it alone.

    Some clients send `metadata` alone, which is theirs and changes nothing here.
    """

    thread_id: str
    title: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteThread:
    """`threads.delete`."""

    thread_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddClientToolOutput:
    """`threads.add_client_tool_output`: any JSON for the call that waits for it."""

    thread_id: str
    result: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class AddStructuredInput:
    """`threads.add_structured_input`."""

    thread_id: str
    item_id: str
    submission: Submission


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomAction:
    """`threads.custom_action` and `threads.sync_custom_action`, by `streams`.

    `item_id` is the widget that fired it; None where the page itself did.
    """

    thread_id: str
    item_id: str | None
    action: Action
    streams: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeThread:
    """`threads.resume`, which third-party clients send: what is left of the running answer."""

    thread_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SendFeedback:
    """`items.feedback`."""

    thread_id: str
    item_ids: tuple[str, ...]
    kind: Literal["positive", "negative"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateAttachment:
    """`attachments.create`; `size` in bytes, as the page declares it."""

    name: str
    size: int
    mime_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteAttachment:
    """`attachments.delete`."""

    attachment_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcribe:
    """`input.transcribe`; `mime_type` is the media type alone, such as `audio/webm`."""

    audio: bytes
    mime_type: str


#: What begins a turn.
MessageParams = CreateThread | AddUserMessage
ReplyParams = AddClientToolOutput | AddStructuredInput
TurnParams = MessageParams | RetryAfterItem | ReplyParams
#: What is answered by one JSON object.
PlainParams = (
    GetThread
    | ListThreads
    | ListItems
    | UpdateThread
    | DeleteThread
    | SendFeedback
    | CreateAttachment
    | DeleteAttachment
    | Transcribe
)
Params = TurnParams | ResumeThread | CustomAction | PlainParams


def streams(params: Params) -> bool:
    """Whether the answer is a stream of events, which the type of the request alone decides."""
    if isinstance(params, CustomAction):
        return params.streams
    return isinstance(params, TurnParams | ResumeThread)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call of the protocol. `metadata` is free-form, from the page that embeds the widget."""

    params: Params
    metadata: Mapping[str, Any]

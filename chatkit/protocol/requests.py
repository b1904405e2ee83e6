"""Parses the bytes of a POST body into one typed request. Raises BadRequest naming the field.

Unknown fields are ignored at every level, and null means "absent" for fields with a default
(protocol, section 3): the widget updates itself and may send fields that we do not know.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, cast

from chatkit.protocol.actions import Action
from chatkit.protocol.content import InferenceOptions, InputTag, InputText, UserContent
from chatkit.protocol.errors import BadRequest
from chatkit.protocol.fields import MAX_ID, Fields
from chatkit.protocol.items import MAX_TITLE
from chatkit.protocol.jsontext import loads
from chatkit.protocol.paging import DEFAULT_LIMIT, MAX_LIMIT, MAX_THREADS_LIMIT, Cursor, Order
from chatkit.protocol.params import (
    AddClientToolOutput,
    AddStructuredInput,
    AddUserMessage,
    CreateAttachment,
    CreateThread,
    CustomAction,
    DeleteAttachment,
    DeleteThread,
    GetAttachment,
    GetThread,
    ListItems,
    ListThreads,
    Params,
    Request,
    ResumeThread,
    RetryAfterItem,
    SendFeedback,
    Transcribe,
    UpdateThread,
    UserInput,
)
from chatkit.protocol.structured import Answer, Submission

#: Most items in one feedback request, and most files of one message.
MAX_ITEMS: Final = 100
MAX_ATTACHMENTS: Final = 10


def parse_request(body: bytes) -> Request:
    """Parse a POST body. Raises BadRequest."""
    envelope = Fields(loads(body), "")
    kind = envelope.text("type")
    parse = _PARSERS.get(kind)
    if parse is None:
        raise BadRequest("type: unknown request type")
    # Some clients leave the parameters out where all are optional.
    return Request(
        params=parse(envelope.object("params", default={})),
        metadata=envelope.object("metadata", default={}).fields,
    )


def _create_thread(params: Fields) -> CreateThread:
    return CreateThread(input=_user_input(params.object("input")))


def _add_user_message(params: Fields) -> AddUserMessage:
    return AddUserMessage(
        thread_id=params.id("thread_id"), input=_user_input(params.object("input"))
    )


def _add_client_tool_output(params: Fields) -> AddClientToolOutput:
    if "result" not in params.fields:  # null is a valid result
        raise BadRequest("params.result: is required")
    return AddClientToolOutput(
        thread_id=params.id("thread_id"),
        result=params.fields["result"],
        item_id=params.optional_id("item_id"),
        call_id=params.optional_id("call_id"),
    )


def _add_structured_input(params: Fields) -> AddStructuredInput:
    return AddStructuredInput(
        thread_id=params.id("thread_id"),
        item_id=params.id("item_id"),
        submission=_submission(params.object("input")),
    )


def _submission(wire: Fields) -> Submission:
    answers = wire.object("answers", default={})
    return Submission(
        skipped=wire.choice("status", "answered", "skipped") == "skipped",
        answers={
            question_id: _answer(answers.object(question_id)) for question_id in answers.fields
        },
    )


def _answer(wire: Fields) -> Answer:
    return Answer(values=wire.texts("values", default=[]), skipped=wire.flag("skipped"))


def _retry_after_item(params: Fields) -> RetryAfterItem:
    return RetryAfterItem(thread_id=params.id("thread_id"), item_id=params.id("item_id"))


def _custom_action(params: Fields, *, streams: bool) -> CustomAction:
    action = params.object("action")
    return CustomAction(
        thread_id=params.id("thread_id"),
        item_id=params.optional_id("item_id"),
        action=Action(type=action.text("type"), payload=action.fields.get("payload")),
        streams=streams,
    )


def _streaming_action(params: Fields) -> CustomAction:
    return _custom_action(params, streams=True)


def _sync_action(params: Fields) -> CustomAction:
    return _custom_action(params, streams=False)


def _resume(params: Fields) -> ResumeThread:
    return ResumeThread(thread_id=params.id("thread_id"))


def _get_thread(params: Fields) -> GetThread:
    return GetThread(thread_id=params.id("thread_id"))


def _list_threads(params: Fields) -> ListThreads:
    return ListThreads(cursor=read_cursor(params, MAX_THREADS_LIMIT))


def _list_items(params: Fields) -> ListItems:
    return ListItems(thread_id=params.id("thread_id"), cursor=read_cursor(params))


def _update_thread(params: Fields) -> UpdateThread:
    thread_id = params.id("thread_id")
    if params.fields.get("title") is None and isinstance(params.fields.get("metadata"), dict):
        return UpdateThread(thread_id=thread_id, title=None)
    title = " ".join(params.text("title").split())
    if len(title) > MAX_TITLE:
        raise BadRequest(f"params.title: at most {MAX_TITLE} characters")
    return UpdateThread(thread_id=thread_id, title=title)


def _delete_thread(params: Fields) -> DeleteThread:
    return DeleteThread(thread_id=params.id("thread_id"))


def _feedback(params: Fields) -> SendFeedback:
    kind = params.text("kind")
    if kind not in ("positive", "negative"):
        raise BadRequest("params.kind: must be positive or negative")
    item_ids = params.ids("item_ids")
    if len(item_ids) > MAX_ITEMS:
        raise BadRequest(f"params.item_ids: at most {MAX_ITEMS}")
    return SendFeedback(
        thread_id=params.id("thread_id"),
        item_ids=item_ids,
        kind=cast(Literal["positive", "negative"], kind),
    )


def _create_attachment(params: Fields) -> CreateAttachment:
    return CreateAttachment(
        name=params.text("name"),
        size=params.integer("size"),
        mime_type=params.text("mime_type"),
    )


def _get_attachment(params: Fields) -> GetAttachment:
    return GetAttachment(attachment_id=params.id("attachment_id"))


def _delete_attachment(params: Fields) -> DeleteAttachment:
    return DeleteAttachment(attachment_id=params.id("attachment_id"))


def _transcribe(params: Fields) -> Transcribe:
    try:
        audio = b64decode(params.text("audio_base64"), validate=True)
    except ValueError as error:
        raise BadRequest("params.audio_base64: must be base64") from error
    if not audio:
        raise BadRequest("params.audio_base64: the recording is empty")
    mime_type = params.text("mime_type").partition(";")[0].strip().lower()
    if re.fullmatch(r"(audio|video)/[a-z0-9.+-]{1,40}", mime_type) is None:
        raise BadRequest("params.mime_type: must be a type of audio")
    return Transcribe(audio=audio, mime_type=mime_type)


_PARSERS: Final[dict[str, Callable[[Fields], Params]]] = {
    "threads.create": _create_thread,
    "threads.add_user_message": _add_user_message,
    "threads.add_client_tool_output": _add_client_tool_output,
    "threads.add_structured_input": _add_structured_input,
    "threads.retry_after_item": _retry_after_item,
    "threads.custom_action": _streaming_action,
    "threads.sync_custom_action": _sync_action,
    "threads.resume": _resume,
    "threads.get_by_id": _get_thread,
    "threads.list": _list_threads,
    "threads.update": _update_thread,
    "threads.delete": _delete_thread,
    "items.list": _list_items,
    "items.feedback": _feedback,
    "attachments.create": _create_attachment,
    "attachments.get_preview": _get_attachment,
    "attachments.delete": _delete_attachment,
    "input.transcribe": _transcribe,
}


def read_cursor(params: Fields, max_limit: int = MAX_LIMIT) -> Cursor:
    """The requested page, from the fields `limit`, `order` and `after`. Raises BadRequest."""
    limit = params.optional_integer("limit", in_text=True) or DEFAULT_LIMIT
    if limit < 0:
        raise BadRequest("params.limit: must not be negative")
    order = params.choice("order", "desc", "asc")
    after = params.optional_text("after") or None
    if after is not None and len(after) > MAX_ID:
        raise BadRequest("params.after: unknown cursor", code="invalid_cursor")
    return Cursor(
        limit=min(limit, max_limit),
        order=cast(Order, order),
        after=after,
    )


def _user_input(wire: Fields) -> UserInput:
    content = tuple(_content_part(part) for part in wire.objects("content"))
    attachments = wire.ids("attachments", default=[])
    if len(attachments) > MAX_ATTACHMENTS:
        raise BadRequest(f"{wire.path('attachments')}: at most {MAX_ATTACHMENTS}")
    if not attachments and not any(part.text.strip() for part in content):
        raise BadRequest(f"{wire.path('content')}: the message is empty")
    return UserInput(
        content=content,
        attachments=attachments,
        quoted_text=wire.optional_text("quoted_text"),
        inference_options=_inference_options(wire.object("inference_options", default={})),
    )


def _content_part(part: Fields) -> UserContent:
    kind = part.text("type")
    if kind == "input_text":
        return InputText(text=part.text("text"))
    if kind == "input_tag":
        return InputTag(
            id=part.id("id"),
            text=part.text("text"),
            data=part.object("data", default={}).fields,
            group=part.optional_text("group"),
            interactive=part.flag("interactive"),
        )
    raise BadRequest(f"{part.path('type')}: must be input_text or input_tag")


def _inference_options(wire: Fields) -> InferenceOptions:
    choice = None
    if wire.fields.get("tool_choice") is not None:
        choice = wire.object("tool_choice").id("id")
    return InferenceOptions(model=wire.optional_text("model"), tool_choice=choice)


_TIME_ZONE = re.compile(r"[A-Za-z0-9_+\-/]{1,64}", re.ASCII)


def time_zone_hint(metadata: Mapping[str, Any]) -> str | None:
    """The IANA time zone in `metadata.time_zone`, set by the page. None if absent or malformed."""
    value = metadata.get("time_zone")
    return value if isinstance(value, str) and _TIME_ZONE.fullmatch(value) else None

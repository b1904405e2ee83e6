"""Requests: bytes of a POST body to one typed value, or a BadRequest that names the field.

Unknown fields are ignored at every level, and null means "absent" wherever there is a default
(protocol, section 3): the widget is evergreen and may send more than we know.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

from chatkit.protocol.errors import BadRequest
from chatkit.protocol.items import InferenceOptions, InputTag, InputText, UserContent
from chatkit.protocol.jsontext import loads
from chatkit.protocol.paging import DEFAULT_LIMIT, MAX_LIMIT, Cursor, Order

MAX_TITLE: Final = 255
MAX_ID: Final = 255


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
    """`threads.update`; an empty title takes the title away."""

    thread_id: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteThread:
    """`threads.delete`."""

    thread_id: str


StreamingParams = CreateThread | AddUserMessage | RetryAfterItem
Params = StreamingParams | GetThread | ListThreads | ListItems | UpdateThread | DeleteThread


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call of the protocol. `metadata` is free-form, from the page that embeds the widget."""

    params: Params
    metadata: Mapping[str, Any]


def parse_request(body: bytes) -> Request:
    """The request in a POST body. Raises BadRequest."""
    envelope = _Object(loads(body), "")
    kind = envelope.text("type")
    parse = _PARSERS.get(kind)
    if parse is None:
        raise BadRequest("type: unknown request type")
    return Request(
        params=parse(envelope.object("params")),
        metadata=envelope.object("metadata", default={}).fields,
    )


class _Object:
    """A JSON object under a path, read field by field."""

    __slots__ = ("_path", "fields")

    def __init__(self, value: object, path: str) -> None:
        if not isinstance(value, dict):
            raise BadRequest(f"{path or 'the body'}: must be an object")
        self.fields: dict[str, Any] = value
        self._path = path

    def path(self, name: str) -> str:
        return f"{self._path}.{name}" if self._path else name

    def _get(self, name: str, default: object) -> Any:
        value = self.fields.get(name)
        if value is not None:
            return value
        if default is _REQUIRED:
            problem = "must not be null" if name in self.fields else "is required"
            raise BadRequest(f"{self.path(name)}: {problem}")
        return default

    def _typed(self, name: str, default: object, kind: type, words: str) -> Any:
        value = self._get(name, default)
        if value is not default and (
            not isinstance(value, kind) or (kind is int and isinstance(value, bool))
        ):
            raise BadRequest(f"{self.path(name)}: must be {words}")
        return value

    def text(self, name: str) -> str:
        return cast(str, self._typed(name, _REQUIRED, str, "a string"))

    def optional_text(self, name: str) -> str | None:
        return cast("str | None", self._typed(name, None, str, "a string"))

    def id(self, name: str) -> str:
        value = self.text(name)
        if not 0 < len(value) <= MAX_ID:
            raise BadRequest(f"{self.path(name)}: must be 1 to {MAX_ID} characters")
        return value

    def flag(self, name: str) -> bool:
        return cast(bool, self._typed(name, False, bool, "true or false"))

    def optional_integer(self, name: str) -> int | None:
        return cast("int | None", self._typed(name, None, int, "a whole number"))

    def list(self, name: str) -> list[Any]:
        return cast("list[Any]", self._typed(name, _REQUIRED, list, "an array"))

    def object(self, name: str, default: object = ...) -> _Object:
        value = self._get(name, _REQUIRED if default is ... else default)
        return _Object(value, self.path(name))


_REQUIRED: Final = object()


def _create_thread(params: _Object) -> CreateThread:
    return CreateThread(input=_user_input(params.object("input")))


def _add_user_message(params: _Object) -> AddUserMessage:
    return AddUserMessage(
        thread_id=params.id("thread_id"), input=_user_input(params.object("input"))
    )


def _retry_after_item(params: _Object) -> RetryAfterItem:
    return RetryAfterItem(thread_id=params.id("thread_id"), item_id=params.id("item_id"))


def _get_thread(params: _Object) -> GetThread:
    return GetThread(thread_id=params.id("thread_id"))


def _list_threads(params: _Object) -> ListThreads:
    return ListThreads(cursor=_cursor(params))


def _list_items(params: _Object) -> ListItems:
    return ListItems(thread_id=params.id("thread_id"), cursor=_cursor(params))


def _update_thread(params: _Object) -> UpdateThread:
    title = " ".join(params.text("title").split())
    if len(title) > MAX_TITLE:
        raise BadRequest(f"params.title: at most {MAX_TITLE} characters")
    return UpdateThread(thread_id=params.id("thread_id"), title=title)


def _delete_thread(params: _Object) -> DeleteThread:
    return DeleteThread(thread_id=params.id("thread_id"))


_PARSERS: Final[dict[str, Callable[[_Object], Params]]] = {
    "threads.create": _create_thread,
    "threads.add_user_message": _add_user_message,
    "threads.retry_after_item": _retry_after_item,
    "threads.get_by_id": _get_thread,
    "threads.list": _list_threads,
    "items.list": _list_items,
    "threads.update": _update_thread,
    "threads.delete": _delete_thread,
}


def _cursor(params: _Object) -> Cursor:
    limit = params.optional_integer("limit")
    if limit is not None and limit < 1:
        raise BadRequest("params.limit: must be at least 1")
    order = params.optional_text("order") or "desc"
    if order not in ("asc", "desc"):
        raise BadRequest("params.order: must be asc or desc")
    after = params.optional_text("after")
    if after is not None and not 0 < len(after) <= MAX_ID:
        raise BadRequest("params.after: unknown cursor", code="invalid_cursor")
    return Cursor(
        limit=DEFAULT_LIMIT if limit is None else min(limit, MAX_LIMIT),
        order=cast(Order, order),
        after=after,
    )


def _user_input(wire: _Object) -> UserInput:
    content = tuple(
        _content_part(_Object(part, f"{wire.path('content')}[{place}]"))
        for place, part in enumerate(wire.list("content"))
    )
    attachments = []
    for place, entry in enumerate(wire.list("attachments")):
        if not isinstance(entry, str) or not 0 < len(entry) <= MAX_ID:
            raise BadRequest(f"{wire.path('attachments')}[{place}]: must be an attachment id")
        attachments.append(entry)
    if not attachments and not any(part.text.strip() for part in content):
        raise BadRequest(f"{wire.path('content')}: the message is empty")
    return UserInput(
        content=content,
        attachments=tuple(attachments),
        quoted_text=wire.optional_text("quoted_text"),
        inference_options=_inference_options(wire.object("inference_options", default={})),
    )


def _content_part(part: _Object) -> UserContent:
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


def _inference_options(wire: _Object) -> InferenceOptions:
    choice = None
    if wire.fields.get("tool_choice") is not None:
        choice = wire.object("tool_choice").id("id")
    return InferenceOptions(model=wire.optional_text("model"), tool_choice=choice)


_TIME_ZONE = re.compile(r"[A-Za-z0-9_+\-/]{1,64}", re.ASCII)


def time_zone_hint(metadata: Mapping[str, Any]) -> str | None:
    """The IANA zone that a page may put into `metadata.time_zone`; None where it makes no sense."""
    value = metadata.get("time_zone")
    return value if isinstance(value, str) and _TIME_ZONE.fullmatch(value) else None

"""Every pure function that takes text or bytes from outside, each with how it is called.

A key is `room.module:function` or `room.module:Class.method`. A value gets a text of the seeds;
what it raises for bad input does not matter.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, Final

from chatkit.access import networks, rates, zones
from chatkit.answer import (
    approving,
    asking,
    drafting,
    eliciting,
    first_title,
    form_fields,
    history,
    objectstrings,
    replay,
    writing,
)
from chatkit.demo import conversation, grammar, speech, transcript
from chatkit.edge import (
    cors,
    guest_cookie,
    jwks,
    multipart,
    origins,
    proxies,
    tokens,
)
from chatkit.engine import model_titles
from chatkit.models.pure import (
    answer_guard,
    answer_lines,
    call_pieces,
    citations,
    compose,
    deltas,
    fault_kinds,
    masking,
    openai_chunks,
    provider_rules,
    reasoning,
    thinking,
    tools,
    written_calls,
)
from chatkit.portable import chatgpt, imports, item_shapes, json_parts, markdown
from chatkit.protocol import (
    attachments,
    bodies,
    calls,
    content,
    events,
    file_types,
    jsontext,
    links,
    requests,
    sse,
)
from chatkit.protocol.items import Item
from chatkit.protocol.widgets import tree
from chatkit.todo import tasks
from chatkit.words import catalogue
from tests.linear.seeds import json_of
from tests.wording import SAY
from tools import finding, listed, mending, names, results, schemas

Use = Callable[[str], object]

TODAY: Final = date(2026, 5, 4)
NOW: Final = datetime(2026, 5, 4, tzinfo=UTC)
TOOL: Final = tools.ToolSpec(name="f", description="d", parameters={"type": "object"})


def encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def in_pieces(feed: Callable[[Any], object], text: str | bytes, size: int = 7) -> None:
    """Feed what comes in small pieces, as of a network."""
    for place in range(0, len(text), size):
        feed(text[place : place + size])


def item_of(body: bodies.Body) -> Item:
    return Item(id="msg_1", thread_id="thr_1", created_at=NOW, body=body)


def user_message(text: str) -> bodies.UserMessage:
    return bodies.UserMessage(content=(content.InputText(text=text),))


def upload(body: str) -> None:
    async def read() -> None:
        async def pieces() -> Any:
            for place in range(0, len(data), 1000):
                yield data[place : place + 1000]

        data = encoded(
            f'--a\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\n{body}'
        )
        file = multipart.OneFile("multipart/form-data; boundary=a", pieces())
        await file.open()
        async for _ in file.pieces():
            pass

    asyncio.run(read())


def imported(text: str) -> None:
    parts = json_parts.JsonParts()
    in_pieces(parts.feed, encoded(text), 65536)


def draft(text: str) -> None:
    arguments = json_of({"title": "A title", "text": text})
    writer = drafting.DraftWriter(item_of(bodies.EndOfTurn()), SAY)
    writer.begin()
    in_pieces(writer.grow, arguments, 50)
    writer.close(arguments)


def chunks(text: str) -> None:
    reader = openai_chunks.ChunkReader()
    in_pieces(reader.read, text, 200)


def guarded(text: str) -> None:
    guard = answer_guard.AnswerGuard()
    in_pieces(lambda piece: guard.receive([deltas.TextDelta(piece)]), text)


def logged(text: str) -> list[str]:
    """The events of an answer that is not finished, with fifty letters in each delta."""
    body = {"content": [{"type": "output_text", "text": "", "annotations": []}]}
    stamp = {"id": "msg_1", "thread_id": "thr_1", "created_at": "2026-05-04T00:00:00Z"}
    item = {**stamp, "type": "assistant_message", **body}
    kind = "assistant_message.content_part.text_delta"
    pieces = (text[place : place + 50] for place in range(0, len(text), 50))
    deltas = ({"type": kind, "content_index": 0, "delta": piece} for piece in pieces)
    updates = (
        {"type": "thread.item.updated", "item_id": "msg_1", "update": delta} for delta in deltas
    )
    return [*map(json_of, ({"type": "thread.item.added", "item": item}, *updates))]


def thought(text: str) -> None:
    writer = writing.WorkflowWriter(item_of(bodies.AssistantMessage(text="")), "reasoning")
    writer.begin()
    in_pieces(writer.think, text)


def asked_of(text: str) -> calls.Elicitation:
    """The question of a tool server that has `text` wherever it holds one."""
    schema = {"type": "object", "properties": {text[:100]: {"type": "string", "title": text}}}
    return calls.Elicitation(server="files", message=text, schema=schema)


def with_links(text: str) -> str:
    """An encoded value with as many signed addresses as it is long."""
    return json_of([text, *(links.placeholder(f"atc_{place}") for place in range(len(text) // 50))])


def written(text: str) -> None:
    writer = writing.MessageWriter(item_of(bodies.AssistantMessage(text="")))
    writer.begin()
    in_pieces(writer.write, text)
    writer.close({text[:300]: "tsk_1", "Buy milk": "tsk_2"})


TEXTS: Final[dict[str, Use]] = {
    "protocol.attachments:file_name": attachments.file_name,
    "protocol.bodies:output_text": bodies.output_text,
    "protocol.calls:as_tool_name": calls.as_tool_name,
    "protocol.calls:is_tool_name": calls.is_tool_name,
    "protocol.calls:read_arguments": calls.read_arguments,
    "protocol.content:utf16_index": lambda text: content.utf16_index(text, len(text) // 2),
    "protocol.events:decode_event": events.decode_event,
    "protocol.file_types:declared_type": file_types.declared_type,
    "protocol.file_types:served_type": file_types.served_type,
    "protocol.file_types:audio_type": lambda text: file_types.audio_type(encoded(text)),
    "protocol.file_types:is_whole_image": lambda text: file_types.is_whole_image(
        b"\x89PNG\r\n\x1a\n" + encoded(text)
    ),
    "protocol.file_types:image_type": lambda text: file_types.image_type(encoded(text)),
    "protocol.file_types:Probe.feed": lambda text: in_pieces(
        file_types.Probe().feed, encoded(text)
    ),
    "protocol.jsontext:clean_text": jsontext.clean_text,
    "protocol.jsontext:loads": lambda text: jsontext.loads(encoded(text)),
    "protocol.links:resolve": lambda text: links.resolve(with_links(text), str.upper),
    "protocol.links:resolve_upload": lambda text: links.resolve_upload(with_links(text), str.upper),
    "protocol.links:resolve_bytes": lambda text: links.resolve_bytes(
        encoded(with_links(text)), str.upper
    ),
    "protocol.requests:parse_request": lambda text: requests.parse_request(encoded(text)),
    "protocol.sse:frame_of": sse.frame_of,
    "protocol.sse:line_of": lambda text: sse.line_of(sse.frame_of(text)),
    "protocol.sse:Decoder.receive": lambda text: in_pieces(sse.Decoder().receive, encoded(text)),
    "answer.approving:ApprovalPolicy.parse": approving.ApprovalPolicy.parse,
    "answer.asking:read_questions": asking.read_questions,
    "answer.drafting:DraftWriter.grow": draft,
    "answer.eliciting:check": lambda text: eliciting.check(asked_of(text)),
    "answer.eliciting:bodies_for": lambda text: eliciting.bodies_for(
        calls.ToolCall(call_id="c", name="f", arguments="{}"), asked_of(text), SAY
    ),
    "answer.form_fields:shown": form_fields.shown,
    "answer.first_title:first_line": lambda text: first_title.first_line(user_message(text)),
    "answer.drafting:DraftWriter.close": draft,
    "answer.history:note": history.note,
    "answer.history:to_messages": lambda text: history.to_messages(
        [item_of(user_message(text)), item_of(bodies.AssistantMessage(text=text))],
        history.Clock(zone=UTC, zone_name="UTC", now=NOW),
    ),
    "answer.replay:open_items": lambda text: replay.open_items(logged(text), SAY),
    "answer.objectstrings:ObjectStrings.feed": lambda text: in_pieces(
        objectstrings.ObjectStrings().feed, text
    ),
    "answer.writing:MessageWriter.write": written,
    "answer.writing:MessageWriter.close": written,
    "answer.writing:WorkflowWriter.think": thought,
    "engine.model_titles:read_title": model_titles.read_title,
    "models.pure.answer_guard:tidy": answer_guard.tidy,
    "models.pure.answer_guard:AnswerGuard.receive": guarded,
    "models.pure.answer_lines:AnswerLines.receive": lambda text: in_pieces(
        answer_lines.AnswerLines().receive, encoded(text)
    ),
    "models.pure.call_pieces:mend_pieces": call_pieces.mend_pieces,
    "models.pure.compose:mend_arguments": compose.mend_arguments,
    "models.pure.fault_kinds:kind_of_message": fault_kinds.kind_of_message,
    "models.pure.fault_kinds:missing_in": fault_kinds.missing_in,
    "models.pure.masking:masked": lambda text: masking.masked(text, ["sk-key"], [text]),
    "models.pure.masking:without_quotations": lambda text: masking.without_quotations(text, [text]),
    "models.pure.openai_chunks:ChunkReader.read": chunks,
    "models.pure.reasoning:ReturnedReasoning.add_text": lambda text: in_pieces(
        reasoning.ReturnedReasoning().add_text, text
    ),
    "models.pure.thinking:ThinkingSplitter.receive": lambda text: in_pieces(
        thinking.ThinkingSplitter().receive, text
    ),
    "models.pure.written_calls:may_become_call": written_calls.may_become_call,
    "models.pure.written_calls:read_written_calls": lambda text: written_calls.read_written_calls(
        text, [TOOL]
    ),
    "portable.json_parts:JsonParts.feed": imported,
    "portable.markdown:escape": markdown.escape,
    "portable.markdown:escape_line": markdown.escape_line,
    "portable.markdown:heading": lambda text: markdown.heading(text),
    "portable.markdown:quote": markdown.quote,
    "portable.markdown:tame": markdown.tame,
    "portable.markdown:url": markdown.url,
    "demo.conversation:answer": lambda text: conversation.answer(
        [{"role": "user", "content": text}], ["add_task", "list_tasks"], TODAY, SAY
    ),
    "demo.grammar:understand": lambda text: grammar.understand(text, TODAY),
    "demo.speech:escape": speech.escape,
    "demo.transcript:read_text": transcript.read_text,
    "demo.transcript:read_result": transcript.read_result,
    "words.catalogue:choose_language": catalogue.choose_language,
    "access.networks:network_of": networks.network_of,
    "access.rates:Rate.parse": rates.Rate.parse,
    "access.zones:find_zone": zones.find_zone,
    "edge.cors:normalize_host": cors.normalize_host,
    "edge.guest_cookie:read_cookie": lambda text: guest_cookie.read_cookie(text, "chatkit_guest"),
    "edge.jwks:parse_jwks": lambda text: jwks.parse_jwks(encoded(text)),
    "edge.multipart:is_multipart": multipart.is_multipart,
    "edge.multipart:OneFile": upload,
    "edge.origins:normalize_origin": origins.normalize_origin,
    "edge.origins:is_loopback_origin": origins.is_loopback_origin,
    "edge.proxies:TrustedProxies.client_ip": lambda text: proxies.TrustedProxies.parse(
        "127.0.0.1"
    ).client_ip("127.0.0.1", text),
    "edge.tokens:Token.parse": tokens.Token.parse,
    "tools.results:cleaned": lambda text: results.cleaned(text, max_chars=10_000),
    "tools.names:names_of": lambda text: names.names_of("server", [text], []),
    "tools.finding:find": lambda text: finding.find([TOOL], text),
}


def of_chat(value: Any) -> dict[str, Any]:
    """A chunk of a model's answer with `value` wherever it holds a list."""
    delta = {"content": "x", "annotations": value, "tool_calls": value}
    return {"choices": [{"delta": delta}], "citations": value, "search_results": value}


def conversation_of(value: Any) -> dict[str, Any]:
    """A conversation of ChatGPT that is one long branch, as far as `value` is long."""
    nodes = {
        f"n{number}": {
            "parent": f"n{number - 1}",
            "message": {"author": {"role": "user"}, "content": {"parts": [value]}},
        }
        for number in range(len(value))
    }
    return {"id": "c", "mapping": nodes, "current_node": f"n{len(value) - 1}"}


def names_in(value: Any) -> list[str]:
    """As many different names as `value` has members."""
    return [f"n{number}" for number in range(len(value))]


def card_of(value: Any) -> dict[str, Any]:
    """A card with as many lines as `value` has members."""
    lines = [{"type": "Text", "id": name, "value": "x"} for name in names_in(value)]
    return {"type": "Card", "children": lines}


def schema_of(value: Any) -> dict[str, Any]:
    """A tool's schema with as many properties as `value` has members."""
    return {
        "type": "object",
        "properties": {name: {"type": "string"} for name in names_in(value)},
        "required": names_in(value),
        "x": value,
    }


def importer() -> imports.Importer:
    return imports.Importer("ada", NOW, SAY)


RULES: Final = provider_rules.rules_for("openai", "gpt", own_server=False)

#: Functions that take a JSON value.
VALUES: Final[dict[str, Callable[[Any], object]]] = {
    "protocol.jsontext:clean_value": jsontext.clean_value,
    "protocol.requests:time_zone_hint": requests.time_zone_hint,
    "protocol.widgets.tree:validate": lambda value: tree.validate(card_of(value)),
    "answer.form_fields:fields_of": lambda value: form_fields.fields_of(
        {"type": "object", "properties": {"x": {"type": "string", "enum": names_in(value)}}}
    ),
    "models.pure.citations:read_delta_citations": lambda value: [
        *citations.read_delta_citations({"annotations": value})
    ],
    "models.pure.citations:read_chunk_citations": lambda value: [
        *citations.read_chunk_citations(of_chat(value))
    ],
    "models.pure.compose:compose": lambda value: compose.compose(
        [{"role": "user", "content": "x"}, {"role": "assistant", "content": None}] * len(value),
        model="openai/gpt",
        rules=RULES,
    ),
    "models.pure.fault_kinds:kind_of_error": fault_kinds.kind_of_error,
    "models.pure.fault_kinds:known_kind": fault_kinds.known_kind,
    "models.pure.fault_kinds:message_of": fault_kinds.message_of,
    "models.pure.openai_chunks:ChunkReader.deltas": lambda value: (
        openai_chunks.ChunkReader().deltas(of_chat(value))
    ),
    "portable.chatgpt:read_conversation": lambda value: chatgpt.read_conversation(
        importer(), conversation_of(value), "[0]"
    ),
    "portable.imports:OwnExport.read": lambda value: imports.OwnExport(importer()).read(
        json_parts.Part("threads", 0, {"id": "thr_1", "items": value})
    ),
    "portable.item_shapes:checked_body": lambda value: item_shapes.checked_body(
        "widget", {"widget": card_of(value)}, "items[0]"
    ),
    "todo.tasks:parse_draft": lambda value: tasks.parse_draft(
        {"title": "x", "tags": names_in(value)}
    ),
    "todo.tasks:parse_changes": lambda value: tasks.parse_changes({"tags": names_in(value)}),
    "todo.tasks:parse_query": lambda value: tasks.parse_query(
        dict.fromkeys(names_in(value), "x"), today=TODAY
    ),
    "tools.listed:read_listed": listed.read_listed,
    "tools.mending:mend_schema": lambda value: mending.mend_schema(schema_of(value)),
    "tools.mending:mend_tool": lambda value: mending.mend_tool(
        {"name": "x", "inputSchema": schema_of(value)}
    ),
    "tools.results:is_sendable": results.is_sendable,
    "tools.schemas:first_fault": lambda value: schemas.first_fault(
        {"properties": {"x": {"items": {"enum": ["a"]}}}}, {"x": value}
    ),
}

"""JSON that is valid, nearly valid, or none, for every request that takes JSON."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

#: The place of a piece of text that `json.dumps` would not write.
#: The name of the key whose tokens are `key-pair jwt`.
ISSUER_KID: Final = "one"

_HOLE: Final = "@hole@"

_JUNK: Final[tuple[Any, ...]] = (
    *(
        None,
        True,
        False,
        0,
        -1,
        1,
        101,
        1.0,
        1.5,
        1e308,
        2**31,
        2**63,
        2**64,
        -(2**63) - 1,
        10**400,
    ),
    *("", " ", "0", "-1", "true", "null", "NaN", "\0", "a\0b", "\ud800", "\udfff\ud800", "\ufeff"),
    *("\u202e", "\u2028", "e\u0301", "\U0001f600" * 50, "x" * 256, "x" * 5000, "\r\nx-injected: 1"),
    *("../../etc/passwd", "%00", "'; DROP TABLE tasks; --", "${jndi:x}", "{{7*7}}", "<script>"),
    *([], {}, [[]], [None], [{}], {"": None}, {"__proto__": {}}, {"type": None}, ["x"] * 1000),
    *("9999-12-31", "0001-01-01", "2026-02-30", "10000-01-01", "2026-11-30T25:99"),
    *(float("nan"), float("inf")),
)
_HOLES: Final = (
    *(
        b"NaN",
        b"-Infinity",
        b"1e999",
        b"-1E400",
        b"1e-999",
        b"-0",
        b"01",
        b"+1",
        b".5",
        b"1.",
        b"0x1",
    ),
    *(b"9" * 4000, b"9" * 5000, b"-" + b"1" * 20000, b"1." + b"3" * 5000, b"tru", b"None", b"'x'"),
    *(b'"\\ud800"', b'"\\udc00\\ud800"', b'"\\u0000"', b'"\\u12"', b'"\\x"', b'"\\', b'"\x01"'),
    *(b'"\xff"', b'"\xed\xa0\x80"', b'"\xc0\x80"', b'"\xf4\x90\x80\x80"', b'"a\nb"', b'"\0"'),
    *(b'{"a":1,"a":2}', b"[1,]", b"{,}", b"{1:2}", b"/**/1", b"// x\n1", b"[", b"]", b"}", b""),
)
_TEXTS: Final = (
    *("Hello", "Add a task to buy milk tomorrow", "Show me my tasks", "mark task 1 as complete"),
    *("delete all tasks", "yes", "rename task 1 to \u202e\u0301", "#", "add " * 300, "é" * 400),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Credentials and ids, most of them real, that a request may name."""

    tokens: dict[str, str]
    """`jwt`, `key-pair jwt`, `guest`, `chat` and `mcp` sessions."""
    threads: list[str] = field(default_factory=list)
    items: list[str] = field(default_factory=list)
    tasks: list[str] = field(default_factory=list)
    sessions: list[str] = field(default_factory=list)

    def an_id(self, rng: Random) -> str:
        """Of any kind, mostly a real one."""
        ids = rng.choice((self.threads, self.items, self.tasks, self.sessions, ["thr_x"]))
        return rng.choice(ids) if ids else "x"


def chat_body(rng: Random, known: Known) -> dict[str, Any]:
    """A valid request of the protocol."""
    thread = rng.choice(known.threads)
    content: list[dict[str, Any]] = [{"type": "input_text", "text": rng.choice(_TEXTS)}]
    if rng.random() < 0.2:
        tag = {"type": "input_tag", "id": "t", "text": "tag", "data": {"a": [1]}, "group": "g"}
        content.append(tag | {"interactive": True})
    message = {
        "content": content,
        "attachments": [],
        "quoted_text": rng.choice((None, "quoted")),
        "inference_options": rng.choice(({}, {"model": "x", "tool_choice": {"id": "add_task"}})),
    }
    page = {"limit": rng.choice((1, 20, 1000)), "order": rng.choice(("asc", "desc")), "after": None}
    if rng.random() < 0.3:
        page["after"] = known.an_id(rng)
    kind, params = rng.choice(
        (
            ("threads.create", {"input": message}),
            ("threads.add_user_message", {"thread_id": thread, "input": message}),
            ("threads.retry_after_item", {"thread_id": thread, "item_id": rng.choice(known.items)}),
            ("threads.get_by_id", {"thread_id": thread}),
            ("threads.list", page),
            ("items.list", {"thread_id": thread, **page}),
            ("threads.update", {"thread_id": thread, "title": "A title"}),
            ("threads.resume", {"thread_id": thread}),
            ("threads.add_client_tool_output", {"thread_id": thread, "result": {"n": 1}}),
            (
                "threads.add_structured_input",
                {
                    "thread_id": thread,
                    "item_id": rng.choice(known.items),
                    "input": {"answers": {"q1": {"values": ["x"]}}},
                },
            ),
            *(
                (
                    kind,
                    {
                        "thread_id": thread,
                        "item_id": rng.choice((None, *known.items)),
                        "action": {
                            "type": rng.choice(("task.complete", "task.save", "tasks.keep", "x")),
                            "payload": {
                                "task_id": rng.choice(known.tasks),
                                "task_ids": [*known.tasks],
                                "completed": True,
                            },
                        },
                    },
                )
                for kind in ("threads.custom_action", "threads.sync_custom_action")
            ),
            (
                "items.feedback",
                {"thread_id": thread, "item_ids": [*known.items], "kind": "positive"},
            ),
            ("attachments.get_preview", {"attachment_id": "atc_1"}),
            ("attachments.create", {"name": "a.txt", "size": 5, "mime_type": "text/plain"}),
            ("attachments.delete", {"attachment_id": known.an_id(rng)}),
            ("input.transcribe", {"audio_base64": "UklGRg==", "mime_type": "audio/wav"}),
            ("threads.delete", {"thread_id": known.an_id(rng)}),
        )
    )
    return {"type": kind, "params": params, "metadata": {"time_zone": "Europe/Berlin"}}


def task_body(rng: Random, known: Known) -> dict[str, Any]:
    """A whole task, or what completes one."""
    if rng.random() < 0.2:
        return {"completed": rng.random() < 0.5}
    return {
        "title": "Buy milk",
        "description": rng.choice((None, "the good one")),
        "priority": rng.choice(("high", "medium", "low")),
        "category": rng.choice((None, "work", "health")),
        "tags": ["shop", "#Food"],
        "due_date": rng.choice((None, "2026-11-30", "9999-12-31", "0001-01-01")),
        "recurrence": rng.choice((None, "daily", "weekly", "monthly")),
        "completed": rng.random() < 0.2,
    }


def session_body(rng: Random, known: Known) -> dict[str, Any]:
    """What the session route takes."""
    if rng.random() < 0.3:
        return {"client_secret": known.tokens["chat"]}
    return {"scope": rng.choice(("chat", "mcp")), "expires_in": 60, "name": "n", "origin": None}


def import_body(rng: Random, known: Known) -> Any:
    """A file to import: an export of ours, or of ChatGPT's conversations."""
    at = "2026-11-22T18:52:27Z"
    text = rng.choice(_TEXTS)
    if rng.random() < 0.4:
        said = {"author": {"role": "user"}, "content": {"content_type": "text", "parts": [text]}}
        nodes = {"n1": {"message": {**said, "create_time": 1.7e9}, "parent": "n0"}, "n0": {}}
        return [{"id": "c1", "title": "A", "create_time": 1.7e9, "mapping": nodes}]
    message = {
        "content": [{"type": "input_text", "text": text}],
        "attachments": [],
        "inference_options": {},
    }
    part = {"type": "output_text", "text": text, "annotations": []}
    step = {"type": "custom", "status_indicator": "none", "title": "Add"}
    bodies: tuple[tuple[str, dict[str, Any]], ...] = (
        ("user_message", message),
        ("assistant_message", {"content": [part]}),
        ("workflow", {"workflow": {"type": "custom", "tasks": [step], "expanded": False}}),
        ("widget", {"widget": {"type": "Card", "children": [{"type": "Text", "value": text}]}}),
    )
    items = [
        {"id": f"i{n}", "created_at": at, "type": kind, **body}
        for n, (kind, body) in enumerate(bodies)
    ]
    thread = {"id": known.an_id(rng), "created_at": at, "title": "A", "items": items}
    task = {"id": rng.choice(known.tasks), "created_at": at, **task_body(rng, known)}
    head = {"format": "chatkit-export", "version": 1}
    return {**head, "threads": [thread], "tasks": [{"title": "A", **task}]}


def mcp_body(rng: Random, known: Known) -> Any:
    """A JSON-RPC message of MCP."""
    task = {"task_id": rng.choice((rng.choice(known.tasks), "1", "abcd", "9999"))}
    calls = (
        ("add_task", task_body(rng, known)),
        ("list_tasks", {"status": "all", "sort": "title", "limit": 5, "offset": 1, "tag": "shop"}),
        ("complete_task", {**task, "completed": True}),
        ("update_task", {**task, "title": "Other", "due_date": "2026-11-30"}),
        ("delete_task", task),
    )
    name, arguments = rng.choice(calls)
    client = {"name": "fuzz", "version": "1"}
    version = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client}
    method, params = rng.choice(
        (
            *(("tools/call", {"name": name, "arguments": arguments}),) * 5,
            *(("initialize", version), ("ping", {}), ("tools/list", {}), ("tools/list", None)),
            *(("resources/read", {"uri": "file:///etc/passwd"}), ("logging/setLevel", {})),
            *(("notifications/initialized", {}), ("notifications/cancelled", {"requestId": 1})),
        )
    )
    message: dict[str, Any] = {"jsonrpc": "2.0", "id": rng.choice((1, "a", 0)), "method": method}
    if params is not None:
        message["params"] = params
    if method.startswith("notifications/"):
        del message["id"]
    return [message, message] if rng.random() < 0.05 else message


def mutated(rng: Random, value: Any, times: int) -> Any:
    """A copy with `times` places changed."""
    value = deepcopy(value)
    for _ in range(times):
        places = list(_places(value))
        if not places:
            return _replacement(rng, value)
        parent, key = rng.choice(places)
        match rng.randrange(8):
            case 0:
                del parent[key]
            case 1 if isinstance(parent, dict):
                parent[rng.choice(("", "x", "thread_id", "constructor", "\0", "type"))] = 1
            case 2:
                parent[key] = [parent[key]]
            case 3:
                parent[key] = {"value": parent[key]}
            case 4 if isinstance(parent[key], str):
                parent[key] += rng.choice(("\0", "\ud800", " ", "x" * 300, "\u0301" * 400))
            case _:
                parent[key] = _replacement(rng, parent[key])
    return value


def _places(value: Any) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    pending = [value]
    while pending:
        entry = pending.pop()
        if isinstance(entry, dict):
            keys: list[Any] = list(entry)
        elif isinstance(entry, list):
            keys = list(range(min(len(entry), 20)))
        else:
            continue
        found += [(entry, key) for key in keys]
        pending += [entry[key] for key in keys]
    return found


def _replacement(rng: Random, value: Any) -> Any:
    if rng.random() < 0.3:
        return _HOLE
    if rng.random() < 0.1 and isinstance(value, int):
        return value + rng.choice((-1, 1, 10**6))
    return deepcopy(rng.choice(_JUNK))


def encoded(rng: Random, value: Any) -> bytes:
    """As bytes of JSON, with the odd text in its holes."""
    text = json.dumps(value, ensure_ascii=rng.random() < 0.5, separators=(",", ":"))
    body = text.encode("utf-8", "surrogatepass")
    hole = json.dumps(_HOLE).encode()
    while hole in body:
        body = body.replace(hole, _hole(rng), 1)
    if rng.random() < 0.03:
        body = body.replace(b"{", b'{"type":"threads.list","params":{},', 1)
    return body


def _hole(rng: Random) -> bytes:
    if rng.random() < 0.2:
        depth = rng.choice((10, 61, 62, 63, 64, 65, 66, 500, 1000, 5000, 100_000))
        begin, end = rng.choice(((b"[", b"]"), (b'{"a":', b"}")))
        return begin * depth + b"1" + end * depth
    return rng.choice(_HOLES)


def misencoded(rng: Random, body: bytes) -> bytes:
    """The same text in an encoding that is not UTF-8, or cut, or with bytes in it that are not."""
    text = body.decode("utf-8", "replace")
    match rng.randrange(8):
        case 0:
            name = rng.choice(("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-7"))
            return text.encode(name, "surrogatepass" if name != "utf-7" else "replace")
        case 1:
            return b"\xef\xbb\xbf" + body
        case 2:
            return body[: rng.randrange(len(body) + 1)]
        case 3:
            return body + rng.choice((b"x", b"\0", body, b"\xff", b" ", b"\r\n", b"}"))
        case 4:
            return rng.randbytes(rng.randrange(300))
        case 5:
            return b""
        case _:
            bad = (b"\xff", b"\xc0\xaf", b"\xe0\x80\xaf", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80")
            place = rng.randrange(len(body) + 1)
            return body[:place] + rng.choice((*bad, b"\0", b"\x80", b"\x7f")) + body[place:]

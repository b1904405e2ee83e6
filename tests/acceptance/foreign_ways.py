"""Every way to name something by its id: operations of the protocol, routes, tools."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Final

import jwt

from app import Services
from tests.acceptance.server import said
from tests.edge.calls import Answer, call
from tests.files import END, MULTIPART, part

SECRET: Final = "the secret that Better Auth and this server share"
#: A file as a page sends it.
FORM: Final = part(b"words", name="a.txt", mime_type="text/plain") + END


@dataclass(frozen=True, slots=True, kw_only=True)
class Ids:
    """What there is to name. `running` is a thread in which an answer is being written."""

    thread: str
    running: str
    item: str
    task: str
    session: str
    client_secret: str
    attachment: str


NOTHING: Final = Ids(
    thread="thr_" + "0" * 32,
    running="thr_" + "1" * 32,
    item="msg_" + "0" * 32,
    task="00000000-0000-4000-8000-000000000000",
    session="00000000-0000-4000-8000-000000000000",
    client_secret="cks_" + "A" * 43,
    attachment="atc_" + "0" * 32,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A request that names something."""

    method: str
    path: str
    body: object = b""
    idempotency_key: str | None = None

    async def go(self, services: Services, user_id: str) -> Answer:
        fields = {"authorization": f"Bearer {token(user_id)}"}
        if self.idempotency_key is not None:
            fields["idempotency_key"] = self.idempotency_key
        if self.path == "/mcp":
            fields |= {"content_type": "application/json", "accept": "application/json"}
        if self.body == FORM:
            fields["content_type"] = MULTIPART
        return await call(services.router, self.method, self.path, body=self.body, **fields)


def token(user_id: str) -> str:
    return jwt.encode({"sub": user_id, "exp": int(time.time() + 600)}, SECRET, "HS256")


CLICK: Final = {"type": "task.cancel_edit", "payload": {}}


def chat(operation: str, /, **params: Any) -> Way:
    return Way(method="POST", path="/api/chatkit", body={"type": operation, "params": params})


def tool(name: str, **arguments: Any) -> Way:
    params = {"name": name, "arguments": arguments}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    return Way(method="POST", path="/mcp", body=body)


def messages(thread: str, attachment: str) -> dict[str, Any]:
    return {"thread_id": thread, "input": {**said("hi"), "attachments": [attachment]}}


def operations(ids: Ids, own: Ids) -> dict[str, Way]:
    """By operation and place. `own` is the asker's, for ids that come in pairs."""
    threads = {"": ids.thread, " that runs": ids.running}
    ways: dict[str, Way] = {}
    for note, thread in threads.items():
        ways |= {
            f"threads.get_by_id{note}": chat("threads.get_by_id", thread_id=thread),
            f"items.list{note}": chat("items.list", thread_id=thread),
            f"items.list{note} after": chat("items.list", thread_id=thread, after=ids.item),
            f"threads.add_user_message{note}": chat(
                "threads.add_user_message", thread_id=thread, input=said("hi")
            ),
            f"threads.retry_after_item{note}": chat(
                "threads.retry_after_item", thread_id=thread, item_id=ids.item
            ),
            f"threads.add_client_tool_output{note}": chat(
                "threads.add_client_tool_output", thread_id=thread, result={}
            ),
            f"threads.add_structured_input{note}": chat(
                "threads.add_structured_input", thread_id=thread, item_id=ids.item, input={}
            ),
            f"threads.custom_action{note}": chat(
                "threads.custom_action", thread_id=thread, item_id=ids.item, action=CLICK
            ),
            f"threads.sync_custom_action{note}": chat(
                "threads.sync_custom_action", thread_id=thread, item_id=ids.item, action=CLICK
            ),
            f"threads.resume{note}": chat("threads.resume", thread_id=thread),
            f"items.feedback{note}": chat(
                "items.feedback", thread_id=thread, item_ids=[ids.item], kind="positive"
            ),
            f"threads.update{note}": chat("threads.update", thread_id=thread, title="Mine"),
            f"threads.delete{note}": chat("threads.delete", thread_id=thread),
        }
    return ways | {
        "items.list by a foreign cursor": chat("items.list", thread_id=own.thread, after=ids.item),
        "threads.list by a foreign cursor": chat("threads.list", after=ids.thread),
        "threads.retry_after_item of a foreign item": chat(
            "threads.retry_after_item", thread_id=own.thread, item_id=ids.item
        ),
        "threads.add_structured_input to a foreign item": chat(
            "threads.add_structured_input", thread_id=own.thread, item_id=ids.item, input={}
        ),
        "threads.custom_action of a foreign item": chat(
            "threads.custom_action", thread_id=own.thread, item_id=ids.item, action=CLICK
        ),
        "threads.custom_action on a foreign task": chat(
            "threads.custom_action",
            thread_id=own.thread,
            action={"type": "task.delete", "payload": {"task_id": ids.task}},
        ),
        "threads.sync_custom_action on a foreign task": chat(
            "threads.sync_custom_action",
            thread_id=own.thread,
            action={"type": "task.complete", "payload": {"task_id": ids.task, "completed": True}},
        ),
        "items.feedback on a foreign item": chat(
            "items.feedback", thread_id=own.thread, item_ids=[ids.item], kind="positive"
        ),
        "attachments.delete": chat("attachments.delete", attachment_id=ids.attachment),
        "attachments.get_preview": chat("attachments.get_preview", attachment_id=ids.attachment),
        "threads.create with a foreign attachment": chat(
            "threads.create", input={**said("hi"), "attachments": [ids.attachment]}
        ),
        "threads.add_user_message with a foreign attachment": chat(
            "threads.add_user_message", **messages(own.thread, ids.attachment)
        ),
    }


def routes(ids: Ids) -> dict[str, Way]:
    """By method and pattern."""
    ways = {
        "DELETE /api/chatkit/session/{id}": Way(
            method="DELETE", path=f"/api/chatkit/session/{ids.session}"
        ),
        "DELETE /api/chatkit/session": Way(
            method="DELETE", path="/api/chatkit/session", body={"client_secret": ids.client_secret}
        ),
        "GET /api/chatkit/session": Way(
            method="GET", path=f"/api/chatkit/session?after={ids.session}"
        ),
        "PUT /api/chatkit/upload/{id}": Way(
            method="PUT", path=f"/api/chatkit/upload/{ids.attachment}", body=b"words"
        ),
        "POST /api/chatkit/upload/{id}": Way(
            method="POST", path=f"/api/chatkit/upload/{ids.attachment}", body=FORM
        ),
        "GET /api/chatkit/files/{id}": Way(
            method="GET", path=f"/api/chatkit/files/{ids.attachment}"
        ),
        "GET /api/chatkit/entities/{id}/preview": Way(
            method="GET", path=f"/api/chatkit/entities/{ids.task}/preview"
        ),
        "GET /api/tasks": Way(method="GET", path=f"/api/tasks?after={ids.task}"),
        "GET /api/tasks/{id}": Way(method="GET", path=f"/api/tasks/{ids.task}"),
        "PUT /api/tasks/{id}": Way(
            method="PUT", path=f"/api/tasks/{ids.task}", body={"title": "Mine"}
        ),
        "PATCH /api/tasks/{id}": Way(
            method="PATCH", path=f"/api/tasks/{ids.task}", body={"title": "Mine"}
        ),
        "POST /api/tasks/{id}/restore": Way(method="POST", path=f"/api/tasks/{ids.task}/restore"),
        "DELETE /api/tasks/{id}": Way(method="DELETE", path=f"/api/tasks/{ids.task}"),
        "PATCH /api/tasks/{id}/complete": Way(
            method="PATCH", path=f"/api/tasks/{ids.task}/complete", body={"completed": True}
        ),
    }
    for note, thread in (("", ids.thread), (" that runs", ids.running)):
        place = f"/api/chatkit/threads/{thread}"
        ways |= {
            f"GET /api/chatkit/threads/{{id}}/events{note}": Way(
                method="GET", path=f"{place}/events"
            ),
            f"GET /api/chatkit/threads/{{id}}/events{note} after": Way(
                method="GET", path=f"{place}/events?after=1"
            ),
            f"GET /api/chatkit/export{note}": Way(
                method="GET", path=f"/api/chatkit/export?thread_id={thread}"
            ),
            f"PUT /api/chatkit/threads/{{id}}/status{note}": Way(
                method="PUT", path=f"{place}/status", body={"type": "locked"}
            ),
            f"POST /api/chatkit/threads/{{id}}/cancel{note}": Way(
                method="POST", path=f"{place}/cancel"
            ),
        }
    return ways


def tools(ids: Ids) -> dict[str, Way]:
    """By tool and how the task is named."""
    named = {"": ids.task, " by its beginning": ids.task[:13]}
    return {
        f"{name}{note}": tool(name, task_id=reference, **more)
        for name, more in (
            ("complete_task", {}),
            ("update_task", {"title": "Mine"}),
            ("delete_task", {}),
        )
        for note, reference in named.items()
    }


def ways_to(ids: Ids, own: Ids) -> dict[str, Way]:
    return operations(ids, own) | routes(ids) | tools(ids)

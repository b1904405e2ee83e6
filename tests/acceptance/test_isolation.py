"""Users never see each other's threads, items and tasks; and who is nobody sees nothing."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Final

import httpx
import jwt
import pytest
import pytest_asyncio

from tests.acceptance.server import SECRET, ServerProcess, body_of, said
from tests.model_server import ModelServer

pytestmark = pytest.mark.asyncio(loop_scope="session")

NOBODY_S: Final = "0" * 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    """Ids of what one user has."""

    thread: str
    message: str
    answer: str
    task: str


#: Of nothing.
UNKNOWN: Final = Owned(
    thread=f"thr_{NOBODY_S}",
    message=f"msg_{NOBODY_S}",
    answer=f"msg_{NOBODY_S}",
    task="00000000-0000-4000-8000-000000000000",
)


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def owned(scripted_server: ServerProcess) -> Owned:
    """What Ada has."""
    token = scripted_server.jwt("ada")
    answer = await scripted_server.say("A secret of Ada's", token)
    task = await scripted_server.post("/api/tasks", token, json={"title": "Ada's task"})
    return Owned(
        thread=answer.thread_id,
        message=answer.message_id,
        answer=answer.done[-1]["id"],
        task=task.json()["id"],
    )


def chat(kind: str, **params: Any) -> tuple[str, str, Any]:
    return "POST", "/api/chatkit", body_of(kind, params)


def requests_for(owned: Owned, own: Owned) -> dict[str, tuple[str, str, Any]]:
    """Every way to name what is owned. `own` is the asker's, for ids that come in pairs."""
    events = f"/api/chatkit/threads/{owned.thread}/events"
    return {
        "get": chat("threads.get_by_id", thread_id=owned.thread),
        "items": chat("items.list", thread_id=owned.thread),
        "items after": chat("items.list", thread_id=owned.thread, after=owned.message),
        "foreign item cursor": chat("items.list", thread_id=own.thread, after=owned.message),
        "thread cursor": chat("threads.list", after=owned.thread),
        "say": chat("threads.add_user_message", thread_id=owned.thread, input=said("hi")),
        "retry": chat("threads.retry_after_item", thread_id=owned.thread, item_id=owned.message),
        "retry in own thread": chat(
            "threads.retry_after_item", thread_id=own.thread, item_id=owned.message
        ),
        "rename": chat("threads.update", thread_id=owned.thread, title="Mine"),
        "delete": chat("threads.delete", thread_id=owned.thread),
        "cancel": ("POST", f"/api/chatkit/threads/{owned.thread}/cancel", None),
        "events": ("GET", events, None),
        "events after": ("GET", f"{events}?after=1", None),
        "task": ("GET", f"/api/tasks/{owned.task}", None),
        "task cursor": ("GET", f"/api/tasks?after={owned.task}", None),
        "replace task": ("PUT", f"/api/tasks/{owned.task}", {"title": "Mine"}),
        "change task": ("PATCH", f"/api/tasks/{owned.task}", {"title": "Mine"}),
        "complete task": ("PATCH", f"/api/tasks/{owned.task}/complete", {"completed": True}),
        "restore task": ("POST", f"/api/tasks/{owned.task}/restore", None),
        "delete task": ("DELETE", f"/api/tasks/{owned.task}", None),
    }


def seen(answer: httpx.Response) -> tuple[int, str, dict[str, str]]:
    """All that a caller can tell an answer by."""
    changing = ("x-request-id", "date")
    headers = {name: text for name, text in answer.headers.items() if name not in changing}
    return answer.status_code, answer.text, headers


@pytest.mark.parametrize("way", requests_for(UNKNOWN, UNKNOWN))
async def test_another_users_id_is_the_same_as_none(
    scripted_server: ServerProcess, model: ModelServer, owned: Owned, way: str
) -> None:
    server = scripted_server
    bob = server.jwt("bob")
    first = await server.say("Hello", bob)
    own = Owned(thread=first.thread_id, message=first.message_id, answer="", task="")
    asked = len(model.requests)

    async def ask(of: Owned) -> tuple[int, str, dict[str, str]]:
        method, path, body = requests_for(of, own)[way]
        return seen(await server.request(method, path, bob, json=body))

    status, text, headers = await ask(owned)
    assert (status, text, headers) == await ask(UNKNOWN)
    expected = 400 if "cursor" in way else 200 if way == "delete" else 404
    assert (status, headers["content-type"]) == (expected, "application/json")
    assert len(model.requests) == asked  # nothing was begun

    ada = server.jwt("ada")
    assert await server.tasks(ada) == [("Ada's task", False)]
    thread = await server.read("threads.get_by_id", ada, thread_id=owned.thread)
    assert thread["title"] == "A secret of Ada's"
    assert [item["id"] for item in thread["items"]["data"]] == [owned.message, owned.answer]


async def test_lists_hold_the_askers_own_alone(
    scripted_server: ServerProcess, model: ModelServer, owned: Owned
) -> None:
    server = scripted_server
    eve = server.jwt("eve")
    assert await server.read("threads.list", eve, limit=9999) == {"data": [], "has_more": False}
    assert await server.tasks(eve) == []
    own = await server.say("Hello", eve)
    listed = await server.read("threads.list", eve)
    assert [thread["id"] for thread in listed["data"]] == [own.thread_id]
    assert "Ada" not in str(model.requests[-1].body)


async def test_guests_are_users_of_their_own(demo_server: ServerProcess) -> None:
    first, second = await demo_server.guest(), await demo_server.guest()
    said_first = await demo_server.say("Add tea", first)
    assert await demo_server.tasks(first) != []
    assert await demo_server.tasks(second) == []
    foreign = {"thread_id": said_first.thread_id}
    assert (await demo_server.ask("threads.get_by_id", foreign, second)).status_code == 404


def token_of(secret: str = SECRET, algorithm: str = "HS256", **claims: Any) -> str:
    return jwt.encode({"sub": "ada", "exp": time.time() + 600, **claims}, secret, algorithm)


CREDENTIALS: Final = {
    "none": {},
    "garbage": {"authorization": "Bearer garbage"},
    "three parts of garbage": {"authorization": "Bearer a.b.c"},
    "another scheme": {"authorization": "Basic YWRhOnBhc3N3b3Jk"},
    "no token": {"authorization": "Bearer"},
    "alg none": {"authorization": f"Bearer {token_of('', 'none')}"},
    "expired": {"authorization": f"Bearer {token_of(exp=int(time.time()) - 3600)}"},
    "without exp": {"authorization": f"Bearer {jwt.encode({'sub': 'ada'}, SECRET)}"},
    "not yet valid": {"authorization": f"Bearer {token_of(nbf=int(time.time()) + 3600)}"},
    "wrong secret": {"authorization": f"Bearer {token_of('x' * 40)}"},
    "another algorithm": {"authorization": f"Bearer {token_of(SECRET * 2, 'HS512')}"},
    "without a user": {"authorization": f"Bearer {token_of(sub='')}"},
    "a guest's name": {"authorization": f"Bearer {token_of(sub='guest_1')}"},
    "a cookie of garbage": {"cookie": "auth_token=garbage"},
    "no session of ours": {"authorization": f"Bearer cks_{NOBODY_S}"},
}
GUARDED: Final = [
    ("POST", "/api/chatkit"),
    ("POST", "/api/chatkit/"),
    ("POST", "/api/chatkit/session"),
    ("GET", f"/api/chatkit/threads/{UNKNOWN.thread}/events"),
    ("POST", f"/api/chatkit/threads/{UNKNOWN.thread}/cancel"),
    ("POST", "/api/chatkit/upload"),
    ("PUT", f"/api/chatkit/upload/atc_{NOBODY_S}"),
    ("GET", f"/api/chatkit/files/atc_{NOBODY_S}"),
    ("GET", "/api/tasks"),
    ("POST", "/api/tasks"),
    ("DELETE", f"/api/tasks/{UNKNOWN.task}"),
]


@pytest.mark.parametrize("credential", CREDENTIALS)
async def test_who_is_nobody_is_told_to_sign_in(
    scripted_server: ServerProcess, credential: str
) -> None:
    for method, path in GUARDED:
        answer = await scripted_server.request(
            method, path, headers=CREDENTIALS[credential], json=body_of("threads.list", {})
        )
        assert answer.status_code == 401, (method, path, answer.text)
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.headers["content-type"] == "application/json"
        assert answer.json()["error"]["code"] == "unauthorized"


async def test_no_guest_is_let_in_where_people_sign_in(scripted_server: ServerProcess) -> None:
    answer = await scripted_server.post("/api/auth/guest")
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "guests_off"

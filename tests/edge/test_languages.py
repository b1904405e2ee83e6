"""What a person reads comes in the language that their browser asks for, and stays so."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, Final

import jwt
import pytest

from app import Services
from chatkit.words.catalogue import CATALOGUES, ENGLISH, Catalogue, Template
from tests.edge.application import running
from tests.edge.calls import Answer
from tests.frames import events_in
from tests.harness import ask
from tests.wording import add_catalogue

SECRET: Final = "the secret that sign-in and server share"
#: What every sentence of the language begins with that is made up for these tests.
MARK: Final = "~"
#: Its header. No browser names it, and English is the second choice.
HEADER: Final = "xx-YY, en;q=0.7"


def _marked(template: Template) -> Template:
    if isinstance(template, str):
        return MARK + template
    return {category: MARK + form for category, form in template.items()}


@pytest.fixture(autouse=True)
def _another_language(monkeypatch: pytest.MonkeyPatch) -> None:
    english = CATALOGUES[ENGLISH]
    marked = {code: _marked(template) for code, template in english.sentences.items()}
    other = Catalogue(language="xx", sentences=marked, plural=english.plural)
    add_catalogue(monkeypatch, other)


@pytest.fixture
async def services(database_url: str) -> AsyncIterator[Services]:
    async with running(
        database_url, BETTER_AUTH_SECRET=SECRET, MODEL="demo/tasks", RATE_LIMIT_USER="5/minute"
    ) as services:
        yield services


async def send(
    services: Services, user: str, target: str, body: Any = None, language: str = HEADER
) -> Answer:
    """A request of a user; each has five of them."""
    claims = {"sub": user, "exp": int(time.time() + 600)}
    status, headers, answered = await ask(
        services.router,
        "GET" if body is None else "POST",
        target,
        body=b"" if body is None else json.dumps(body).encode(),
        host="localhost:8000",
        authorization=f"Bearer {jwt.encode(claims, SECRET, 'HS256')}",
        accept_language=language,
    )
    return Answer(status=status, headers=headers, body=answered)


async def chat(
    services: Services, kind: str, language: str = HEADER, user: str = "ada", **params: Any
) -> list[dict[str, Any]]:
    """The events of a request that streams."""
    request = {"type": kind, "params": params}
    answer = await send(services, user, "/api/chatkit", request, language)
    return events_in(answer.body)


def said(text: str) -> dict[str, Any]:
    content = [{"type": "input_text", "text": text}]
    return {"content": content, "attachments": [], "inference_options": {}}


def texts_of(widget: Any) -> Iterator[str]:
    """What a card says, with its buttons and what stands beside its list."""
    match widget:
        case Mapping():
            for name, value in widget.items():
                if name in ("value", "label", "text") and isinstance(value, str):
                    yield value
                yield from texts_of(value)
        case list():
            for each in widget:
                yield from texts_of(each)


async def add_task(services: Services) -> None:
    added = await send(services, "ada", "/api/tasks", {"title": "Buy milk", "priority": "high"})
    assert added.status == 201


async def test_steps_cards_and_notices_are_in_the_language_of_who_asks(services: Services) -> None:
    await add_task(services)
    events = await chat(services, "threads.create", input=said("Show my tasks"))
    items = [event["item"] for event in events if event["type"] == "thread.item.done"]
    (workflow,) = [item for item in items if item["type"] == "workflow"]
    assert workflow["workflow"]["tasks"][0]["title"] == "~List tasks"
    (card,) = [item for item in items if item["type"] == "widget"]
    texts = [text for text in texts_of(card["widget"]) if text not in ("1", "Buy milk")]
    assert sorted(texts) == ["~1 task", "~Delete", "~Edit", "~High priority"]
    assert card["copy_text"] == "1. [ ] Buy milk · ~high priority"
    (notice,) = [event for event in events if event["type"] == "notice"]
    assert notice["title"] == "~Close to the limit"
    assert notice["message"].startswith("~This server takes 3 more requests from you")
    # What was made in a language is stored so, whoever reads it.
    params = {"thread_id": workflow["thread_id"]}
    request = {"type": "threads.get_by_id", "params": params}
    stored = await send(services, "ada", "/api/chatkit", request, language="en")
    assert b'"~List tasks"' in stored.body
    assert b'"~High priority"' in stored.body


async def test_who_wants_another_language_than_ours_reads_english(services: Services) -> None:
    await add_task(services)
    events = await chat(
        services, "threads.create", language="fr, en;q=0.5", input=said("Show my tasks")
    )
    assert MARK not in json.dumps(events)
    assert '"List tasks"' in json.dumps(events)


async def test_errors_of_http_are_in_the_language_of_their_reader(services: Services) -> None:
    missing = (await send(services, "ada", "/api/nothing")).json()["error"]
    assert missing == {"code": "not_found", "message": "~no such path"}
    task = (await send(services, "ada", "/api/tasks/unknown")).json()["error"]
    assert task == {"code": "not_found", "message": "~no such task"}
    english = (await send(services, "ada", "/api/nothing", language="en")).json()["error"]
    assert english["message"] == "no such path"
    field = (await send(services, "ada", "/api/tasks", {})).json()["error"]
    assert field["message"] == "title: is required"


async def test_a_refused_message_is_an_error_event_in_the_language_of_its_sender(
    services: Services,
) -> None:
    events = await chat(services, "threads.create", input=said("Hello"))
    thread_id = events[1]["thread"]["id"] if "thread" in events[1] else events[0]["thread"]["id"]
    await services.parts.database.execute("""UPDATE threads SET status = '{"type": "locked"}'""")
    message = {"thread_id": thread_id, "input": said("Again")}
    (refused,) = await chat(services, "threads.add_user_message", **message)
    assert refused["message"] == "~This conversation is locked."
    for _ in range(4):
        (refused,) = await chat(services, "threads.add_user_message", **message)
    assert refused["message"].startswith("~You are sending messages faster than")


async def test_the_names_of_tools_are_in_the_language_of_the_page(services: Services) -> None:
    options = (await send(services, "ada", "/api/chatkit/options")).json()
    labels = {tool["id"]: tool["label"] for tool in options["composer"]["tools"]}
    assert labels["add_task"] == "~Add a task"
    assert labels["write_draft"] == "~Write a draft"


async def test_the_export_for_people_is_in_the_language_of_its_reader(services: Services) -> None:
    await add_task(services)
    exported = await send(services, "ada", "/api/chatkit/export?format=markdown")
    document = exported.body.decode()
    assert document.startswith("*~Exported ")
    assert "# ~Tasks\n\n- [ ] Buy milk (~high priority)\n" in document

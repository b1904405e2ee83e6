"""The whole protocol over HTTP: every request, event, update and kind of item, in its order.

One conversation after the other is played once against a server process with a scripted provider;
the tests look at what was seen. The orders are those of protocol.md, section 21.
"""

from __future__ import annotations

import base64
import json
from itertools import groupby
from pathlib import Path
from typing import Final

import asyncpg
import pytest
import pytest_asyncio

from chatkit.protocol.requests import _PARSERS
from store.embedded import EmbeddedPostgres
from tests.acceptance.flows import DRAFT, Player, Seen
from tests.acceptance.server import SECRET, Answer, ServerProcess
from tests.acceptance.test_official_types import Sent, differences, official_python
from tests.conftest import fresh_database
from tests.model_server import ModelServer
from tests.model_steps import PNG

__all__ = ["official_python"]

pytestmark = pytest.mark.asyncio(loop_scope="module")

TEXT: Final = ["thread.item.added", "added", "text_delta", "done", "thread.item.done"]
CREATED: Final = ["thread.created", "thread.item.done", "stream_options"]
FOLLOWING: Final = ["thread.item.done", "stream_options"]
CALLED: Final = ["thread.item.added", "workflow.task.added", "workflow.task.updated"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def seen(protocol_server: tuple[ServerProcess, ModelServer]) -> Seen:
    """The flows, played once."""
    return await Player(*protocol_server).play()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def near_limit(postgres_server: EmbeddedPostgres) -> tuple[Answer, Answer]:
    """Two answers to somebody who may ask little more; the second comes near the limit."""
    async with (
        fresh_database(postgres_server) as database_url,
        ServerProcess(
            DATABASE_URL=database_url, BETTER_AUTH_SECRET=SECRET, RATE_LIMIT_USER="6/hour"
        ) as limited,
    ):
        token = limited.jwt("eve")
        first = await limited.say("What can you help me with?", token)
        return first, await limited.say("What can you help me with, again?", token)


FLOWS: Final[dict[str, list[str]]] = {
    "created": [
        *(*CREATED, *TEXT[:3], "annotation_added", *TEXT[3:], "thread.updated"),
    ],
    "followed": [*FOLLOWING, *TEXT],
    "reasoned": [*FOLLOWING, *CALLED, "thread.item.done", *TEXT],
    "tool": [
        *(*FOLLOWING, *CALLED, "client_effect", "thread.item.done"),
        *(*TEXT[:3], "annotation_added", *TEXT[3:]),
    ],
    # the workflow, the card, and the end of the turn
    "card": [*FOLLOWING, *CALLED, *["thread.item.done"] * 3],
    "edit": ["stream_options", "thread.item.replaced"],
    "save": ["stream_options", "thread.item.replaced", "client_effect"],
    "unknown action": ["error"],
    "client tool": [*FOLLOWING, "thread.item.done"],
    "client output": ["stream_options", *TEXT],
    "questions": [*FOLLOWING, "thread.item.done"],
    "answers": ["stream_options", "thread.item.replaced", *TEXT],
    "draft saved": ["stream_options", "thread.item.replaced", "client_effect"],
    "image": [
        *(*FOLLOWING, *CALLED, "thread.item.done"),
        *("thread.item.added", "generated_image.updated", "thread.item.done", *TEXT),
    ],
    # the step that says which files were read
    "files": [*CREATED, "thread.item.done", *TEXT, "thread.updated"],
    "before retry": [*CREATED, *TEXT, "thread.updated"],
    "retried": ["stream_options", *TEXT],
    "blank": [*CREATED, "thread.updated", "error"],
    "broken draft": [
        *(*CREATED, "thread.item.added", "widget.component.updated"),
        *("widget.streaming_text.value_delta", "thread.item.removed"),
        *(*TEXT, "thread.updated"),
    ],
    "cancelled": [*CREATED, *TEXT, "thread.item.done", "thread.updated"],
    "failed": [*CREATED, "thread.updated", "error"],
    "resumed": [],
    "locked": ["error"],
}


@pytest.mark.parametrize("flow", FLOWS)
async def test_the_events_of_a_flow_come_in_their_order(seen: Seen, flow: str) -> None:
    assert seen.flows[flow] == FLOWS[flow]


async def test_every_flow_that_was_played_is_looked_at(seen: Seen) -> None:
    assert set(seen.flows) == {*FLOWS, "draft"}


async def test_a_draft_is_seen_to_grow(seen: Seen) -> None:
    kinds = seen.flows["draft"]
    assert kinds.count("widget.streaming_text.value_delta") > 2
    assert [kind for kind, _ in groupby(kinds)] == [
        *(*FOLLOWING, "thread.item.added"),
        "widget.component.updated",  # its title
        "widget.streaming_text.value_delta",
        "widget.component.updated",  # that it is finished
        "widget.root.updated",
        "thread.item.done",  # the card, and the end of the turn
    ]
    assert kinds[-2:] == ["thread.item.done"] * 2
    assert seen.facts["draft"]["copy_text"] == DRAFT["text"]


async def test_every_request_was_played(seen: Seen) -> None:
    assert seen.requests == set(_PARSERS)


async def test_every_event_update_and_kind_of_item_was_seen(
    seen: Seen, near_limit: tuple[Answer, Answer]
) -> None:
    events = [*seen.events, *near_limit[1].events]
    assert {event["type"] for event in events} == {
        *("thread.created", "thread.updated", "thread.item.added", "thread.item.updated"),
        *("thread.item.done", "thread.item.removed", "thread.item.replaced", "stream_options"),
        *("progress_update", "client_effect", "notice", "error"),
    }
    part = "assistant_message.content_part"
    updates = {event["update"]["type"] for event in seen.events if "update" in event}
    assert updates == {
        *(f"{part}.added", f"{part}.text_delta", f"{part}.annotation_added", f"{part}.done"),
        *("widget.streaming_text.value_delta", "widget.component.updated", "widget.root.updated"),
        *("workflow.task.added", "workflow.task.updated", "generated_image.updated"),
    }
    listed = {
        item["type"] for kind, page in seen.replies if kind == "items.list" for item in page["data"]
    }
    assert listed == {
        *("user_message", "assistant_message", "client_tool_call", "widget", "generated_image"),
        *("structured_input", "workflow", "task", "end_of_turn"),
    }


async def test_nothing_hidden_is_sent(seen: Seen, protocol_database: str) -> None:
    connection = await asyncpg.connect(protocol_database)
    try:
        rows = await connection.fetch("SELECT id, type FROM items WHERE user_id = 'ana' AND hidden")
    finally:
        await connection.close()
    assert {row["type"] for row in rows} == {"hidden_context_item", "sdk_hidden_context"}
    sent = json.dumps([seen.events, seen.replies])
    assert "hidden_context" not in sent
    assert "chatkit-file:" not in sent
    assert "sdk_hidden" not in sent
    assert [row["id"] for row in rows if row["id"] in sent] == []


async def test_pages_hold_every_item_once_in_both_orders(seen: Seen) -> None:
    pages = seen.facts["pages"]
    assert pages["asc"] == pages["desc"][::-1]
    assert len(set(pages["asc"])) == len(pages["asc"]) > 20


async def test_files_reach_the_model_and_the_page(seen: Seen) -> None:
    assert seen.facts["image"] == (200, PNG)
    assert seen.facts["preview"] == (200, PNG)
    assert [attachment["type"] for attachment in seen.facts["attachments"]] == ["image", "file"]
    assert all(attachment["thread_id"] for attachment in seen.facts["attachments"])
    words, image, text = seen.facts["given to the model"]["content"]
    assert words["type"] == "text"
    assert words["text"].endswith("]\nLook")  # behind the line with the day
    assert image["image_url"]["url"] == f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
    assert "Eggs" in text["text"]


async def test_a_retry_answers_anew_and_speech_becomes_words(seen: Seen) -> None:
    assert seen.facts["after retry"] == ["Once", "New."]
    assert isinstance(seen.facts["heard"]["text"], str)


async def test_cancelling_keeps_what_was_said_and_what_is_gone_stays_gone(seen: Seen) -> None:
    assert seen.facts["cancelled"] == {"cancelled": True}
    assert seen.facts["after cancel"] == ["Go on", "Half an "]
    assert seen.facts["locked"] == {"type": "locked", "reason": "Sleeping."}
    assert seen.facts["deleted"] == 404
    assert seen.facts["upload after deletion"] == 404


async def test_all_of_it_is_of_the_official_types(
    seen: Seen, near_limit: tuple[Answer, Answer], official_python: Path
) -> None:
    sent: list[Sent] = [("event", event) for event in seen.events]
    sent += [("event", event) for answer in near_limit for event in answer.events]
    assert differences(official_python, [*sent, *seen.replies]) == []


async def test_who_comes_near_a_limit_is_told(near_limit: tuple[Answer, Answer]) -> None:
    first, second = near_limit
    assert first.of("notice") == []
    assert second.kinds == [*CREATED[:2], "notice", *CREATED[2:], *TEXT, "thread.updated"]
    (notice,) = second.of("notice")
    assert notice["level"] == "warning"
    assert "4 more requests" in notice["message"]

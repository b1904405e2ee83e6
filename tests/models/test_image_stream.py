from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from contextlib import aclosing
from functools import partial

import pytest

from chatkit.models.media import MAX_IMAGE_BYTES, Media
from chatkit.models.pure.deltas import FaultKind, ImageStep, ModelFault
from tests.model_server import ModelServer
from tests.model_steps import (
    CUT,
    EOF,
    HANG,
    PNG,
    Raw,
    Reply,
    Status,
    Step,
    drawn,
    image_event,
    picture,
    picture_at,
    sketch,
)
from tests.models.model_calls import KEY

WORDS = "a cat on a wall"


@pytest.fixture
def make_media(make_media: Callable[..., Media]) -> Callable[..., Media]:
    """With a model that draws in steps."""
    return partial(make_media, image_model="openai/gpt-image-2.5-flare")


def step(data: bytes, progress: float) -> ImageStep:
    return ImageStep(data=data, mime_type="image/png", progress=progress)


async def draw(media: Media, size: str | None = None) -> list[ImageStep]:
    return [step async for step in media.generate_image(WORDS, size)]


@pytest.mark.parametrize("model", ["openai/gpt-image-2.5-flare", "gpt-image-2.5-flare"])
async def test_sketches_come_before_the_whole_picture_each_further_on(
    make_media: Callable[..., Media], server: ModelServer, model: str
) -> None:
    server.script(sketch(0, PNG + b"1"), sketch(1, PNG + b"2"), drawn(PNG + b"3"))

    assert await draw(make_media(image_model=model), "1024x1024") == [
        step(PNG + b"1", 1 / 3),
        step(PNG + b"2", 2 / 3),
        step(PNG + b"3", 1.0),
    ]
    (request,) = server.requests
    assert request.path == "/v1/images/generations"
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.body == {
        "model": "gpt-image-2.5-flare",
        "prompt": WORDS,
        "size": "1024x1024",
        "stream": True,
        "partial_images": 2,
    }


async def test_a_sketch_is_given_while_the_picture_is_still_being_made(
    make_media: Callable[..., Media], server: ModelServer
) -> None:
    finished = asyncio.Event()
    server.script(sketch(0), finished, drawn())

    async with aclosing(make_media().generate_image(WORDS)) as steps:
        assert (await anext(steps)).progress == 1 / 3
        finished.set()
        assert (await anext(steps)).progress == 1.0


async def test_a_picture_that_was_done_at_once_has_no_sketches(
    make_media: Callable[..., Media], server: ModelServer
) -> None:
    server.script(Raw(b": made by a gateway\n\n"), drawn())

    assert await draw(make_media()) == [step(PNG, 1.0)]
    assert "size" not in server.requests[0].body


async def test_more_sketches_than_were_asked_for_and_huge_ones_are_passed_over(
    make_media: Callable[..., Media], server: ModelServer
) -> None:
    huge = PNG + bytes(4 * 2**20)
    server.script(sketch(0, huge), sketch(1), sketch(2), sketch(3), drawn())

    assert [s.progress for s in await draw(make_media())] == [2 / 3, 1.0]


async def test_a_picture_of_the_largest_size_is_taken(
    make_media: Callable[..., Media], server: ModelServer
) -> None:
    largest = PNG + bytes(MAX_IMAGE_BYTES - len(PNG))
    server.script(drawn(largest))

    (whole,) = await draw(make_media())
    assert whole.data == largest


async def test_a_gateway_that_knows_no_streams_gives_the_picture_alone(
    make_media: Callable[..., Media], server: ModelServer
) -> None:
    server.script(picture())

    assert await draw(make_media()) == [step(PNG, 1.0)]
    assert len(server.requests) == 1


async def test_a_picture_that_such_a_gateway_points_to_is_fetched_without_the_key(
    make_media: Callable[..., Media], server: ModelServer
) -> None:
    server.script(picture_at(f"http://127.0.0.1:{server.port}/files/1.png"))
    server.script(Reply(PNG, "image/png"))

    assert await draw(make_media()) == [step(PNG, 1.0)]
    assert server.requests[1].path == "/files/1.png"
    assert "authorization" not in server.requests[1].headers


@pytest.mark.parametrize("status", [400, 404, 422])
async def test_a_gateway_that_refuses_streams_is_asked_without_one(
    make_media: Callable[..., Media], server: ModelServer, status: int
) -> None:
    server.script(Status(status, {"message": "Unknown parameter: 'stream'."}))
    server.script(picture())

    assert await draw(make_media()) == [step(PNG, 1.0)]
    assert [request.body.get("stream") for request in server.requests] == [True, None]


@pytest.mark.parametrize(
    ("model", "name"),
    [("openai/dall-e-3", "dall-e-3"), ("litellm_proxy/gpt-image-2.5-flare", "gpt-image-2.5-flare")],
)
async def test_a_model_without_sketches_is_not_asked_for_them(
    make_media: Callable[..., Media], server: ModelServer, model: str, name: str
) -> None:
    assert await draw(make_media(image_model=model)) == [step(PNG, 1.0)]
    (request,) = server.requests
    assert request.body["model"] == name
    assert not {"stream", "partial_images"} & set(request.body)


@pytest.mark.parametrize("variable", ["OPENAI_BASE_URL", "OPENAI_API_BASE"])
async def test_the_variables_of_openai_say_where_to_ask_and_for_whom(
    make_media: Callable[..., Media],
    server: ModelServer,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
) -> None:
    monkeypatch.setenv(variable, server.api_base + "/")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-theirs")
    monkeypatch.setenv("OPENAI_ORGANIZATION", "org-theirs")

    assert len(await draw(make_media(api_base=None, api_key=None))) == 3
    (request,) = server.requests
    assert request.path == "/v1/images/generations"
    assert request.headers["authorization"] == "Bearer sk-theirs"
    assert request.headers["openai-organization"] == "org-theirs"


BLOCKED = {"type": "image_generation_user_error", "code": "moderation_blocked", "message": WORDS}


@pytest.mark.parametrize(
    ("steps", "kind"),
    [
        ([Status(401, {"message": f"Incorrect API key provided: {KEY}"})], "credentials"),
        ([Status(429)], "rate_limited"),
        ([Status(503)], "unavailable"),
        ([Status(400, BLOCKED)], "refused"),
        ([Reply(b"<html>", "text/html", 502)], "unavailable"),
        ([Reply(b"<html>", "text/html")], "malformed"),
        ([Reply(b"[]")], "malformed"),
        ([Reply(json.dumps({"error": BLOCKED}).encode())], "refused"),
        ([sketch(0), Raw(b"data: {\n\n")], "malformed"),
        ([sketch(0), image_event("failed", error=BLOCKED)], "refused"),
        (
            [sketch(0), Raw(b'data: {"type":"error","code":"rate_limit_exceeded"}\n\n')],
            "rate_limited",
        ),
        ([sketch(0), CUT], "unavailable"),
        ([sketch(0), EOF], "unavailable"),
        ([sketch(0), Raw(drawn().data[:-20]), EOF], "unavailable"),
        ([CUT], "unavailable"),
        ([drawn(b"<svg/>")], "malformed"),
        ([drawn(PNG + bytes(MAX_IMAGE_BYTES))], "malformed"),
        ([image_event("completed")], "malformed"),
        ([sketch(0, b"<svg/>")], "malformed"),
        ([Raw(b"data: " + bytes(2 * MAX_IMAGE_BYTES))], "malformed"),
    ],
)
async def test_a_picture_that_fails_is_a_fault_of_its_kind_and_no_log_holds_key_or_words(
    make_media: Callable[..., Media],
    server: ModelServer,
    caplog: pytest.LogCaptureFixture,
    steps: list[Step],
    kind: FaultKind,
) -> None:
    caplog.set_level(logging.DEBUG)
    server.script(*steps)

    with pytest.raises(ModelFault) as raised:
        await draw(make_media())
    assert raised.value.kind == kind
    assert len(server.requests) == 1
    assert f"model openai/gpt-image-2.5-flare: {kind} (" in caplog.text
    assert KEY not in caplog.text
    assert WORDS not in caplog.text


async def test_without_a_key_nobody_is_asked(
    make_media: Callable[..., Media], server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", server.api_base)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)

    with pytest.raises(ModelFault, match="credentials"):
        await draw(make_media(api_base=None, api_key=None))
    assert server.requests == []


@pytest.mark.parametrize("leave", ["timeout", "cancel", "close"])
async def test_a_picture_that_is_given_up_after_a_sketch_closes_its_connection(
    make_media: Callable[..., Media], server: ModelServer, leave: str
) -> None:
    media = make_media(timeout_s=2.0 if leave == "timeout" else 20.0)
    server.script(sketch(0), HANG)
    steps = media.generate_image(WORDS)
    assert (await asyncio.wait_for(anext(steps), 20.0)).progress == 1 / 3

    if leave == "close":
        await steps.aclose()
    else:
        task = asyncio.ensure_future(anext(steps))
        if leave == "cancel":
            await asyncio.sleep(0)
            task.cancel()
        await asyncio.wait([task])
        if leave == "cancel":
            assert task.cancelled()
        else:
            assert isinstance(fault := task.exception(), ModelFault)
            assert fault.kind == "timeout"
    await asyncio.wait_for(server.requests[0].closed.wait(), 1.0)

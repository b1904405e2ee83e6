from __future__ import annotations

import asyncio
import base64
import json
import logging
from collections.abc import Callable
from typing import Any

import pytest

from chatkit.models.litellm_model import LiteLLMModel
from chatkit.models.media import MAX_IMAGE_BYTES, Media
from chatkit.models.pure.deltas import FaultKind, ImageStep, ModelFault
from chatkit.protocol.errors import UnsupportedMedia
from tests.model_server import ModelServer
from tests.model_steps import CUT, HANG, PNG, Reply, Status, Step, picture, picture_at
from tests.models.model_calls import KEY

WORDS = "a cat on a wall"
RECORDING = b"\x1aE\xdf\xa3 a recording"


async def draw(media: Media, size: str | None = None) -> list[ImageStep]:
    return [step async for step in media.generate_image(WORDS, size)]


async def fault_of_drawing(media: Media) -> FaultKind:
    with pytest.raises(ModelFault) as raised:
        await draw(media)
    return raised.value.kind


@pytest.mark.parametrize(
    ("mime_type", "name", "kind"),
    [
        ("audio/webm;codecs=opus", "audio.webm", "audio/webm"),
        ("audio/mp4", "audio.mp4", "audio/mp4"),
        ("audio/ogg; codecs=opus", "audio.ogg", "audio/ogg"),
        ("Audio/WAV", "audio.wav", "audio/wav"),
        ("audio/mpeg", "audio.mp3", "audio/mpeg"),
    ],
)
async def test_a_recording_comes_back_as_words(
    make_media: Callable[..., Media], server: ModelServer, mime_type: str, name: str, kind: str
) -> None:
    server.script(" buy ", "milk\0 ")

    assert await make_media().transcribe(RECORDING, mime_type) == "buy milk"
    (request,) = server.requests
    assert request.path == "/v1/audio/transcriptions"
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.body["model"] == "gpt-transcribe"
    assert request.body["file"] == (name, kind, RECORDING)


async def test_silence_is_no_words(make_media: Callable[..., Media], server: ModelServer) -> None:
    server.script("")

    assert await make_media().transcribe(RECORDING, "audio/webm") == ""


@pytest.mark.parametrize("mime_type", ["video/webm", "text/plain", "", "audio/webm, audio/ogg"])
async def test_what_is_no_recording_is_not_sent(
    make_media: Callable[..., Media], server: ModelServer, mime_type: str
) -> None:
    with pytest.raises(UnsupportedMedia):
        await make_media().transcribe(RECORDING, mime_type)
    assert server.requests == []


@pytest.mark.parametrize(
    ("steps", "kind"),
    [
        ([Status(401, {"message": f"Incorrect API key provided: {KEY}"})], "credentials"),
        ([Status(404)], "misconfigured"),
        ([Status(429)], "rate_limited"),
        ([Status(503)], "unavailable"),
        ([CUT], "unavailable"),
        ([Reply(b"{}")], "malformed"),
    ],
)
async def test_a_failed_transcription_is_a_fault_of_its_kind_and_no_log_holds_the_key(
    make_media: Callable[..., Media],
    server: ModelServer,
    caplog: pytest.LogCaptureFixture,
    steps: list[Step],
    kind: FaultKind,
) -> None:
    caplog.set_level(logging.DEBUG)
    server.script(*steps)

    with pytest.raises(ModelFault) as raised:
        await make_media().transcribe(RECORDING, "audio/webm")
    assert raised.value.kind == kind
    assert len(server.requests) == 1
    assert KEY not in caplog.text


@pytest.mark.parametrize("feature", ["transcribe", "draw"])
@pytest.mark.parametrize("leave", ["timeout", "cancel"])
async def test_a_call_that_is_given_up_closes_its_connection(
    make_media: Callable[..., Media], server: ModelServer, feature: str, leave: str
) -> None:
    media = make_media(timeout_s=0.5 if leave == "timeout" else 20.0)
    await LiteLLMModel(timeout_s=1.0).warm_up("openai/m")
    server.script(HANG)
    work = media.transcribe(RECORDING, "audio/webm") if feature == "transcribe" else draw(media)
    task: asyncio.Task[Any] = asyncio.ensure_future(work)
    await asyncio.wait_for(server.came.wait(), 20.0)
    if leave == "cancel":
        task.cancel()
    await asyncio.wait([task])

    await asyncio.wait_for(server.requests[0].closed.wait(), 1.0)
    if leave == "cancel":
        assert task.cancelled()
    else:
        assert isinstance(fault := task.exception(), ModelFault)
        assert fault.kind == "timeout"


async def test_a_picture_inside_the_answer_is_taken(
    make_media: Callable[..., Media], server: ModelServer
) -> None:
    assert await draw(make_media(), "1024x1024") == [
        ImageStep(data=PNG, mime_type="image/png", progress=1.0)
    ]
    (request,) = server.requests
    assert request.path == "/v1/images/generations"
    assert request.body == {
        "model": "dall-e-3",
        "prompt": WORDS,
        "size": "1024x1024",
        "response_format": "b64_json",
    }


async def test_a_picture_that_comes_as_an_answer_of_a_chat_is_taken(
    make_media: Callable[..., Media], server: ModelServer
) -> None:
    url = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
    message = {"role": "assistant", "content": "", "images": [{"image_url": {"url": url}}]}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    server.script(Reply(json.dumps({"id": "i", "choices": [choice]}).encode()))
    media = make_media(model="openrouter/a/b", image_model="openrouter/google/gemini-image")

    (step,) = await draw(media, "1024x1024")

    assert step.data == PNG
    assert server.requests[0].path == "/v1/chat/completions"


async def test_a_picture_is_fetched_from_the_server_that_drew_it(
    make_media: Callable[..., Media], server: ModelServer
) -> None:
    server.script(picture_at(f"http://127.0.0.1:{server.port}/files/1.png"))
    server.script(Reply(PNG, "application/octet-stream"))

    (step,) = await draw(make_media())

    assert (step.data, step.mime_type) == (PNG, "image/png")
    assert server.requests[1].path == "/files/1.png"
    assert "authorization" not in server.requests[1].headers


async def test_no_other_address_of_the_own_network_is_asked(
    make_media: Callable[..., Media], server: ModelServer
) -> None:
    async with ModelServer() as inside:
        for url in (
            f"http://127.0.0.1:{inside.port}/",
            f"https://127.0.0.1:{inside.port}/",
            f"https://localhost:{inside.port}/",
            f"https://[::ffff:127.0.0.1]:{inside.port}/",
            f"file:///proc/self/environ#{inside.port}",
        ):
            server.script(picture_at(url))
            assert await fault_of_drawing(make_media()) == "malformed"
            server.script(picture_at(f"http://127.0.0.1:{server.port}/go"))
            server.script(Reply(b"", status=302, headers={"location": url}))
            assert await fault_of_drawing(make_media()) == "malformed"
        assert inside.requests == []


async def test_a_redirect_on_the_same_server_is_followed_but_not_for_ever(
    make_media: Callable[..., Media], server: ModelServer
) -> None:
    again = Reply(b"", status=302, headers={"location": "/files/2.png"})
    server.script(picture_at(f"http://127.0.0.1:{server.port}/files/1.png"))
    server.script(again)
    server.script(Reply(PNG, "image/png"))
    assert len(await draw(make_media())) == 1

    server.script(picture_at(f"http://127.0.0.1:{server.port}/files/1.png"))
    for _ in range(4):
        server.script(again)
    assert await fault_of_drawing(make_media()) == "malformed"
    assert len(server.requests) == 3 + 5


@pytest.mark.parametrize(
    ("steps", "kind"),
    [
        ([picture(b"<svg onload='alert(1)'/>")], "malformed"),
        ([picture(b"")], "malformed"),
        ([picture(PNG + bytes(MAX_IMAGE_BYTES))], "malformed"),
        ([Reply(b'{"created": 1, "data": [{"b64_json": "no base64!"}]}')], "malformed"),
        ([Reply(b'{"created": 1, "data": []}')], "malformed"),
        (
            [
                Status(
                    400,
                    {"message": "Your request was rejected", "code": "content_policy_violation"},
                )
            ],
            "refused",
        ),
        ([Status(401)], "credentials"),
    ],
    ids=["svg", "nothing", "too large", "no base64", "none", "refused", "key"],
)
async def test_what_is_no_picture_is_a_fault_of_its_kind_and_no_log_holds_the_words(
    make_media: Callable[..., Media],
    server: ModelServer,
    caplog: pytest.LogCaptureFixture,
    steps: list[Step],
    kind: FaultKind,
) -> None:
    caplog.set_level(logging.DEBUG)
    server.script(*steps)

    assert await fault_of_drawing(make_media()) == kind
    assert KEY not in caplog.text
    assert WORDS not in caplog.text


async def test_a_fetched_picture_above_the_limit_is_not_read_to_its_end(
    make_media: Callable[..., Media], server: ModelServer
) -> None:
    server.script(picture_at(f"http://127.0.0.1:{server.port}/files/1.png"))
    server.script(Reply(PNG + bytes(2 * MAX_IMAGE_BYTES), "image/png"))

    assert await fault_of_drawing(make_media()) == "malformed"
    await asyncio.wait_for(server.requests[1].closed.wait(), 1.0)


async def test_a_feature_without_a_model_is_a_fault_and_asks_nobody(
    make_media: Callable[..., Media], server: ModelServer
) -> None:
    media = make_media(transcribe_model=None, image_model=None)

    with pytest.raises(ModelFault, match="misconfigured"):
        await media.transcribe(RECORDING, "audio/webm")
    assert await fault_of_drawing(media) == "misconfigured"
    assert server.requests == []

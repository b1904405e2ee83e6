"""Images and audio of tools: shown, kept as files of the user, and read by models that see."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from datetime import UTC, datetime
from typing import Any, Final

from chatkit.portable.exporting import Exporting
from chatkit.portable.exports import JsonExport
from chatkit.protocol.calls import MadeFile, ToolResult
from chatkit.protocol.params import AddUserMessage, CreateThread, DeleteThread, RetryAfterItem
from store.exports import Exports
from store.files import Files
from tests.engine.conftest import ALICE, Engine, Event, NewEngine, new_key, said, until
from tests.engine.test_replies import calling
from tests.fakes import ScriptedModel, ScriptedTools, says
from tests.files import PNG

HELLO: Final = CreateThread(input=said("Take a picture."))
IMAGE: Final = MadeFile(mime_type="image/png", data=PNG, is_image=True)
AUDIO: Final = MadeFile(mime_type="audio/wav", data=b"RIFFxxxxWAVE", is_image=False)
SEEN: Final = {
    "type": "image_url",
    "image_url": {"url": f"data:image/png;base64,{b64encode(PNG).decode()}"},
}


def camera(*made: MadeFile) -> ScriptedTools:
    return ScriptedTools(shoot=lambda _: ToolResult(call_id="", output="Click.", made=made))


def done(events: list[Event], kind: str) -> list[Any]:
    items = [event["item"] for event in events if event["type"] == "thread.item.done"]
    return [item for item in items if item["type"] == kind]


def results(engine: Engine, request: int) -> list[Any]:
    messages = engine.model.requests[request].messages
    return [message["content"] for message in messages if message["role"] == "tool"]


async def files(engine: Engine) -> list[dict[str, Any]]:
    return await engine.rows("SELECT id, name, item_id FROM attachments ORDER BY created_at")


async def test_an_image_is_shown_kept_and_read_by_the_model_in_later_turns_too(
    new_engine: NewEngine,
) -> None:
    engine = await new_engine(calling(("shoot", "{}")), says("A dot."), tools=camera(IMAGE))
    events = await engine.chat(HELLO)
    (item,) = done(events, "generated_image")
    file_id = item["image"]["id"]
    assert item["image"]["url"] == f"chatkit-file:{file_id}"
    assert await files(engine) == [{"id": file_id, "name": "image.png", "item_id": item["id"]}]
    assert await Files(engine.database).load_content("alice", file_id, 2**20) == PNG
    assert results(engine, 1) == [[{"type": "text", "text": "Click."}, SEEN]]
    await engine.chat(AddUserMessage(thread_id=item["thread_id"], input=said("And now?")))
    assert results(engine, 2) == results(engine, 1)


async def test_an_image_alone_is_an_answer(new_engine: NewEngine) -> None:
    engine = await new_engine(calling(("shoot", "{}")), says(), tools=camera(IMAGE))
    events = await engine.chat(HELLO)
    assert "error" not in {event["type"] for event in events}
    assert done(events, "end_of_turn")


async def test_a_model_that_sees_nothing_gets_the_text_alone(new_engine: NewEngine) -> None:
    class Blind(ScriptedModel):
        def supports_vision(self, model: str) -> bool | None:
            return False

    model = Blind(calling(("shoot", "{}")), says("Taken."))
    engine = await new_engine(real_model=model, tools=camera(IMAGE))
    assert len(done(await engine.chat(HELLO), "generated_image")) == 1
    assert model.requests[1].messages[-1]["content"] == "Click."


async def test_audio_is_a_link_to_a_file_that_is_exported_by_its_name(
    new_engine: NewEngine,
) -> None:
    engine = await new_engine(calling(("shoot", "{}")), says("Listen."), tools=camera(AUDIO))
    (item,) = done(await engine.chat(HELLO), "task")
    ((file),) = await files(engine)
    assert (file["name"], file["item_id"]) == ("audio.wav", item["id"])
    (source,) = item["task"]["sources"]
    assert source == {"type": "url", "title": "audio.wav", "url": f"chatkit-file:{file['id']}"}
    export = Exporting(store=Exports(engine.database), now=lambda: datetime.now(UTC))
    pieces = [piece async for piece in export.everything("alice", JsonExport())]
    exported = json.loads(b"".join(pieces))["threads"][0]["items"]
    (step,) = [each["task"] for each in exported if each["type"] == "task"]
    assert step["type"] == "file"
    assert step["sources"] == [{"type": "file", "title": "audio.wav", "filename": "audio.wav"}]
    assert file["id"] not in json.dumps(exported)


async def test_files_are_erased_with_their_thread(new_engine: NewEngine) -> None:
    engine = await new_engine(calling(("shoot", "{}")), says("Ok."), tools=camera(IMAGE, AUDIO))
    (item,) = done(await engine.chat(HELLO), "generated_image")
    assert len(await files(engine)) == 2
    await engine.answer(DeleteThread(thread_id=item["thread_id"]), ALICE, new_key())
    assert await files(engine) == []
    assert await engine.rows("SELECT FROM attachment_pieces") == []


async def test_files_count_and_what_has_no_room_is_told_to_the_model(
    new_engine: NewEngine,
) -> None:
    large = MadeFile(mime_type="image/png", data=PNG + bytes(2**20), is_image=True)
    engine = await new_engine(
        calling(("shoot", "{}")), says("Full."), tools=camera(IMAGE, large, IMAGE)
    )
    assert len(done(await engine.chat(HELLO), "generated_image")) == 2
    (used,) = await engine.rows("SELECT file_bytes FROM stored_amounts WHERE user_id = 'alice'")
    assert used["file_bytes"] == 2 * len(PNG)
    text = results(engine, 1)[0][0]["text"]
    assert text == "Click.\n[The user has no room left for image.png. Tell the user so.]"


async def test_a_retry_takes_the_image_away_from_the_user_and_the_model(
    new_engine: NewEngine,
) -> None:
    engine = await new_engine(
        calling(("shoot", "{}")), says("One."), says("Two."), says("Three."), tools=camera(IMAGE)
    )
    events = await engine.chat(HELLO)
    (message,) = done(events, "user_message")
    thread_id = message["thread_id"]
    await engine.chat(RetryAfterItem(thread_id=thread_id, item_id=message["id"]))
    assert await files(engine) == []
    await engine.chat(AddUserMessage(thread_id=thread_id, input=said("Well?")))
    assert results(engine, 3) == ["Click."]


async def test_a_stop_keeps_the_image_that_was_there(new_engine: NewEngine) -> None:
    hanging = asyncio.Event()

    async def hang(_: str) -> str:
        hanging.set()
        await asyncio.Event().wait()
        return ""

    tools = ScriptedTools(
        shoot=lambda _: ToolResult(call_id="", output="Click.", made=(IMAGE,)), hang=hang
    )
    engine = await new_engine(calling(("shoot", "{}"), ("hang", "{}")), tools=tools)
    turn = await engine.begin(HELLO)
    with engine.turns.following(turn):
        await until(hanging.is_set)
        turn.stop("user")
        assert turn.task is not None
        await turn.task
    (file,) = await files(engine)
    rows = await engine.rows("SELECT id FROM items WHERE type = 'generated_image'")
    assert rows == [{"id": file["item_id"]}]

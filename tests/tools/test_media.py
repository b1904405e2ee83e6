"""Images and audio that tool servers return: what their bytes say counts, and they are bounded."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from mcp.types import AudioContent, CallToolResult, ImageContent

from chatkit.protocol.calls import ToolResult
from tests.files import GIF, JPEG, PNG, WEBP
from tests.tools.test_client import ask, bare, own_server, until_listed
from tests.tools.test_hostile import hostile
from tools.client import ToolClients
from tools.media import MAX_BYTES, MAX_FILES, MAX_IMAGE_BYTES
from tools.results import read

WAV = b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(20)


def block(data: bytes | str, kind: str = "image", mime_type: Any = "image/png") -> dict[str, Any]:
    text = data if isinstance(data, str) else b64encode(data).decode()
    return {"type": kind, "data": text, "mimeType": mime_type}


async def returned(tmp_path: Path, *blocks: dict[str, Any]) -> ToolResult:
    async with ToolClients(own_server(), [hostile(tmp_path)]) as tools:
        await until_listed(tools, "bad_result")
        return await ask(tools, "bad_result", {"result": {"content": [*blocks]}})


@pytest.mark.parametrize("data", [PNG, JPEG, GIF, WEBP])
async def test_an_image_is_what_its_bytes_are_whatever_is_declared(
    tmp_path: Path, data: bytes
) -> None:
    result = await returned(tmp_path, block(data, mime_type="text/html"))
    (made,) = result.made
    assert (made.data, made.is_image) == (data, True)
    assert made.mime_type != "text/html"
    assert bare(result) == "[image text/html, shown to the user]"


LEFT_OUT: list[tuple[dict[str, Any], str]] = [
    (block(b"<svg onload='alert(1)'/>"), "it is no image or audio that is known"),
    (block(PNG[:-20]), "its end is missing"),
    (block(WEBP[:-4]), "its end is missing"),
    (block(b64encode(PNG).decode()[:-5]), "it is not whole base64"),
    (block("no base64!"), "it is not whole base64"),
    (block("\u00fc" * 40), "it is not whole base64"),
    (block(PNG + bytes(MAX_IMAGE_BYTES)), "it is too large"),
    (block(""), "it is no image or audio that is known"),
]


@pytest.mark.parametrize(("sent", "why"), LEFT_OUT)
async def test_what_cannot_be_shown_is_left_out_and_the_model_knows_why(
    tmp_path: Path, sent: dict[str, Any], why: str
) -> None:
    result = await returned(tmp_path, {"type": "text", "text": "See:"}, sent)
    assert result.made == ()
    assert bare(result) == f"See:\n[{sent['type']} image/png, left out: {why}]"


async def test_of_100_images_the_first_few_are_shown(tmp_path: Path) -> None:
    result = await returned(tmp_path, *[block(PNG)] * 100)
    assert len(result.made) == MAX_FILES
    assert bare(result).count("left out: only the first") == 100 - MAX_FILES


def test_all_files_of_a_result_are_bounded_together() -> None:
    """Over HTTP a result may be larger than over stdio."""
    large = PNG[:-12] + bytes(MAX_IMAGE_BYTES - len(PNG)) + PNG[-12:]
    audio = AudioContent(data=b64encode(WAV + bytes(MAX_BYTES)).decode(), mime_type="audio/wav")
    images = [
        ImageContent(data=b64encode(each).decode(), mime_type="image/png")
        for each in (large, large, PNG * 99)
    ]
    text, made = read(CallToolResult(content=[audio, *images]), max_chars=1000)
    assert [file.data for file in made] == [large, large]
    assert text.count("left out: it is too large") == 2


async def test_audio_is_a_file(tmp_path: Path) -> None:
    result = await returned(tmp_path, block(WAV, "audio", None))
    (made,) = result.made
    assert (made.name, made.mime_type, made.is_image) == ("audio.wav", "audio/wav", False)
    assert bare(result) == "[audio of no type, offered to the user as a file]"


async def test_an_image_in_an_embedded_resource_is_shown_and_still_a_source(
    tmp_path: Path,
) -> None:
    inner = {"uri": "file:///a.png", "blob": b64encode(PNG).decode(), "mimeType": "image/png"}
    other = {"uri": "file:///b.bin", "blob": "AAAA"}
    blocks = [{"type": "resource", "resource": each} for each in (inner, other)]
    result = await returned(tmp_path, *blocks)
    assert [made.data for made in result.made] == [PNG]
    assert [link.uri for link in result.links] == ["file:///a.png", "file:///b.bin"]
    assert bare(result) == "[resource file:///a.png, shown to the user]\n[resource file:///b.bin]"

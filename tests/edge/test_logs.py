"""What reaches the log, as text and as JSON."""

from __future__ import annotations

import io
import json
import logging
import unicodedata
from collections.abc import Iterator
from typing import Literal

import pytest

from chatkit.edge.logs import RequestLine, set_up_logging

EVIL = "a\n12:00:00 error   forged\r\0\x1b[2J\x7f\x85\x9b31m\u2028b\u2029\u202ec\u2066d\ud800"
STYLES: tuple[Literal["text", "json"], ...] = ("text", "json")


@pytest.fixture
def written(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """What is logged in the style that the test names. The log of the test run comes back after."""
    root = logging.getLogger()
    before = root.handlers[:], root.level, logging.getLogger("chatkit").level
    set_up_logging("info", request.param)
    stream = io.StringIO()
    handler = root.handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(stream)
    yield stream
    root.handlers[:], level, own = before
    root.setLevel(level)
    logging.getLogger("chatkit").setLevel(own)


def raw_controls(text: str) -> set[str]:
    """Characters that a terminal or a reader of lines would act on."""
    return {
        char for char in text if unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp", "Cs")
    } - {"\n"}


@pytest.mark.parametrize("written", STYLES, indirect=True)
def test_control_characters_of_a_message_are_escaped(written: io.StringIO) -> None:
    logging.getLogger("chatkit.any").warning("the server says: %s", EVIL)
    assert raw_controls(written.getvalue()) == set()
    assert len(written.getvalue().splitlines()) == 1


@pytest.mark.parametrize("written", STYLES, indirect=True)
def test_control_characters_of_a_path_are_escaped(written: io.StringIO) -> None:
    line = RequestLine("1", "GET", f"/{EVIL}", 200, 1.0)
    logging.getLogger("chatkit.http").info("%s", line, extra={"request": line})
    assert raw_controls(written.getvalue()) == set()
    assert len(written.getvalue().splitlines()) == 1


@pytest.mark.parametrize("written", STYLES, indirect=True)
def test_an_exception_cannot_forge_an_entry(written: io.StringIO) -> None:
    try:
        raise ValueError(EVIL)
    except ValueError:
        logging.getLogger("chatkit.any").exception("failed")
    assert raw_controls(written.getvalue()) == set()
    first, *others = written.getvalue().splitlines()
    assert "failed" in first
    assert all(line.startswith("    ") for line in others)


@pytest.mark.parametrize("written", ["json"], indirect=True)
def test_letters_of_every_script_stay_readable(written: io.StringIO) -> None:
    logging.getLogger("chatkit.any").warning("Grüße, 你好")
    assert "Grüße, 你好" in written.getvalue()
    assert json.loads(written.getvalue())["message"] == "Grüße, 你好"

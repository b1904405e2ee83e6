"""What reaches the log, as text and as JSON."""

from __future__ import annotations

import json
import logging
import os
import sys
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any, Literal

import pytest

from chatkit.edge import logs
from chatkit.edge.logs import RequestLine, set_up_logging

EVIL = "a\n12:00:00 error   forged\r\0\x1b[2J\x7f\x85\x9b31m\u2028b\u2029\u202ec\u2066d\ud800"
STYLES: tuple[Literal["text", "json"], ...] = ("text", "json")


Write = Callable[..., str]


@pytest.fixture
def write(request: pytest.FixtureRequest) -> Iterator[Write]:
    """Formats an entry in the style that the test names. Nothing is logged: what captures the log
    of a test cannot write lone surrogates. The log of the test run comes back after."""
    root = logging.getLogger()
    before = root.handlers[:], root.level, logging.getLogger("chatkit").level
    set_up_logging("info", request.param)
    handler = root.handlers[0]

    def write(message: str, *args: object, **more: Any) -> str:
        extra = more.pop("extra", None)
        record = root.makeRecord(
            "chatkit.any",
            logging.WARNING,
            "a.py",
            1,
            message,
            args,
            more.get("exc_info"),
            None,
            extra,
        )
        return handler.format(record)

    yield write
    root.handlers[:], level, own = before
    root.setLevel(level)
    logging.getLogger("chatkit").setLevel(own)


def raw_controls(text: str) -> set[str]:
    """Characters that a terminal or a reader of lines would act on."""
    return {
        char for char in text if unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp", "Cs")
    } - {"\n"}


@pytest.mark.parametrize("write", STYLES, indirect=True)
def test_control_characters_of_a_message_are_escaped(write: Write) -> None:
    entry = write("the server says: %s", EVIL)
    assert raw_controls(entry) == set()
    assert len(entry.splitlines()) == 1


@pytest.mark.parametrize("write", STYLES, indirect=True)
def test_control_characters_of_a_path_are_escaped(write: Write) -> None:
    line = RequestLine("1", "GET", f"/{EVIL}", 200, 1.0)
    entry = write("%s", line, extra={"request": line})
    assert raw_controls(entry) == set()
    assert len(entry.splitlines()) == 1


@pytest.mark.parametrize("write", STYLES, indirect=True)
def test_an_exception_cannot_forge_an_entry(write: Write) -> None:
    try:
        raise ValueError(EVIL)
    except ValueError:
        entry = write("failed", exc_info=sys.exc_info())
    assert raw_controls(entry) == set()
    first, *others = entry.splitlines()
    assert "failed" in first
    assert all(line.startswith("    ") for line in others)


@pytest.mark.parametrize("write", ["json"], indirect=True)
def test_letters_of_every_script_stay_readable(write: Write) -> None:
    entry = write("Grüße, 你好")
    assert "Grüße, 你好" in entry
    assert json.loads(entry)["message"] == "Grüße, 你好"


def test_entries_for_which_there_is_no_room_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    monkeypatch.setattr(logs, "_STDERR", writing)
    monkeypatch.setattr(logs, "_MAX_WAITING", 3)
    handler = logs._StderrHandler()
    for number in range(40):  # a pipe holds 16 of these
        handler.emit(logging.makeLogRecord({"msg": f"entry {number} {'x' * 4084}"}))
    written = os.read(reading, 2**20)
    handler.emit(logging.makeLogRecord({"msg": "the last one"}))
    written += os.read(reading, 2**20)
    os.close(reading)
    os.close(writing)
    *entries, lost, last = (line.split()[0:2] for line in written.decode().splitlines())
    assert entries == [["entry", str(number)] for number in range(len(entries))]
    assert (lost, last) == ([str(40 - len(entries)), "log"], ["the", "last"])

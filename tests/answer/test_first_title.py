"""The first line as a title."""

from __future__ import annotations

import pytest

from chatkit.answer.first_title import first_line
from chatkit.protocol.attachments import Attachment
from chatkit.protocol.bodies import UserMessage
from chatkit.protocol.content import InputText


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Hello there\nand more", "Hello there"),
        ("\n  \n  Hello \n", "Hello"),
        ("x" * 60, "x" * 60),
        ("x" * 61, "x" * 60 + "…"),
        (f"{'x' * 50}, and a long sentence", f"{'x' * 50}, and a…"),
        (f"{'x' * 50} - {'y' * 50}", f"{'x' * 50}…"),
        (" \n", None),
    ],
)
def test_the_first_line_is_cut_at_a_word(text: str, title: str | None) -> None:
    assert first_line(UserMessage(content=(InputText(text=text),))) == title


def test_a_message_of_files_alone_is_named_after_the_first() -> None:
    files = tuple(
        Attachment(id=f"atc_{name}", name=name, mime_type="text/plain", is_image=False)
        for name in ("list.txt", "more.txt")
    )
    empty = (InputText(text=" "),)
    assert first_line(UserMessage(content=empty, attachments=files)) == "list.txt"
    assert first_line(UserMessage(content=(InputText(text="Look"),), attachments=files)) == "Look"

"""Reasoning that goes back to its provider, put together from pieces."""

from __future__ import annotations

from typing import Any

import pytest

from chatkit.models.pure.deltas import ReasoningForm, ReasoningPart
from chatkit.models.pure.reasoning import ReturnedReasoning

Pieces = list[tuple[ReasoningForm, dict[str, Any]]]


def taken(pieces: Pieces, *texts: str) -> list[tuple[str, Any]]:
    reasoning = ReturnedReasoning()
    for text in texts:
        reasoning.add_text(text)
    for form, value in pieces:
        reasoning.add(ReasoningPart(form=form, value=value))
    return [(part.form, part.value) for part in reasoning.take()]


def block(**fields: Any) -> tuple[ReasoningForm, dict[str, Any]]:
    return "thinking_blocks", {"type": "thinking", **fields}


def detail(**fields: Any) -> tuple[ReasoningForm, dict[str, Any]]:
    return "reasoning_details", fields


def test_text_is_one_part() -> None:
    assert taken([], "hm ", "so") == [("reasoning_content", "hm so")]
    assert taken([]) == []


def test_pieces_of_a_block_end_with_its_signature() -> None:
    pieces = [
        block(thinking="hm ", signature="", index=0),  # LiteLLM's index is not the provider's
        block(thinking="so", index=0),
        block(thinking="", signature="s1", index=0),
        ("thinking_blocks", {"type": "redacted_thinking", "data": "x"}),
        block(thinking="and"),
        block(thinking="", signature="s2"),
        block(thinking="whole", signature="s3"),
    ]
    assert taken(pieces) == [
        ("thinking_blocks", {"type": "thinking", "thinking": "hm so", "signature": "s1"}),
        ("thinking_blocks", {"type": "redacted_thinking", "data": "x"}),
        ("thinking_blocks", {"type": "thinking", "thinking": "and", "signature": "s2"}),
        ("thinking_blocks", {"type": "thinking", "thinking": "whole", "signature": "s3"}),
    ]


def test_a_block_without_a_signature_is_left_out() -> None:
    assert taken([block(thinking="hm")]) == []


def test_pieces_of_a_detail_are_joined_by_type_and_index() -> None:
    pieces = [
        detail(type="reasoning.text", index=0, text="hm ", format="f"),
        detail(type="reasoning.encrypted", index=1, data="x", id="r"),
        detail(type="reasoning.text", index=0, text="so", signature="s"),
    ]
    assert taken(pieces, "hm so") == [
        (
            "reasoning_details",
            {
                "type": "reasoning.text",
                "index": 0,
                "text": "hm so",
                "format": "f",
                "signature": "s",
            },
        ),
        ("reasoning_details", {"type": "reasoning.encrypted", "index": 1, "data": "x", "id": "r"}),
    ]


@pytest.mark.parametrize("value", [None, "x", []])
def test_what_is_no_entry_is_dropped(value: Any) -> None:
    assert taken([("reasoning_details", value)]) == []

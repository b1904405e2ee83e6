from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatkit.protocol.errors import BadRequest
from chatkit.protocol.jsontext import MAX_DEPTH, dumps, loads


def nested(levels: int, kinds: str = "[") -> bytes:
    """As many levels of arrays and objects, `kinds` again and again from the outside."""
    opened = [kinds[level % len(kinds)] for level in range(levels)]
    inner = "".join("[" if kind == "[" else '{"a":' for kind in opened)
    closed = "".join("]" if kind == "[" else "}" for kind in reversed(opened))
    return f"{inner}0{closed}".encode()


@pytest.mark.parametrize("kinds", ["[", "{", "[{", "[[{", "{{["])
def test_so_many_levels_are_read_and_no_more(kinds: str) -> None:
    text = nested(MAX_DEPTH, kinds)
    assert loads(text) == json.loads(text)
    for levels in (MAX_DEPTH + 1, 2 * MAX_DEPTH, 900, 100_000):
        with pytest.raises(BadRequest) as caught:
            loads(nested(levels, kinds))
        assert caught.value.code == "invalid_json"


@pytest.mark.parametrize("levels", [MAX_DEPTH, MAX_DEPTH + 1])
def test_brackets_in_strings_neither_count_nor_hide(levels: int) -> None:
    text = b'["' + b"[{" * 200 + b'","' + b"}]" * 300 + b'",' + nested(levels - 1) + b"]"
    if levels <= MAX_DEPTH:
        assert loads(text) == json.loads(text)
    else:
        with pytest.raises(BadRequest):
            loads(text)


@pytest.mark.parametrize("text", ['"', "\\", '\\"', '"\\', '[{"', "]}\\", '\\\\"['])
@pytest.mark.parametrize("levels", [MAX_DEPTH, MAX_DEPTH + 1])
def test_what_stands_in_a_string_does_not_end_it(text: str, levels: int) -> None:
    body = b"[%b,%b]" % (json.dumps([text * 99, text]).encode(), nested(levels - 1))
    if levels <= MAX_DEPTH:
        assert loads(body) == json.loads(body)
    else:
        with pytest.raises(BadRequest):
            loads(body)


@pytest.mark.parametrize("text", ["[", "[{", "][", "[" * 31 + "]" * 31 + "{", '\\"[', "\\["])
def test_a_megabyte_of_brackets_in_a_string_is_read_in_no_time(text: str) -> None:
    body = json.dumps([text * (2**20 // len(text)), *([[]] * MAX_DEPTH)]).encode()
    taken = []
    for _ in range(3):
        began = time.thread_time()
        loads(body)
        taken.append(time.thread_time() - began)
    assert min(taken) < 0.06  # 4 ms; round by round it was 80 to 250


def test_a_wide_body_is_no_deep_one() -> None:
    wide: list[Any] = [{"a": [{}, []]} for _ in range(5000)]
    assert loads(json.dumps(wide).encode()) == wide
    assert loads(json.dumps("[" * 5000).encode()) == "[" * 5000


def depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


@given(
    st.recursive(
        st.none() | st.text("[]{}a", max_size=3),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("[]{}"), inner),
    ),
    st.integers(0, 70),
)
def test_the_limit_is_exact_whatever_is_in_between(value: Any, around: int) -> None:
    for level in range(around):
        value = [value, "["] if level % 2 else {"{": value, "}": [1] * 9}
    if depth(value) <= MAX_DEPTH:
        assert loads(dumps(value).encode()) == value
    else:
        with pytest.raises(BadRequest):
            loads(dumps(value).encode())


@pytest.mark.parametrize(
    "text", [b"\xff", b"{", b"NaN", b"[1e999]", b'"\\u0000"', b'"\\ud800"', b""]
)
def test_what_is_no_json_of_the_wire_is_refused(text: bytes) -> None:
    with pytest.raises(BadRequest) as caught:
        loads(text)
    assert caught.value.code == "invalid_json"

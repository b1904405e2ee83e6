"""Whatever people, tools and other models wrote: the demo answers, and ends."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatkit.demo.conversation import answer
from chatkit.demo.grammar import understand
from tests.demo.desk import SAY, TODAY, TOOLS, Desk

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
SOME = (
    "add task 1 2 and , then delete complete all my show due on friday 30/11 yes it # ! rename to "
    "tag with x ; \n more remove of done before after next last week between tasks mark as and is"
)
WORDS = st.sampled_from(SOME.split(" "))
SAID = st.text(max_size=80) | st.lists(WORDS, max_size=14).map(" ".join)
TASK = st.fixed_dictionaries(
    {"id": st.text(max_size=4) | JSON, "title": SAID | JSON},
    optional={"completed": JSON, "due_date": JSON | st.text(max_size=12), "tags": JSON},
)
RESULT = st.fixed_dictionaries(
    {"success": st.booleans() | JSON},
    optional={"task": TASK | JSON, "tasks": st.lists(TASK | JSON) | JSON, "total": JSON},
).map(json.dumps)
CALL = st.fixed_dictionaries(
    {
        "id": st.sampled_from(["a", "b", "c"]),
        "function": st.fixed_dictionaries(
            {"name": st.sampled_from(TOOLS), "arguments": JSON.map(json.dumps) | JSON}
        ),
    }
)
MESSAGE = st.one_of(
    st.builds(lambda text: {"role": "user", "content": text}, SAID),
    st.builds(lambda text: {"role": "assistant", "content": text}, SAID | JSON),
    st.builds(lambda calls: {"role": "assistant", "tool_calls": calls}, st.lists(CALL | JSON)),
    st.builds(
        lambda key, text: {"role": "tool", "tool_call_id": key, "content": text},
        st.sampled_from(["a", "b", "c"]),
        RESULT | SAID | JSON,
    ),
    JSON,
)


@settings(max_examples=150, deadline=None)
@given(st.lists(MESSAGE, max_size=8), SAID)
def test_any_history_gets_calls_or_a_text_and_the_same_again(history: list[Any], said: str) -> None:
    messages = [*history, {"role": "user", "content": said}, *history[-2:]]
    step = answer(messages, TOOLS, TODAY, SAY)
    assert step.strip() if isinstance(step, str) else step
    assert answer(messages, TOOLS, TODAY, SAY) == step


@pytest.mark.parametrize(
    "words",
    ["task ", "tag a, ", "complete 1 and ", "show tasks before ", "@a ", "due ", "urgent, "],
)
def test_words_said_over_and_over_are_read_to_the_end(words: str) -> None:
    for said in (words * 400, f"mark {words * 400} as done"):
        assert answer([{"role": "user", "content": said}], TOOLS, TODAY, SAY)


@pytest.mark.parametrize("words", ["#a ", "#a, ", "#a(", "to #", "due #a ", "high priority, "])
def test_four_times_the_text_costs_about_four_times_as_much(words: str) -> None:
    def cost(characters: int) -> float:
        said = f"add {words * characters}"[:characters]
        costs = []
        for _ in range(5):
            understand.cache_clear()
            began = time.process_time()
            answer([{"role": "user", "content": said}], TOOLS, TODAY, SAY)
            costs.append(time.process_time() - began)
        return min(costs)

    cost(3000)  # compiles the patterns
    assert cost(3000) < 10 * max(cost(750), 0.001)


@settings(max_examples=80, deadline=None)
@given(st.lists(SAID, min_size=1, max_size=4))
def test_every_turn_ends_within_the_rounds_of_a_server(conversation: list[str]) -> None:
    desk = Desk("Buy milk", "Milk the cow", "Pay rent")
    for said in conversation:
        assert desk.say(said).strip()
    assert desk.refused == []

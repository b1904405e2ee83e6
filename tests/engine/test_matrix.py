"""Every provider answers the next message of every thread: a rule book for each, over HTTP."""

from __future__ import annotations

import pytest

from chatkit.answer.asking import ASK_USER
from chatkit.answer.drafting import WRITE_DRAFT
from chatkit.models import litellm_model as model_module
from chatkit.models.litellm_model import LiteLLMModel
from chatkit.protocol.params import AddUserMessage
from tests.engine.conftest import Engine, NewEngine, said
from tests.engine.flows import CART, FLOWS, Cell, Tools
from tests.models.model_calls import KEY
from tests.models.rule_books import BOOKS, Book, BookServer


@pytest.mark.parametrize("flow", FLOWS)
@pytest.mark.parametrize("book", BOOKS, ids=lambda book: book.name)
async def test_the_next_message_is_answered(
    new_engine: NewEngine, monkeypatch: pytest.MonkeyPatch, book: Book, flow: str
) -> None:
    monkeypatch.setattr(model_module, "_BACK_OFF_S", (0.0, 0.0))
    async with BookServer(book) as server:
        for name, value in book.environment.items():
            monkeypatch.setenv(name, value.format(base=server.api_base))
        base, key = (server.api_base, KEY) if book.own_server else (None, None)
        model = LiteLLMModel(api_base=base, api_key=key, timeout_s=20)

        async def start() -> Engine:
            return await new_engine(
                real_model=model,
                tools=Tools(),
                own_tools=(CART, ASK_USER, WRITE_DRAFT),
                models=(book.model,),
                context_tokens=2_000,
            )

        cell = Cell(book, server, await start(), start)
        thread_id = await FLOWS[flow](cell)
        server.forget()
        last = AddUserMessage(thread_id=thread_id, input=said("And now?"))
        events = await cell.engine.chat(last)
        await cell.engine.turns.interrupt_all()
        await model.aclose()

    assert server.refused == []
    assert [event for event in events if event["type"] == "error"] == []
    done = [event["item"] for event in events if event["type"] == "thread.item.done"]
    assert done[-1]["content"][0]["text"] == "Here."

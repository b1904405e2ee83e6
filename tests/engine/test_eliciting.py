"""Tool servers that ask the user in the middle of a call."""

from __future__ import annotations

from typing import Any

import pytest

from chatkit.answer.eliciting import check
from chatkit.protocol.calls import Elicitation, ElicitationReply, ToolResult
from chatkit.protocol.params import AddStructuredInput, AddUserMessage, CreateThread
from chatkit.protocol.structured import Answer, Submission
from tests.engine.conftest import Engine, Event, NewEngine, said
from tests.engine.test_replies import calling, last_item
from tests.fakes import ScriptedTools, says

GO = CreateThread(input=said("Book."))
SEATS: dict[str, Any] = {
    "properties": {
        "seats": {"type": "integer", "title": "Seats", "minimum": 1, "maximum": 9},
        "window": {"type": "boolean", "title": "Window"},
    },
    "required": ["seats"],
}


def form(schema: Any = SEATS, message: str = "Which seats?", url: str | None = None) -> Elicitation:
    state = {"held": "1"}
    return Elicitation(server="train", message=message, schema=schema, url=url, state=state)


class Asking(ScriptedTools):
    """The tool `book` of a server that asks `questions` one after another, and says the replies."""

    def __init__(self, *questions: Elicitation) -> None:
        super().__init__(book=self._book, look=lambda _: "seen")
        self._questions = [*questions]

    def _book(self, _: str) -> ToolResult | str:
        if len(self.replies) < len(self._questions):
            question = self._questions[len(self.replies)]
            return ToolResult(call_id="", output="", asked=question)
        return "; ".join(f"{reply.action} {reply.content}" for reply in self.replies)


async def answer(engine: Engine, item: Any, *, skipped: bool = False, **given: str) -> list[Event]:
    answers = {name: Answer(values=(value,)) for name, value in given.items()}
    submission = Submission(skipped=skipped, answers=answers)
    return await engine.chat(
        AddStructuredInput(thread_id=item["thread_id"], item_id=item["id"], submission=submission)
    )


def told(engine: Engine) -> list[str]:
    """The results of calls that the model has read last."""
    messages = engine.model.requests[-1].messages
    return [message["content"] for message in messages if message["role"] == "tool"]


async def asked(new_engine: NewEngine, *questions: Elicitation) -> tuple[Engine, Any]:
    engine = await new_engine(
        calling(("book", "{}")), says("Well."), says("And?"), tools=Asking(*questions)
    )
    return engine, last_item(await engine.chat(GO))


async def test_a_form_of_a_server_waits_for_the_user_and_the_call_goes_on(
    new_engine: NewEngine,
) -> None:
    engine, item = await asked(new_engine, form())
    assert (item["type"], item["status"]) == ("structured_input", "pending")
    seats, window = item["inputs"]
    assert seats["question"] == "The tool server train asks:\n\nWhich seats?\n\nSeats"
    assert seats["description"] == "A whole number. From 1 to 9."
    assert [option["value"] for option in window["options"]] == ["Yes", "No"]
    assert len(engine.model.requests) == 1
    events = await answer(engine, item, seats="2", window="Yes")
    assert engine.tools.replies == [
        ElicitationReply(action="accept", asked=form(), content={"seats": 2, "window": True})
    ]
    assert told(engine) == ["accept {'seats': 2, 'window': True}"]
    assert last_item(events)["content"][0]["text"] == "Well."


async def test_the_model_never_reads_a_call_without_its_result(new_engine: NewEngine) -> None:
    engine, item = await asked(new_engine, form())
    await answer(engine, item, seats="2")
    messages = engine.model.requests[-1].messages
    assert [message["role"] for message in messages[1:]] == ["user", "assistant", "tool"]


async def test_only_what_does_not_fit_is_asked_again_and_why(new_engine: NewEngine) -> None:
    engine, item = await asked(new_engine, form())
    again = last_item(await answer(engine, item, seats="12", window="No"))
    (question,) = again["inputs"]
    assert question["question"] == (
        "The tool server train asks:\n\nWhich seats?\n\nFrom 1 to 9.\n\nSeats"
    )
    assert len(engine.model.requests) == 1
    assert engine.tools.replies == []
    await answer(engine, again, seats="3")
    assert told(engine) == ["accept {'window': False, 'seats': 3}"]


async def test_a_skipped_form_is_declined(new_engine: NewEngine) -> None:
    engine, item = await asked(new_engine, form())
    await answer(engine, item, skipped=True)
    assert told(engine) == ["decline None"]


async def test_a_message_instead_gives_the_question_up_and_the_model_knows(
    new_engine: NewEngine,
) -> None:
    engine, item = await asked(new_engine, form())
    await engine.chat(AddUserMessage(thread_id=item["thread_id"], input=said("Never mind.")))
    assert engine.tools.given_up == [form()]
    (result,) = told(engine)
    assert "got no answer" in result


async def test_a_server_may_ask_again_and_again(new_engine: NewEngine) -> None:
    name = {"properties": {"name": {"type": "string"}}}
    engine, item = await asked(new_engine, form(), form(name, "Your name?"))
    second = last_item(await answer(engine, item, seats="1"))
    assert "Your name?" in second["inputs"][0]["question"]
    await answer(engine, second, name="Ada")
    assert told(engine) == ["accept {'seats': 1}; accept {'name': 'Ada'}"]


async def test_another_process_goes_on_with_what_is_stored(new_engine: NewEngine) -> None:
    engine, item = await asked(new_engine, form())
    other_tools = Asking(form())
    other = await new_engine(says("Done."), tools=other_tools, owner="two")
    await answer(other, item, seats="4")
    assert other_tools.replies[0].asked == form()
    assert told(other) == ["accept {'seats': 4}"]
    assert engine.tools.replies == []


async def test_a_page_is_a_link_and_its_opening_is_confirmed(new_engine: NewEngine) -> None:
    page = form({}, "Sign in.", "https://bank.example/in?a=1")
    engine = await new_engine(calling(("book", "{}")), says("Ok."), tools=Asking(page, page))
    events = await engine.chat(GO)
    (step,) = [
        event["item"]["task"]
        for event in events
        if event["type"] == "thread.item.done" and event["item"]["type"] == "task"
    ]
    assert step["sources"] == [
        {"type": "url", "title": "bank.example", "url": "https://bank.example/in?a=1"}
    ]
    item = last_item(events)
    (question,) = item["inputs"]
    assert question["question"].endswith("done there:\nhttps://bank.example/in?a=1")
    second = last_item(await answer(engine, item, agree="I have opened it"))
    await answer(engine, second, agree="I refuse")
    assert told(engine) == ["accept None; decline None"]


BAD_PAGES = [
    "javascript:alert(1)",
    "file:///etc/passwd",
    "https://good.example@evil.example/",
    "https://ex\u0430mple.com/",
    "https://",
    "https://a.example/" + "x" * 3000,
]


@pytest.mark.parametrize("url", BAD_PAGES)
async def test_no_address_but_a_plain_one_of_the_web_is_shown(
    new_engine: NewEngine, url: str
) -> None:
    engine, item = await asked(new_engine, form({}, "Open it.", url))
    assert item["type"] == "assistant_message"
    assert told(engine)[0].startswith("cancel None\n[The server wanted the user to open")


SECRETS = [
    ({"password": {"type": "string"}}, "Log in."),
    ({"apiKey": {"type": "string"}}, "Log in."),
    ({"api-key": {"type": "string"}}, "Log in."),
    ({"value": {"type": "string", "title": "GitHub token"}}, "Log in."),
    ({"value": {"type": "string", "description": "Your personal access token"}}, "Log in."),
    ({"pin": {"type": "integer"}}, "Log in."),
    ({"value": {"type": "string"}}, "Please type your password."),
]


@pytest.mark.parametrize(("properties", "message"), SECRETS)
async def test_nothing_secret_is_asked_for_by_a_form(
    new_engine: NewEngine, properties: Any, message: str
) -> None:
    engine, item = await asked(new_engine, form({"properties": properties}, message))
    assert item["type"] == "assistant_message"
    assert told(engine)[0].startswith("decline None\n[The server asked for")
    assert "secrets are never given in a form" in told(engine)[0]


def test_words_that_only_look_like_secrets_are_asked_for() -> None:
    properties = {
        "shipping": {"type": "string", "description": "Give no phone number, pin or the like."},
        "opinion": {"type": "string"},
    }
    check(form({"properties": properties}, "The token limit is reached. What now?"))


async def test_a_server_that_asks_for_secrets_without_end_is_left(new_engine: NewEngine) -> None:
    secret = form({"properties": {"password": {"type": "string"}}})
    engine, item = await asked(new_engine, *[secret] * 20)
    assert item["type"] == "assistant_message"
    assert "asks again and again" in told(engine)[0]
    assert len(engine.tools.replies) < 10


async def test_of_two_questions_at_once_the_second_is_cancelled(new_engine: NewEngine) -> None:
    class Two(Asking):
        def _book(self, _: str) -> ToolResult | str:
            if self.replies and self.replies[-1].action == "cancel":
                return self.replies.pop().action
            return super()._book(_)

    engine = await new_engine(
        calling(("book", '{"n": 1}'), ("book", '{"n": 2}')), says("Ok."), tools=Two(form())
    )
    item = last_item(await engine.chat(GO))
    assert item["type"] == "structured_input"
    await answer(engine, item, seats="1")
    results = told(engine)
    assert results[0].startswith("cancel\n[Only one call")
    assert results[1] == "accept {'seats': 1}"


async def test_a_confirmation_without_fields_is_a_yes_or_a_no(new_engine: NewEngine) -> None:
    engine, item = await asked(new_engine, form({}, "Really?"))
    (question,) = item["inputs"]
    assert [option["value"] for option in question["options"]] == ["Yes", "I refuse"]
    await answer(engine, item, agree="Yes")
    assert told(engine) == ["accept {}"]

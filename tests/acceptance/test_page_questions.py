"""What the assistant asks back: questions to the person, and tools that run in the page."""

from __future__ import annotations

from typing import Any, Final

import pytest
from playwright.async_api import Page, expect

from tests.acceptance.page_api import (
    ORIGIN,
    ScriptedApi,
    answer,
    done,
    item,
    new_thread,
    open_thread,
    send,
    stored,
    stream,
    user_message,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

INPUTS: Final[list[dict[str, Any]]] = [
    {
        "id": "prio",
        "question": "How urgent?",
        "type": "multiple_choice",
        "options": [{"value": "Low"}, {"value": "High"}],
        "multiple": False,
    },
    {
        "id": "days",
        "question": "Which days?",
        "type": "multiple_choice",
        "options": [{"value": "Monday"}, {"value": "Friday"}],
        "multiple": True,
    },
    {"id": "note", "question": "Anything else?", "type": "freeform", "description": "Or not."},
]
PENDING: Final = item("structured_input", "si_1", status="pending", inputs=INPUTS)


def answered(*answers: list[str]) -> dict[str, Any]:
    inputs = [
        {**question, "answer": {"values": values, "skipped": not values}}
        for question, values in zip(INPUTS, answers, strict=True)
    ]
    return item("structured_input", "si_1", status="answered", inputs=inputs)


async def test_questions_take_the_place_of_the_composer_until_they_are_answered(
    page: Page, api: ScriptedApi
) -> None:
    api.answers["threads.create"] = new_thread(done(PENDING))
    api.answers["threads.add_structured_input"] = stream(
        {
            "type": "thread.item.replaced",
            "item": answered(["Tomorrow"], ["Monday", "Any"], ["Thanks"]),
        },
        done(answer("Noted.")),
    )
    await send(page, "Add it")
    form = page.get_by_role("form", name="Questions")
    await expect(form).to_be_visible()
    box = page.get_by_role("textbox", name="Message")
    await expect(box).to_be_hidden()
    urgent = form.get_by_role("group", name="How urgent?")
    await expect(urgent.get_by_role("radio", name="Low")).to_be_focused()
    submit = form.get_by_role("button", name="Send answers")
    await expect(submit).to_be_disabled()
    await urgent.get_by_role("radio", name="High").check()
    await urgent.get_by_role("textbox", name="Your own answer").fill(" Tomorrow ")
    await expect(urgent.get_by_role("radio", name="High")).not_to_be_checked()
    days = form.get_by_role("group", name="Which days?")
    await days.get_by_role("checkbox", name="Monday").check()
    await days.get_by_role("textbox", name="Your own answer").fill("Any")
    await form.get_by_role("textbox", name="Anything else?").fill("Thanks")
    await submit.click()
    await expect(page.get_by_role("article", name="Assistant")).to_contain_text("Noted.")
    await expect(form).to_be_hidden()
    await expect(box).to_be_focused()
    assert api.asked("threads.add_structured_input") == [
        {
            "thread_id": "thr_1",
            "item_id": "si_1",
            "input": {
                "status": "answered",
                "answers": {
                    "prio": {"values": ["Tomorrow"], "skipped": False},
                    "days": {"values": ["Monday", "Any"], "skipped": False},
                    "note": {"values": ["Thanks"], "skipped": False},
                },
            },
        }
    ]
    given = page.get_by_role("article", name="Questions")
    await expect(given.locator("dd")).to_have_text(["Tomorrow", "Monday", "Any", "Thanks"])


async def test_questions_can_be_skipped_one_by_one_and_survive_a_fault(
    page: Page, api: ScriptedApi
) -> None:
    api.answers["threads.get_by_id"] = stored(user_message("Add it"), PENDING)
    fault = {"error": {"code": "busy", "message": "Try in a minute."}}
    api.answers["threads.add_structured_input"] = lambda _: (503, fault)
    await open_thread(page)
    form = page.get_by_role("form", name="Questions")
    await form.get_by_role("radio", name="Low").check()
    skip = form.get_by_role("button", name="Skip: How urgent?")
    await skip.click()
    await expect(skip).to_have_attribute("aria-pressed", "true")
    await expect(form.get_by_role("radio", name="Low")).to_be_disabled()
    await form.get_by_role("checkbox", name="Friday").check()
    await form.get_by_role("button", name="Send answers").click()
    await expect(page.get_by_role("alert")).to_contain_text("Try in a minute.")
    await expect(form.get_by_role("checkbox", name="Friday")).to_be_checked()
    api.answers["threads.add_structured_input"] = stream(
        {"type": "thread.item.replaced", "item": answered([], ["Friday"], [])},
        done(answer("Noted.")),
    )
    await page.get_by_role("button", name="Try again").click()
    await expect(page.get_by_role("article", name="Assistant")).to_contain_text("Noted.")
    first, second = api.asked("threads.add_structured_input")
    assert first == second
    assert first["input"]["answers"] == {
        "prio": {"values": [], "skipped": True},
        "days": {"values": ["Friday"], "skipped": False},
        "note": {"values": [], "skipped": True},
    }
    await expect(page.locator("dd")).to_have_text(["Skipped", "Friday", "Skipped"])


async def test_all_questions_can_be_skipped_at_once(page: Page, api: ScriptedApi) -> None:
    api.answers["threads.get_by_id"] = stored(user_message("Add it"), PENDING)
    api.answers["threads.add_structured_input"] = stream(
        {"type": "thread.item.replaced", "item": {**answered([], [], []), "status": "skipped"}},
        done(answer("Never mind.")),
    )
    await open_thread(page)
    await page.get_by_role("button", name="Skip all").click()
    await expect(page.get_by_role("textbox", name="Message")).to_be_visible()
    [asked] = api.asked("threads.add_structured_input")
    assert asked["input"] == {"status": "skipped", "answers": {}}


def call(name: str, arguments: dict[str, Any], status: str = "pending") -> dict[str, Any]:
    fields = {"status": status, "call_id": "call_1", "name": name, "arguments": arguments}
    return item("client_tool_call", "tc_1", **fields)


async def test_a_tool_of_the_page_is_run_and_answered_once(page: Page, api: ScriptedApi) -> None:
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    calls = [
        call("get_page_context", {}),
        {**call("copy_to_clipboard", {"text": "Milk"}), "id": "tc_2"},
        {**call("rm", {"path": "/"}), "id": "tc_3"},
    ]
    streams = [stream(done(one)) for one in calls[1:]] + [stream(done(answer("Done.")))]
    api.answers["threads.create"] = new_thread(done(calls[0]))
    api.answers["threads.add_client_tool_output"] = lambda body: streams.pop(0)(body)
    await send(page, "Where am I?")
    await expect(page.get_by_role("article", name="Assistant")).to_contain_text("Done.")
    where, copied, unknown = api.asked("threads.add_client_tool_output")
    assert where == {
        "thread_id": "thr_1",
        "result": {"time_zone": "Europe/Berlin", "language": "en-GB", "title": "Chat & tasks"},
    }
    assert copied["result"] == {"copied": True}
    assert unknown["result"] == {"error": "this page has no such tool"}
    assert await page.evaluate("navigator.clipboard.readText()") == "Milk"
    await expect(page.get_by_role("status").filter(has_text="on your clipboard")).to_be_visible()
    await expect(page.get_by_role("textbox", name="Message")).to_be_enabled()


@pytest.mark.parametrize(
    ("items", "runs"),
    [
        ([call("get_page_context", {})], 1),
        ([call("get_page_context", {}, "completed")], 0),
        ([call("get_page_context", {}), answer("Later.")], 0),
        ([call("get_page_context", {}), item("end_of_turn", "end_1")], 1),
    ],
    ids=["pending", "completed", "passed over", "end of turn"],
)
async def test_after_a_reload_a_call_is_run_only_while_it_waits(
    page: Page, api: ScriptedApi, items: list[dict[str, Any]], runs: int
) -> None:
    api.answers["threads.get_by_id"] = stored(user_message("Where am I?"), *items)
    api.answers["threads.add_client_tool_output"] = stream(done(answer("There.", "msg_9")))
    await page.goto(f"{ORIGIN}/#thr_1")
    asked = "**/api/chatkit/threads/thr_1/events"
    async with page.expect_response(asked):
        await page.reload()
    if runs:
        await expect(page.get_by_role("article", name="Assistant").last).to_contain_text("There.")
    await expect(page.get_by_role("region", name="Conversation")).to_be_visible()
    assert len(api.asked("threads.add_client_tool_output")) == runs


async def test_a_tool_of_the_page_is_not_called_without_end(page: Page, api: ScriptedApi) -> None:
    count = 0

    def another(body: dict[str, Any]) -> tuple[int, Any]:
        nonlocal count
        count += 1
        return stream(done({**call("get_page_context", {}), "id": f"tc_{count}"}))(body)

    api.answers["threads.create"] = new_thread(done(call("get_page_context", {})))
    api.answers["threads.add_client_tool_output"] = another
    await send(page, "Where am I?")
    await expect(page.get_by_role("alert")).to_contain_text("too much at once")
    assert len(api.asked("threads.add_client_tool_output")) == 10

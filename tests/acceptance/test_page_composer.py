"""What a person can put into a message of the built-in page."""

from __future__ import annotations

import base64
from typing import Any, Final

import pytest
from playwright.async_api import Page, expect

from tests.acceptance.page_api import (
    ORIGIN,
    ScriptedApi,
    answer,
    done,
    entities,
    first_answer,
    message_box,
    new_thread,
    send,
    sent_inputs,
    stream,
    with_options,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

MODELS: Final = [{"id": "fast", "label": "Fast"}, {"id": "deep", "label": "Deep"}]


# ---- Choices -------------------------------------------------------------------------------------


async def test_models_and_tools_can_be_chosen_where_the_server_offers_them(
    page: Page, api: ScriptedApi
) -> None:
    await with_options(page, api, models=MODELS, tools=[{"id": "web", "label": "Web"}])
    api.answers["threads.create"] = first_answer("One.")
    api.answers["threads.add_user_message"] = stream(done(answer("Two.", "msg_4")))
    await page.get_by_role("combobox", name="Model").select_option("Deep")
    await page.get_by_role("combobox", name="Tool").select_option("Web")
    await send(page, "First")
    await expect(page.get_by_role("article", name="Assistant")).to_contain_text("One.")
    await send(page, "Second")
    await expect(page.get_by_role("article", name="Assistant").last).to_contain_text("Two.")
    assert [sent["inference_options"] for sent in sent_inputs(api)] == [
        {"model": "deep", "tool_choice": {"id": "web"}},
        {"model": "deep"},  # a tool is chosen for one message
    ]
    await page.goto(f"{ORIGIN}/?again")
    await expect(page.get_by_role("combobox", name="Model")).to_have_value("deep")


@pytest.mark.parametrize(
    ("status", "options"),
    [
        (404, {"error": {"code": "not_found", "message": "No."}}),
        (200, {"composer": {"models": MODELS[:1]}}),
    ],
    ids=["no options", "one model"],
)
async def test_where_there_is_nothing_to_choose_the_composer_is_as_ever(
    page: Page, api: ScriptedApi, status: int, options: dict[str, Any]
) -> None:
    api.answers["/api/chatkit/options"] = lambda _: (status, options)
    api.answers["threads.create"] = first_answer("One.")
    async with page.expect_response("**/api/chatkit/options"):
        await page.reload()
    await send(page, "First")
    await expect(page.get_by_role("article", name="Assistant")).to_contain_text("One.")
    assert sent_inputs(api)[0]["inference_options"] == {}
    await expect(page.locator(".composer select")).to_have_count(0)
    await expect(page.get_by_role("alert")).to_have_count(0)


# ---- Mentions ------------------------------------------------------------------------------------


async def test_an_at_sign_offers_tasks_and_the_chosen_one_is_sent_as_a_tag(
    page: Page, api: ScriptedApi
) -> None:
    api.answers["/api/chatkit/entities"] = entities("Buy milk", "Buy tea", "Call mum")
    api.answers["threads.create"] = new_thread(done(answer("Done.")))
    box = page.locator("#message")
    await box.press_sequentially("me@x.example finish @buy")
    options = page.get_by_role("option")
    await expect(options).to_have_text(["Buy milk", "Buy tea"])
    await expect(box).to_have_attribute("role", "combobox")
    await box.press("ArrowDown")
    chosen = page.get_by_role("option", selected=True)
    await expect(chosen).to_have_text("Buy tea")
    await expect(box).to_have_attribute(
        "aria-activedescendant", await chosen.get_attribute("id") or ""
    )
    await box.press("Enter")
    await expect(options).to_have_count(0)
    await expect(message_box(page)).to_have_value("me@x.example finish @Buy tea ")
    await expect(page.locator("#mirror mark")).to_have_text("@Buy tea")
    await box.press_sequentially("today")
    await box.press("Enter")
    tag = page.get_by_role("article", name="You").locator(".tag")
    await expect(tag).to_have_text("Buy tea")
    assert sent_inputs(api)[0]["content"] == [
        {"type": "input_text", "text": "me@x.example finish "},
        {
            "type": "input_tag",
            "id": "task_1",
            "text": "Buy tea",
            "data": {"number": "1"},
            "group": "To do",
            "interactive": False,
        },
        {"type": "input_text", "text": " today"},
    ]


async def test_escape_closes_the_list_and_leaves_plain_text(page: Page, api: ScriptedApi) -> None:
    api.answers["/api/chatkit/entities"] = entities("Buy milk")
    api.answers["threads.create"] = first_answer("Done.")
    box = page.locator("#message")
    await box.press_sequentially("@b")
    await expect(page.get_by_role("option")).to_have_count(1)
    await box.press("Escape")
    await expect(page.get_by_role("option")).to_have_count(0)
    await expect(box).not_to_have_attribute("role", "combobox")
    await box.press("Enter")
    await expect(page.get_by_role("article", name="Assistant")).to_contain_text("Done.")
    assert sent_inputs(api)[0]["content"] == [{"type": "input_text", "text": "@b"}]


EDITS: Final = [
    # (keys, the text then, the mentions in it)
    (["Home", "x"], "xSee @Buy milk now", ["@Buy milk"]),
    (["Home", "@"], "@See @Buy milk now", ["@Buy milk"]),
    (["End", "!"], "See @Buy milk now!", ["@Buy milk"]),
    (["Home", *["ArrowRight"] * 4, "@"], "See @@Buy milk now", ["@Buy milk"]),
    (["Home", *["ArrowRight"] * 13, "k"], "See @Buy milkk now", ["@Buy milk"]),
    (["Home", *["ArrowRight"] * 6, "x"], "See @Bxuy milk now", []),
    (["Home", *["ArrowRight"] * 6, "Delete"], "See @By milk now", []),
    (["Home", *["ArrowRight"] * 13, "Backspace"], "See  now", []),
    (["Home", *["ArrowRight"] * 4, "Backspace"], "See@Buy milk now", ["@Buy milk"]),
    (["ControlOrMeta+a", "x"], "x", []),
]


@pytest.mark.parametrize(("keys", "text", "mentions"), EDITS)
async def test_a_mention_moves_with_the_text_and_ends_when_it_is_changed(
    page: Page, api: ScriptedApi, keys: list[str], text: str, mentions: list[str]
) -> None:
    api.answers["/api/chatkit/entities"] = entities("Buy milk")
    box = page.locator("#message")
    await box.press_sequentially("See @buy")
    await page.get_by_role("option").click()
    await box.press_sequentially("now")
    for key in keys:
        await box.press(key)
    await expect(box).to_have_value(text)
    assert await page.locator("#mirror mark").all_text_contents() == mentions


async def test_a_server_without_mentions_is_asked_once(page: Page, api: ScriptedApi) -> None:
    missing = {"error": {"code": "not_found", "message": "No."}}
    api.answers["/api/chatkit/entities"] = lambda _: (404, missing)
    box = page.locator("#message")
    async with page.expect_response("**/api/chatkit/entities*"):
        await box.press_sequentially("@b")
    await box.press_sequentially("uy and @c")
    await expect(page.get_by_role("option")).to_have_count(0)
    await expect(page.get_by_role("alert")).to_have_count(0)
    assert [name for name, _ in api.calls].count("/api/chatkit/entities") == 1


# ---- Dictation -----------------------------------------------------------------------------------


async def test_what_is_spoken_is_put_where_the_caret_is(page: Page, api: ScriptedApi) -> None:
    await page.context.grant_permissions(["microphone"])
    await with_options(page, api, dictation={"enabled": True})
    api.answers["input.transcribe"] = lambda _: (200, {"text": " buy milk "})
    box = message_box(page)
    await box.fill("Please now")
    for _ in range(4):
        await box.press("ArrowLeft")
    await page.get_by_role("button", name="Dictate").click()
    stop = page.get_by_role("button", name="Stop dictating")
    await expect(stop).to_have_attribute("aria-pressed", "true")
    await stop.click()
    await expect(box).to_have_value("Please buy milk now")
    await expect(box).to_be_focused()
    [asked] = api.asked("input.transcribe")
    assert asked["mime_type"].startswith("audio/webm")
    assert base64.b64decode(asked["audio_base64"])[:4] == b"\x1a\x45\xdf\xa3"  # EBML


async def test_a_refused_microphone_is_a_sentence(page: Page, api: ScriptedApi) -> None:
    await with_options(page, api, dictation={"enabled": True})
    await page.context.clear_permissions()
    await page.get_by_role("button", name="Dictate").click()
    await expect(page.get_by_role("alert")).to_contain_text("microphone")
    await expect(page.get_by_role("button", name="Dictate")).to_be_enabled()

"""What a person can put into a message of the built-in page, and say about an answer."""

from __future__ import annotations

import base64
from typing import Any, Final

import pytest
from playwright.async_api import FilePayload, Locator, Page, expect

from tests.acceptance.page_api import (
    ORIGIN,
    THREAD,
    Answer,
    ScriptedApi,
    answer,
    done,
    feed,
    first_answer,
    item,
    new_thread,
    open_thread,
    send,
    send_live,
    stored,
    stream,
    user_message,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

PNG: Final = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
MODELS: Final = [{"id": "fast", "label": "Fast"}, {"id": "deep", "label": "Deep"}]
FILES: Final = {"enabled": True, "max_bytes": 1000, "max_count": 2}


def message_box(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Message")


async def with_options(page: Page, api: ScriptedApi, **options: Any) -> None:
    """Open the page on a server that offers these."""
    api.answers["/api/chatkit/options"] = lambda _: (200, options)
    async with page.expect_response("**/api/chatkit/options"):
        await page.reload()


def sent_inputs(api: ScriptedApi) -> list[dict[str, Any]]:
    types = ("threads.create", "threads.add_user_message")
    return [params["input"] for name in types for params in api.asked(name)]


# ---- Files ---------------------------------------------------------------------------------------


def file(name: str, mime_type: str = "text/plain", content: bytes = b"hello") -> FilePayload:
    return {"name": name, "mimeType": mime_type, "buffer": content}


def takes_files(api: ScriptedApi, method: str = "PUT") -> None:
    count = 0

    def create(body: dict[str, Any]) -> tuple[int, Any]:
        nonlocal count
        count += 1
        name, mime_type = body["params"]["name"], body["params"]["mime_type"]
        image = mime_type.startswith("image/")
        target = {
            "url": f"/upload/{count}",
            "method": method,
            "headers": {"X-Signature": "s"},
        }
        fields = {"type": "image", "preview_url": "/p.png"} if image else {"type": "file"}
        return 200, {
            "id": f"atc_{count}",
            "name": name,
            "mime_type": mime_type,
            "upload_descriptor": target,
            **fields,
        }

    api.answers["attachments.create"] = create
    api.answers["attachments.delete"] = lambda _: (200, {})
    for number in range(1, 5):
        api.answers[f"/upload/{number}"] = lambda _: (204, {})


async def test_files_are_uploaded_at_once_and_their_ids_are_sent(
    page: Page, api: ScriptedApi
) -> None:
    takes_files(api)
    await with_options(page, api, attachments=FILES)
    api.answers["threads.create"] = first_answer("Seen.")
    async with page.expect_request("**/upload/1") as uploaded:
        await page.locator("#files").set_input_files(
            [file("a.txt"), file("b.png", "image/png", PNG)]
        )
    request = await uploaded.value
    assert (request.method, request.post_data) == ("PUT", "hello")
    assert await request.header_value("x-signature") == "s"
    assert await request.header_value("authorization") is None
    chips = page.get_by_role("list", name="Attached files").get_by_role("listitem")
    await expect(chips).to_have_text(["a.txt5 bytes", "b.png70 bytes"])
    await expect(chips.nth(1).locator("img")).to_be_visible()
    assert api.asked("attachments.create")[1] == {
        "name": "b.png",
        "size": 70,
        "mime_type": "image/png",
    }
    await send(page, "See these")
    await expect(page.get_by_role("article", name="Assistant")).to_contain_text("Seen.")
    await expect(chips).to_have_count(0)
    assert sent_inputs(api)[0]["attachments"] == ["atc_1", "atc_2"]


async def test_a_message_may_be_files_alone_which_a_post_sends_as_a_form(
    page: Page, api: ScriptedApi
) -> None:
    takes_files(api, "POST")
    await with_options(page, api, attachments=FILES)
    shown = {"id": "atc_1", "name": "a.txt", "mime_type": "text/plain", "type": "file"}
    api.answers["threads.create"] = stream(
        {"type": "thread.created", "thread": THREAD},
        done({**user_message(""), "content": [], "attachments": [shown]}),
        done(answer("Seen.")),
    )
    async with page.expect_request("**/upload/1") as uploaded:
        await page.locator("#files").set_input_files(file("a.txt"))
    request = await uploaded.value
    assert 'form-data; name="file"; filename="a.txt"' in (request.post_data or "")
    await page.get_by_role("button", name="Send").click()
    await expect(page.get_by_role("article", name="Assistant")).to_contain_text("Seen.")
    await expect(page.get_by_role("article", name="You")).to_contain_text("a.txt")
    assert (sent_inputs(api)[0]["content"], sent_inputs(api)[0]["attachments"]) == ([], ["atc_1"])


async def test_each_file_that_fails_says_why_and_can_be_removed(
    page: Page, api: ScriptedApi
) -> None:
    takes_files(api)
    too_odd = {"error": {"code": "media_type", "message": "this kind of file is not taken"}}
    api.answers["/upload/2"] = lambda _: (415, too_odd)
    await with_options(page, api, attachments=FILES)
    picker = page.locator("#files")
    await picker.set_input_files([file("big.txt", content=b"x" * 1001), file("good.txt")])
    await picker.set_input_files(file("odd.bin", "application/x-odd"))
    chips = page.get_by_role("list", name="Attached files").get_by_role("listitem")
    await expect(chips).to_have_text(
        [
            "big.txtToo large: at most 1 kB.",
            "good.txt5 bytes",
            "odd.binThis kind of file is not taken",
        ]
    )
    await expect(page.get_by_role("alert")).to_have_count(2)
    await picker.set_input_files([file("third.txt"), file("fourth.txt")])
    await expect(chips.last).to_have_text("fourth.txtAt most 2 files at a time.")
    await page.get_by_role("button", name="Remove “good.txt”").click()
    await expect(chips).to_have_count(4)
    assert api.asked("attachments.delete") == [{"attachment_id": "atc_1"}]
    api.answers["threads.create"] = first_answer("Seen.")
    await send(page, "Go")
    await expect(page.get_by_role("article", name="Assistant")).to_contain_text("Seen.")
    assert sent_inputs(api)[0]["attachments"] == ["atc_3"]


async def test_a_message_that_failed_comes_back_with_all_that_was_in_it(
    page: Page, api: ScriptedApi
) -> None:
    takes_files(api)
    api.answers["/api/chatkit/entities"] = entities("Buy milk")
    api.answers["threads.create"] = lambda _: (500, {"error": {"code": "x", "message": "Not now."}})
    await with_options(page, api, attachments=FILES)
    await page.locator("#files").set_input_files(file("a.txt"))
    chip = page.get_by_role("list", name="Attached files").get_by_role("listitem")
    await expect(chip.get_by_role("progressbar")).to_be_hidden()
    box = message_box(page)
    await box.press_sequentially("Do @bu")
    await page.get_by_role("option", name="Buy milk").click()
    await box.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("Not now.")
    await expect(box).to_have_value("Do @Buy milk ")
    await expect(chip).to_have_count(1)
    api.answers["threads.create"] = first_answer("Done.")
    await page.get_by_role("button", name="Try again").click()
    await expect(page.get_by_role("article", name="Assistant")).to_contain_text("Done.")
    first, second = sent_inputs(api)
    assert first == second
    assert [part["type"] for part in second["content"]] == ["input_text", "input_tag"]
    assert second["attachments"] == ["atc_1"]


DROP: Final = """([kind, name]) => {
  const data = new DataTransfer();
  data.items.add(new File(["dropped"], name, { type: "text/plain" }));
  const target = document.querySelector(kind === "paste" ? "#message" : "#scroller");
  const options = { bubbles: true, cancelable: true };
  const fire = (Kind, type, given) =>
    target.dispatchEvent(new Kind(type, { ...options, ...given }));
  if (kind === "paste") return fire(ClipboardEvent, "paste", { clipboardData: data });
  fire(DragEvent, "dragover", { dataTransfer: data });
  const marked = document.querySelector(".is-drop") !== null;
  fire(DragEvent, "drop", { dataTransfer: data });
  return marked;
}"""


async def test_files_can_be_dropped_and_pasted_where_the_server_takes_them(
    page: Page, api: ScriptedApi
) -> None:
    takes_files(api)
    await expect(page.get_by_role("button", name="Attach files")).to_be_hidden()
    assert await page.evaluate(DROP, ["drop", "no.txt"]) is False
    await with_options(page, api, attachments=FILES)
    await expect(page.get_by_role("button", name="Attach files")).to_be_visible()
    assert await page.evaluate(DROP, ["drop", "dropped.txt"]) is True
    await page.evaluate(DROP, ["paste", "pasted.txt"])
    chips = page.get_by_role("list", name="Attached files").get_by_role("listitem")
    await expect(chips).to_have_text(["dropped.txt7 bytes", "pasted.txt7 bytes"])
    await expect(page.locator(".is-drop")).to_have_count(0)


async def test_files_of_a_stored_message_are_thumbnails_and_chips(
    page: Page, api: ScriptedApi
) -> None:
    gone = f"{ORIGIN}/api/chatkit/files/gone"
    picture = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
    files = [
        {"id": "1", "name": "a.pdf", "mime_type": "application/pdf", "type": "file"},
        {"id": "2", "name": "b.png", "type": "image", "preview_url": picture},
        {"id": "3", "name": "c.png", "type": "image", "preview_url": "javascript:alert(1)"},
        {"id": "4", "name": "d.png", "type": "image", "preview_url": gone},
    ]
    api.answers["/api/chatkit/files/gone"] = lambda _: (404, {})
    api.answers["threads.get_by_id"] = stored({**user_message("See"), "attachments": files})
    await open_thread(page)
    shown = page.get_by_role("list", name="Attached files").get_by_role("listitem")
    await expect(shown).to_have_text(["a.pdf", "", "c.png", "d.png"])
    await expect(shown.nth(1).get_by_role("img", name="Attached image: b.png")).to_be_visible()


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
    [(404, {"error": {"code": "not_found", "message": "No."}}), (200, {"models": MODELS[:1]})],
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


def entities(*titles: str) -> Answer:
    def reply(body: dict[str, Any]) -> tuple[int, Any]:
        query = body["url"].partition("?q=")[2].replace("+", " ").lower()
        found = [
            {
                "id": f"task_{place}",
                "title": title,
                "group": "To do",
                "interactive": False,
                "data": {"number": str(place)},
            }
            for place, title in enumerate(titles)
            if title.lower().startswith(query)
        ]
        return 200, {"data": found}

    return reply


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


# ---- Replies, feedback, another answer -----------------------------------------------------------

SELECT: Final = """(text) => {
  const walker = document.createTreeWalker(
    document.querySelector("#view"), NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const at = walker.currentNode.data.indexOf(text);
    if (at >= 0) {
      getSelection().setBaseAndExtent(
        walker.currentNode, at, walker.currentNode, at + text.length);
      return;
    }
  }
}"""


async def test_a_selected_part_of_an_answer_can_be_replied_to(page: Page, api: ScriptedApi) -> None:
    api.answers["threads.get_by_id"] = stored(user_message("When?"), answer("At nine, or ten."))
    api.answers["threads.add_user_message"] = stream(
        done({**user_message("Which?", "msg_3"), "quoted_text": "or ten"}),
        done(answer("Ten.", "msg_4")),
    )
    await open_thread(page)
    reply = page.get_by_role("button", name="Reply", exact=True)
    await page.evaluate(SELECT, "When?")
    await expect(reply).to_be_hidden()
    await page.evaluate(SELECT, "or ten")
    await reply.click()
    await expect(page.locator("#quote")).to_have_text("or ten")
    await expect(message_box(page)).to_be_focused()
    await expect(reply).to_be_hidden()
    await send(page, "Which?")
    await expect(page.get_by_role("article", name="You").last.locator("blockquote")).to_have_text(
        "or ten"
    )
    await expect(page.locator("#quote")).to_be_hidden()
    assert sent_inputs(api)[0]["quoted_text"] == "or ten"
    await page.evaluate(SELECT, "nine")
    await reply.click()
    await page.get_by_role("button", name="Do not reply to this text").click()
    api.answers["threads.add_user_message"] = stream(done(answer("Well.", "msg_6")))
    await send(page, "Well")
    await expect(page.get_by_role("article", name="Assistant").last).to_contain_text("Well.")
    assert sent_inputs(api)[1]["quoted_text"] is None


async def test_feedback_names_every_item_of_the_turn_and_the_last_click_counts(
    page: Page, api: ScriptedApi
) -> None:
    api.answers["threads.get_by_id"] = stored(
        user_message("One"),
        answer("First"),
        user_message("Two", "msg_3"),
        item("workflow", "wf_1", workflow={"type": "custom", "tasks": [], "expanded": False}),
        item("client_tool_call", "tc_1", status="completed", call_id="c", name="n", arguments={}),
        answer("Second", "msg_4"),
    )
    api.answers["items.feedback"] = lambda _: (200, {})
    await open_thread(page)
    good = page.get_by_role("button", name="Good answer")
    poor = page.get_by_role("button", name="Poor answer")
    await expect(good).to_have_count(2)
    await good.last.click()
    await expect(good.last).to_have_attribute("aria-pressed", "true")
    await poor.last.click()
    await expect(good.last).to_have_attribute("aria-pressed", "false")
    await expect(poor.last).to_have_attribute("aria-pressed", "true")
    ids = ["wf_1", "tc_1", "msg_4"]
    assert [(asked["item_ids"], asked["kind"]) for asked in api.asked("items.feedback")] == [
        (ids, "positive"),
        (ids, "negative"),
    ]
    api.answers["items.feedback"] = lambda _: (500, {})
    await good.first.click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await expect(good.first).to_have_attribute("aria-pressed", "false")


async def test_the_last_answer_can_be_given_again_and_only_once_it_is_there(
    page: Page, api: ScriptedApi
) -> None:
    api.answers["threads.get_by_id"] = stored(
        user_message("One"), answer("First"), user_message("Two", "msg_3"), answer("Old", "msg_4")
    )
    api.answers["threads.retry_after_item"] = stream(done(answer("New", "msg_5")))
    await open_thread(page)
    again = page.get_by_role("button", name="Answer again")
    await expect(again).to_have_count(1)
    await again.click()
    await expect(page.get_by_role("textbox", name="Message")).to_be_focused()
    said = page.get_by_role("article", name="Assistant").locator("p")
    await expect(said).to_have_text(["First", "New"])
    assert api.asked("threads.retry_after_item") == [{"thread_id": "thr_1", "item_id": "msg_3"}]
    await send_live(page, "Three")
    await feed(page, done(user_message("Three", "msg_6")))
    await expect(again).to_be_hidden()
    await expect(page.get_by_role("button", name="Good answer")).to_have_count(2)


# ---- Dictation -----------------------------------------------------------------------------------


async def test_what_is_spoken_is_put_where_the_caret_is(page: Page, api: ScriptedApi) -> None:
    await page.context.grant_permissions(["microphone"])
    await with_options(page, api, dictation=True)
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
    await with_options(page, api, dictation=True)
    await page.context.clear_permissions()
    await page.get_by_role("button", name="Dictate").click()
    await expect(page.get_by_role("alert")).to_contain_text("microphone")
    await expect(page.get_by_role("button", name="Dictate")).to_be_enabled()

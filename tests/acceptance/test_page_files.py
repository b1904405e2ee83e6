"""Files of a message on the built-in page."""

from __future__ import annotations

import base64
from typing import Any, Final

import pytest
from playwright.async_api import FilePayload, Page, expect

from tests.acceptance.page_api import (
    ORIGIN,
    THREAD,
    ScriptedApi,
    answer,
    done,
    entities,
    first_answer,
    message_box,
    open_thread,
    send,
    sent_inputs,
    stored,
    stream,
    user_message,
    with_options,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

PNG: Final = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
FILES: Final = {"enabled": True, "maxSize": 1000, "maxCount": 2}


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

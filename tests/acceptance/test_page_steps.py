"""What the built-in page shows while an answer comes about: steps, progress, notices, images."""

from __future__ import annotations

from typing import Any, Final

import pytest
from playwright.async_api import Locator, Page, expect

from tests.acceptance.page_api import (
    THREAD,
    ScriptedApi,
    answer,
    done,
    feed,
    finish,
    item,
    open_thread,
    send,
    send_live,
    stored,
    user_message,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

PIXEL: Final = "data:image/gif;base64,R0lGODlhAQABAIAAAP///wAAACwAAAAAAQABAAACAkQBADs="
BEGUN: Final = (
    {"type": "thread.created", "thread": THREAD},
    done(user_message("Look")),
)


def workflow(*tasks: dict[str, Any], kind: str = "custom", **fields: Any) -> dict[str, Any]:
    shown = {"type": kind, "tasks": [*tasks], "expanded": False, **fields}
    return item("workflow", "wf_1", workflow=shown)


def added(of: dict[str, Any]) -> dict[str, Any]:
    return {"type": "thread.item.added", "item": of}


def task(change: str, index: int, **fields: Any) -> dict[str, Any]:
    update = {"type": f"workflow.task.{change}", "task_index": index, "task": fields}
    return {"type": "thread.item.updated", "item_id": "wf_1", "update": update}


def delta(text: str) -> dict[str, Any]:
    kind = "assistant_message.content_part.text_delta"
    update = {"type": kind, "content_index": 0, "delta": text}
    return {"type": "thread.item.updated", "item_id": "msg_2", "update": update}


def progress_line(page: Page) -> Locator:
    return page.locator(".progress")


async def test_a_workflow_grows_step_by_step_and_folds_when_it_is_done(page: Page) -> None:
    await send_live(page, "Look")
    await expect(progress_line(page)).to_have_text("Thinking…")
    await feed(page, *BEGUN, added(workflow()))
    steps = page.get_by_role("article", name="Steps")
    await expect(steps.locator("summary")).to_have_text("Working…")
    await expect(progress_line(page)).to_be_hidden()  # the workflow says it by itself
    search = {"type": "web_search", "title": "Searching", "queries": ["tea"]}
    await feed(page, task("added", 0, **search, status_indicator="loading"))
    rows = steps.get_by_role("listitem").filter(has=page.locator(".step-title"))
    await expect(rows).to_have_count(1)
    await expect(rows.first).to_contain_text("in progress")
    source = {"type": "url", "url": "https://tea.example/", "title": "All about tea"}
    evil = {"type": "url", "url": "javascript:alert(1)", "title": "Evil"}
    found = {**search, "title": "Searched", "sources": [source, evil]}
    await feed(
        page,
        task("updated", 0, **found, status_indicator="complete"),
        task("added", 1, type="file", sources=[{"type": "file", "filename": "a.pdf", "title": ""}]),
        task("added", 7, type="custom", title="Out of order"),
    )
    await expect(rows).to_have_count(2)
    await expect(rows.first.locator(".step-title")).to_have_text("Searched")
    await expect(rows.first.locator(".visually-hidden")).to_have_text("done")
    link = rows.first.get_by_role("link", name="All about tea")
    await expect(link).to_have_attribute("href", "https://tea.example/")
    assert await rows.first.get_by_role("link").count() == 1
    await expect(rows.nth(1)).to_contain_text("a.pdf")

    await feed(page, done(workflow(found, summary={"duration": 3})))
    summary = steps.locator("summary")
    await expect(summary).to_have_text("Worked for 3 s")
    await expect(link).to_be_hidden()
    await expect(progress_line(page)).to_have_text("Thinking…")
    await summary.press("Enter")
    await expect(link).to_be_visible()
    await feed(page, done(answer("Here.")))
    await finish(page)
    await expect(page.get_by_role("button", name="Stop answering")).to_be_hidden()
    await expect(link).to_be_visible()  # as the person left it


async def test_reasoning_is_markdown_that_folds_and_says_how_long_it_took(page: Page) -> None:
    await send_live(page, "Look")
    await feed(page, *BEGUN, added(workflow(kind="reasoning")))
    steps = page.get_by_role("article", name="Steps")
    await expect(steps.locator("summary")).to_have_text("Thinking…")
    thought = {"type": "thought", "title": "Weighing", "content": "It is **so**"}
    await feed(page, task("added", 0, **thought, status_indicator="loading"))
    await expect(steps.locator("strong")).to_be_visible()
    await feed(page, task("updated", 0, **thought, status_indicator="complete"))
    await expect(steps.locator("strong")).to_be_hidden()
    await steps.get_by_text("Weighing").click()
    await expect(steps.locator("strong")).to_be_visible()
    duration = {"summary": {"duration": 125}}
    await feed(page, done(workflow(thought, kind="reasoning", **duration)), done(answer("So.")))
    await finish(page)
    await expect(steps.locator("summary").first).to_have_text("Thought for 2 min 5 s")
    await expect(steps.locator("strong")).to_be_hidden()


async def test_stored_steps_are_folded_unless_they_say_otherwise(
    page: Page, api: ScriptedApi
) -> None:
    step = {"type": "custom", "title": "A step", "content": "With *detail*"}
    open_one = {**workflow(step, expanded=True, summary={"title": "All done"}), "id": "wf_2"}
    alone = item("task", "tsk_1", task={"type": "custom", "title": "On its own"})
    api.answers["threads.get_by_id"] = stored(
        user_message("Look"), workflow(step, summary={"duration": 0}), open_one, alone
    )
    await open_thread(page)
    folds = page.locator(".from-workflow details")
    await expect(folds.locator("summary")).to_have_text(["Steps", "All done"])
    await expect(page.get_by_text("A step").first).to_be_hidden()
    await expect(page.get_by_text("A step").last).to_be_visible()
    await expect(page.locator("em").last).to_have_text("detail")
    await expect(page.get_by_text("On its own")).to_be_visible()


async def test_progress_is_replaced_by_the_next_and_by_the_message(page: Page) -> None:
    await send_live(page, "Look")
    line = progress_line(page)
    await feed(page, *BEGUN, {"type": "progress_update", "text": "Asking", "icon": "search"})
    await expect(line).to_have_text("Asking")
    await feed(page, added(workflow()), task("added", 0, type="custom", title="One"))
    await expect(line).to_have_text("Asking")  # steps do not replace it
    await feed(page, {"type": "progress_update", "text": "Still asking"})
    await expect(line).to_have_text("Still asking")
    await feed(page, done(workflow()), added({**answer(""), "content": []}))
    await expect(line).to_have_text("Still asking")
    await feed(page, delta("Here"))
    await expect(line).to_be_hidden()
    widget = item("widget", "msg_8", widget={"type": "Card", "children": []})
    await feed(page, {"type": "progress_update", "text": "Drawing"}, done(widget))
    await expect(line).to_be_hidden()
    await feed(page, done(answer("Here")))
    await finish(page)
    await expect(page.get_by_role("button", name="Stop answering")).to_be_hidden()


async def test_notices_stay_until_they_are_dismissed_even_when_the_answer_fails(
    page: Page,
) -> None:
    await send_live(page, "Look")
    text = "3 left. [Upgrade](https://shop.example/plans) [no](javascript:alert(1))"
    await feed(
        page,
        *BEGUN,
        {"type": "notice", "level": "warning", "title": "Heads up", "message": text},
        {"type": "notice", "level": "danger", "message": "Nearly over"},
        {"type": "notice", "level": "odd", "message": "By the way"},
        {"type": "error", "code": "custom", "message": "Too slow.", "allow_retry": False},
    )
    await finish(page)
    warning = page.get_by_role("status").filter(has_text="Heads up")
    await expect(warning.get_by_role("link")).to_have_attribute(
        "href", "https://shop.example/plans"
    )
    await expect(page.get_by_role("alert")).to_have_text(["Nearly over", "Too slow."])
    await expect(page.get_by_text("By the way")).to_be_visible()
    await warning.get_by_role("button", name="Dismiss").click()
    await expect(warning).to_have_count(0)
    await send(page, "Again")
    await expect(page.get_by_role("alert")).to_have_count(0)


async def test_items_are_replaced_and_removed_wherever_they_stand(
    page: Page, api: ScriptedApi
) -> None:
    api.answers["threads.get_by_id"] = stored(
        user_message("One"), answer("First"), user_message("Two", "msg_3"), answer("Old", "msg_4")
    )
    await open_thread(page)
    await send_live(page, "Three")
    await feed(
        page,
        done(user_message("Three", "msg_5")),
        {"type": "thread.item.replaced", "item": answer("Renewed")},
        {"type": "thread.item.removed", "item_id": "msg_4"},
        done(answer("Third", "msg_6")),
    )
    await finish(page)
    await expect(page.get_by_role("article").locator("p")).to_have_text(
        ["One", "Renewed", "Two", "Three", "Third"]
    )


async def test_a_thread_that_is_locked_or_closed_takes_no_message(page: Page) -> None:
    await send_live(page, "Look")
    await feed(page, *BEGUN, done(answer("Done.")))
    locked = {**THREAD, "status": {"type": "locked", "reason": "Wait for a colleague."}}
    await feed(page, {"type": "thread.updated", "thread": locked})
    box = page.get_by_role("textbox", name="Message")
    await expect(box).to_be_disabled()
    await expect(box).to_have_attribute("placeholder", "Wait for a colleague.")
    await feed(page, {"type": "thread.updated", "thread": {**THREAD, "status": {"type": "closed"}}})
    await expect(page.get_by_text("This chat is closed.")).to_be_visible()
    await expect(box).to_be_hidden()
    await feed(page, {"type": "thread.updated", "thread": THREAD})
    await expect(box).to_be_enabled()
    await finish(page)


async def test_a_generated_image_grows_and_then_stands(page: Page) -> None:
    await send_live(page, "Draw")
    await feed(page, *BEGUN, added(item("generated_image", "img_1")))
    bar = page.get_by_role("progressbar", name="The image is being made")
    await expect(bar).to_be_visible()
    update = {"type": "generated_image.updated", "image": {"id": "i", "url": PIXEL}}
    await feed(
        page,
        {
            "type": "thread.item.updated",
            "item_id": "img_1",
            "update": {**update, "progress": 0.5},
        },
    )
    picture = page.get_by_role("img", name="Generated image")
    await expect(picture).to_be_visible()
    assert await bar.evaluate("(bar) => bar.value") == 0.5
    hostile = item("generated_image", "img_2", image={"id": "j", "url": "javascript:alert(1)"})
    await feed(
        page, done(item("generated_image", "img_1", image={"id": "i", "url": PIXEL})), done(hostile)
    )
    await finish(page)
    await expect(bar).to_be_hidden()
    await expect(picture).to_have_count(1)

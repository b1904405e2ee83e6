"""Sources of an answer in the built-in page: marks in the text, the list below it, images."""

from __future__ import annotations

from typing import Any, Final

import pytest
from playwright.async_api import Page, expect

from tests.acceptance.page_api import (
    THREAD,
    ScriptedApi,
    answer,
    new_thread,
    open_thread,
    stored,
    stream,
    user_message,
)
from tests.acceptance.page_api import done as item_done

pytestmark = pytest.mark.asyncio(loop_scope="module")

MARKED: Final = """async ([text, places]) => {
  const { MarkdownView } = await import("/page/markdown.js");
  const draw = (marks) => {
    const node = document.createElement("div");
    new MarkdownView(node).update(text, marks);
    return node;
  };
  const build = (name) => () => Object.assign(document.createElement("sup"), { textContent: name });
  const marked = draw(places.map((at, name) => ({ at, key: String(name), build: build(name) })));
  const withMarks = marked.cloneNode(true);
  for (const mark of marked.querySelectorAll("sup")) mark.replaceWith(`[${mark.textContent}]`);
  const shown = marked.innerText;
  for (const mark of withMarks.querySelectorAll("sup")) mark.remove();
  withMarks.normalize();
  const plain = draw([]);
  plain.normalize();
  return [shown, withMarks.isEqualNode(plain)];
}"""


def utf16(text: str) -> int:
    """The length of `text` as JavaScript counts it."""
    return len(text.encode("utf-16-le")) // 2


#: Texts with a place marked by ‸, and what is shown there: the mark is [0].
PLACES: Final = {
    "At nine‸.": "At nine[0].",
    "‸Start": "[0]Start",
    "End‸": "End[0]",
    "👋🏽 hi‸ 🙂 there": "👋🏽 hi[0] 🙂 there",
    "**bold‸** on": "bold[0] on",
    "**bold**‸ on": "bold[0] on",
    "_it_‸ on": "it[0] on",
    "‸_it_ on": "[0]it on",
    "*‸*bold** on": "[0]bold on",
    "[a li‸nk](https://x.example) on": "a link[0] on",
    "[a link](https://x.ex‸ample) on": "a link[0] on",
    "See https://x.ex‸ample now": "See https://x.example[0] now",
    "a `co‸de` b": "a code[0] b",
    "x &am‸p; y": "x &[0] y",
    "&#x1f6‸42; y": "🙂[0] y",
    "one\n‸two": "one[0]two",
    "one\n\n‸two": "one[0]two",
    "# Title‸ ##\ntext": "Title[0]text",
    "- a‸\n- b\n  - c": "ab" and "a[0]bc",
    "- a\n- b\n  - c‸ d\n": "abc[0] d",
    "> q‸uote\n> more": "q[0]uotemore",
    "1. one\n2. two  \n   th‸ree": "onetwoth[0]ree",
    "- [x] done‸ it": "done[0] it",
    "|a|b|\n|-|-|\n|1‸|2|": "ab1[0]2",
    "> | a | b |\n> |-|-|\n> | 1 | 2 ‸|": "ab12[0]",
    "```py\nx = ‸1\n```": "py[0]Copyx = 1",
    "a  ‸\r\nb": "a[0]b",
}


@pytest.mark.parametrize("source", PLACES, ids=repr)
async def test_a_mark_stands_where_its_index_says_and_changes_nothing_else(
    modules: Page, source: str
) -> None:
    before, _, after = source.partition("‸")
    shown, same = await modules.evaluate(MARKED, [before + after, [utf16(before)]])
    assert (shown, same) == (PLACES[source], True)


async def test_a_mark_at_any_place_at_all_changes_nothing_else(modules: Page) -> None:
    text = "# 🙂\n\n- _b_ **c** [d](https://x.example)\n\n|a|\n|-|\n|`b`|\n\n> ```\n> e\n> ```\nf\n"
    for place in range(utf16(text) + 1):
        shown, same = await modules.evaluate(MARKED, [text, [place]])
        assert same, place
        assert shown.count("[0]") == 1, place


async def test_marks_of_a_growing_answer_stand_as_if_it_came_at_once(modules: Page) -> None:
    differing = await modules.evaluate(
        """async () => {
          const { MarkdownView } = await import("/page/markdown.js");
          const text = "One. Two.\\n\\n- three\\n- four\\n\\n```\\ncode\\n```\\n\\nFive.";
          const build = () => document.createElement("sup");
          const all = [4, 20, 28, 40, text.length].map((at) => ({ at, key: `${at}`, build }));
          const whole = (part, marks) => {
            const node = document.createElement("div");
            new MarkdownView(node).update(part, marks);
            return node.innerHTML;
          };
          const differing = [];
          for (const late of [0, 3, 30]) {
            const node = document.createElement("div");
            const view = new MarkdownView(node);
            for (let end = 1; end <= text.length; end += 1) {
              const marks = all.filter(({ at }) => at + late <= end);
              view.update(text.slice(0, end), marks);
              if (node.innerHTML !== whole(text.slice(0, end), marks)) differing.push([late, end]);
            }
          }
          return differing;
        }"""
    )
    assert differing == []


HOURS: Final = {"type": "url", "url": "https://shop.example/hours", "title": "Opening hours"}
MAP: Final = {"type": "url", "url": "https://maps.example/", "title": "Map", "attribution": "Maps"}
PLAN: Final = {"type": "file", "filename": "plan.pdf", "title": "Plan"}
EVIL: Final = {"type": "url", "url": "javascript:alert(1)", "title": "Evil"}
TASK: Final = {"type": "entity", "id": "t1", "title": "Buy milk", "inline_label": "milk"}


def annotated(text: str, *places: tuple[dict[str, Any], int | None]) -> dict[str, Any]:
    annotations = [
        {
            "type": "annotation",
            "source": source,
            **({} if index is None else {"index": index}),
        }
        for source, index in places
    ]
    part = {"type": "output_text", "text": text, "annotations": annotations}
    return {**answer(text), "content": [part]}


async def test_sources_are_numbered_marked_once_a_place_and_listed(
    page: Page, api: ScriptedApi
) -> None:
    text = "At **nine** 🙂 or so. Later too."
    first = text.index(" or") + 1  # the emoji counts twice
    said = annotated(
        text, (PLAN, None), (HOURS, first), (MAP, first), (EVIL, 32), (HOURS, 32), (TASK, 27)
    )
    api.answers["threads.get_by_id"] = stored(user_message("When?"), said)
    await open_thread(page)
    article = page.get_by_role("article", name="Assistant")
    marks = article.locator("sup")
    await expect(marks).to_have_text(["12", "milk", "41"])
    await expect(article.locator("p")).to_have_text("At nine 🙂12 or so. Latermilk too.41")
    entries = article.get_by_role("list", name="Sources").get_by_role("listitem")
    await expect(entries).to_have_text(
        ["1Opening hoursshop.example", "2MapMaps", "3Buy milk", "4Evil", "5Plan"]
    )
    to_hours = article.get_by_role("link", name="Source 1: Opening hours").first
    await expect(to_hours).to_have_attribute("href", "https://shop.example/hours")
    await expect(to_hours).to_have_attribute("rel", "noopener noreferrer")
    assert await article.locator("a[href^=javascript]").count() == 0
    await article.get_by_role("button", name="Source 4: Evil").press("Enter")
    await expect(entries.nth(3)).to_be_focused()


async def test_marks_come_with_the_stream_and_are_not_copied(page: Page, api: ScriptedApi) -> None:
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    whole = annotated("At nine.\n\nGood day.", (HOURS, 7))
    update = {"type": "thread.item.updated", "item_id": "msg_2"}
    kind = "assistant_message.content_part"
    annotation = whole["content"][0]["annotations"][0]
    api.answers["threads.create"] = new_thread(
        {"type": "thread.item.added", "item": {**whole, "content": []}},
        *(
            {**update, "update": {"type": f"{kind}.text_delta", "content_index": 0, "delta": delta}}
            for delta in ("At nine.\n\n", "Good day.")
        ),
        {
            **update,
            "update": {
                "type": f"{kind}.annotation_added",
                "content_index": 0,
                "annotation_index": 0,
                "annotation": annotation,
            },
        },
        item_done(whole),
    )
    box = page.get_by_role("textbox", name="Message")
    await box.fill("When?")
    await box.press("Enter")
    article = page.get_by_role("article", name="Assistant")
    await expect(article.locator("p").first).to_have_text("At nine1.")
    await expect(page.locator("#announcer")).to_have_text("Assistant: At nine. Good day.")
    await article.get_by_role("button", name="Copy").click()
    assert await page.evaluate("navigator.clipboard.readText()") == "At nine.\n\nGood day."


async def test_images_load_from_the_hosts_of_the_thread_alone(page: Page, api: ScriptedApi) -> None:
    text = (
        "![ok](https://img.example/a.png) ![no](https://evil.example/?q=1) "
        "![low](http://img.example/b.png) [![in a link](https://img.example/c.png)](https://x.example)"
    )
    api.answers["threads.get_by_id"] = stored(
        user_message("Show"), answer(text), allowed_image_domains=["img.example"]
    )
    renamed = {**THREAD, "title": "Now", "allowed_image_domains": []}
    api.answers["threads.add_user_message"] = stream(
        {"type": "thread.item.done", "item": user_message("More", "msg_3")},
        {"type": "thread.updated", "thread": renamed},
        item_done(answer("Done.", "msg_4")),
    )
    await open_thread(page)
    article = page.get_by_role("article", name="Assistant").first
    images = article.get_by_role("img")
    await expect(images).to_have_count(2)
    assert [await image.get_attribute("alt") for image in await images.all()] == ["ok", "in a link"]
    await expect(images.first).to_have_attribute("referrerpolicy", "no-referrer")
    await expect(article.get_by_role("link", name="Image: no")).to_be_visible()
    await expect(article.get_by_role("link", name="Image: low")).to_be_visible()
    assert [address for address in api.elsewhere if "img.example" not in address] == []

    box = page.get_by_role("textbox", name="Message")
    await box.fill("More")
    await box.press("Enter")
    await expect(article.get_by_role("link", name="Image: ok")).to_be_visible()
    await expect(images).to_have_count(0)

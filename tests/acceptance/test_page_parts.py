"""The built-in page in a real browser, with its files from disk and a scripted API.

What the page makes of an answer is tested here: its Markdown, its event stream, its faults.
The page on the real server is tested elsewhere.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import pytest
from playwright.async_api import Page, Route, expect

from tests.acceptance.browser import open_chromium
from tests.acceptance.page_api import (
    ORIGIN,
    THREAD,
    ScriptedApi,
    answer,
    first_answer,
    stream,
    user_message,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


# ---- Markdown ------------------------------------------------------------------------------------

RENDER: Final = """async (text) => {
  const { MarkdownView } = await import("/page/markdown.js");
  const node = document.createElement("div");
  new MarkdownView(node).update(text);
  for (const some of node.querySelectorAll("[dir=auto]")) some.removeAttribute("dir");
  return node.innerHTML;
}"""

LINK: Final = 'target="_blank" rel="noopener noreferrer"'


def link(address: str, shown: str) -> str:
    return f'<a href="{address}" title="{address}" {LINK}>{shown}</a>'


MARKDOWN: Final = {
    "": "",
    "# One\n## Two ##\n####### Seven": "<h3>One</h3><h4>Two</h4><p>####### Seven</p>",
    "#tag": "<p>#tag</p>",
    "Title\n===": "<h3>Title</h3>",
    "**b** *i* ***bi*** ~~s~~ ~one~": (
        "<p><strong>b</strong> <em>i</em> <em><strong>bi</strong></em> <s>s</s> ~one~</p>"
    ),
    "snake_case_name 2*3*4 a * b": "<p>snake_case_name 2<em>3</em>4 a * b</p>",
    "**“重点”**的": "<p><strong>“重点”</strong>的</p>",
    "**open": "<p>**open</p>",
    "`a ` b` `` c`d ``": '<p><code dir="ltr">a </code> b<code dir="ltr"> `` c</code>d ``</p>',
    "`` c`d `` `e": '<p><code dir="ltr">c`d</code> `e</p>',
    r"\*no\* &amp; &#x41; &nope;": "<p>*no* &amp; A &amp;nope;</p>",
    "one\ntwo  \nthree<br>four": "<p>one<br>two<br>three<br>four</p>",
    "- a\n- b\n  - c\n\n    d": ("<ul><li>a</li><li>b<ul><li><p>c</p><p>d</p></li></ul></li></ul>"),
    "3. a\n4. b": '<ol start="3"><li>a</li><li>b</li></ol>',
    "1. a\n  - under\n2. b": "<ol><li>a<ul><li>under</li></ul></li><li>b</li></ol>",
    "- a\n\n- b": "<ul><li><p>a</p></li><li><p>b</p></li></ul>",
    "- [x] done\n- [ ] open": (
        '<ul><li class="task-item"><input type="checkbox" disabled="" checked="" aria-label="Done">'
        'done</li><li class="task-item"><input type="checkbox" disabled="" aria-label="Not done">'
        "open</li></ul>"
    ),
    "> a\nlazy\n> - b\n\nc": (
        "<blockquote><p>a<br>lazy</p><ul><li>b</li></ul></blockquote><p>c</p>"
    ),
    "a\n\n---\n***": "<p>a</p><hr><hr>",
    "|a|b \\| c|\n|-|:-:|\n|**1**|": (
        '<div class="table" tabindex="0" role="region" aria-label="Table"><table><thead><tr>'
        '<th class="align-start">a</th><th class="align-center">b | c</th></tr></thead><tbody><tr>'
        '<td class="align-start"><strong>1</strong></td><td class="align-center"></td></tr>'
        "</tbody></table></div>"
    ),
    "[a **b**](https://x.example 'T') [x][1]": (
        f"<p>{link('https://x.example/', 'a <strong>b</strong>')} [x][1]</p>"
    ),
    "See https://x.example/a_(b)). <me@x.example>": (
        f"<p>See {link('https://x.example/a_(b)', 'https://x.example/a_(b)')}). "
        f"{link('mailto:me@x.example', 'me@x.example')}</p>"
    ),
    "[https://x.example](https://y.example)": (
        f"<p>{link('https://y.example/', 'https://x.example')}</p>"
    ),
    # What must not become markup, nor go anywhere by itself.
    "![a chart](https://x.example/i.png)": (
        f"<p>{link('https://x.example/i.png', 'Image: a chart')}</p>"
    ),
    "[![](https://x.example/i.png)](https://y.example)": (
        f"<p>{link('https://y.example/', '<span>Image</span>')}</p>"
    ),
    "![](https://x.example/i.png)": f"<p>{link('https://x.example/i.png', 'Image')}</p>",
    "<img src=x onerror=alert(1)><script>alert(1)</script>": (
        "<p>&lt;img src=x onerror=alert(1)&gt;&lt;script&gt;alert(1)&lt;/script&gt;</p>"
    ),
    "[a](javascript:alert(1)) [b](JaVa\tScript:alert(1))": (
        "<p><span>a</span> [b](JaVa\tScript:alert(1))</p>"
    ),
    "[a](<java\tscript:alert(1)>) [b](data:text/html,x) [c](/relative) [d](vbscript:x)": (
        "<p><span>a</span> <span>b</span> <span>c</span> <span>d</span></p>"
    ),
    "<javascript:alert(1)> ![x](data:image/svg+xml,x)": (
        "<p>&lt;javascript:alert(1)&gt; <span>x</span></p>"
    ),
}


@pytest.mark.parametrize("source", MARKDOWN, ids=repr)
async def test_markdown_becomes_these_nodes(modules: Page, source: str) -> None:
    assert await modules.evaluate(RENDER, source) == MARKDOWN[source]


async def test_fenced_code_keeps_every_character_and_can_be_copied(modules: Page) -> None:
    source = "```py title\n\tif a < b:\n\n  **no**\n```\nafter"
    found = await modules.evaluate(
        """async (text) => {
          const { MarkdownView } = await import("/page/markdown.js");
          const node = document.createElement("div");
          new MarkdownView(node).update(text);
          const code = node.querySelector("pre code");
          return [
            code.textContent,
            code.childElementCount,
            node.querySelector(".code-head span").textContent,
            node.querySelector("[data-copy=code]").textContent,
            node.lastElementChild.textContent,
          ];
        }""",
        source,
    )
    assert found == ["\tif a < b:\n\n  **no**", 0, "py", "Copy", "after"]


LONG_ANSWER: Final = """# Title
para one
still *one*
| a | b |
|---|---|
| 1 | 2 |
after the table

- item
  continued
- [ ] task

  loose

  ```js
  let a = 1;

  a += 1;
  ```
1. one

2. two
text
===
#tag and # no
-- not a rule
> quote
lazy
> > deep

```
fence
``` not the end
~~~
```
***
last [link](https://x.example) `code
"""


@pytest.mark.parametrize("ending", ["\n", "\r\n"], ids=["LF", "CRLF"])
async def test_an_answer_that_grows_looks_as_if_it_came_at_once(modules: Page, ending: str) -> None:
    differing = await modules.evaluate(
        """async (text) => {
          const { MarkdownView } = await import("/page/markdown.js");
          const whole = (part) => {
            const node = document.createElement("div");
            new MarkdownView(node).update(part);
            return node.innerHTML;
          };
          const node = document.createElement("div");
          const view = new MarkdownView(node);
          const differing = [];
          for (let end = 1; end <= text.length; end += 1) {
            view.update(text.slice(0, end));
            if (node.innerHTML !== whole(text.slice(0, end))) differing.push(text.slice(0, end));
          }
          return differing;
        }""",
        LONG_ANSWER.replace("\n", ending),
    )
    assert differing == []


async def test_a_growing_answer_leaves_its_finished_blocks_alone(modules: Page) -> None:
    kept = await modules.evaluate(
        """async () => {
          const { MarkdownView } = await import("/page/markdown.js");
          const node = document.createElement("div");
          const view = new MarkdownView(node);
          view.update("first\\n\\n```\\ncode\\n");
          const [first, code] = node.children;
          view.update("first\\n\\n```\\ncode\\nmore\\n");
          return first === node.children[0] && code === node.children[1]
            && code.querySelector("code").textContent === "code\\nmore";
        }"""
    )
    assert kept is True


HOSTILE: Final = {
    "nested quotes": ">" * 50_000,
    "nested lists": "".join("  " * depth + "- a\n" for depth in range(400)),
    "nested emphasis": "*a **b " * 7000,
    "open brackets": "[" * 49_000,
    "link beginnings": "[a](<b" * 8000,
    "image beginnings": "![a](b 'c" * 5000,
    "backticks": "".join("`" * (1 + place % 90) + " " for place in range(1000)),
    "stars and underscores": "*_" * 24_000,
    "one long word": "a" * 1_000_000,
    "a wide table": "|a" * 20_000 + "\n" + "|-" * 20_000 + "\n" + "|\n" * 5000,
    "blank lines in a list": "- a\n" + "\n" * 100_000 + "b",
    "addresses": "https://x.example/" + "(" * 20_000 + ")" * 25_000,
    "an unfinished heading": "# " + " " * 100_000 + "x" + "#" * 100_000,
}


@pytest.mark.parametrize("source", HOSTILE.values(), ids=HOSTILE.keys())
async def test_hostile_text_is_drawn_in_a_moment_and_not_too_deep(
    modules: Page, source: str
) -> None:
    milliseconds, depth = await modules.evaluate(
        """async (text) => {
          const { MarkdownView } = await import("/page/markdown.js");
          const node = document.createElement("div");
          const started = performance.now();
          new MarkdownView(node).update(text);
          const milliseconds = performance.now() - started;
          const depth = (some) => {
            let most = 0;
            for (const child of some.children) most = Math.max(most, 1 + depth(child));
            return most;
          };
          return [milliseconds, depth(node)];
        }""",
        source,
    )
    assert milliseconds < 3000  # quadratic work would take minutes
    assert depth <= 50


# ---- Event streams -------------------------------------------------------------------------------

READ: Final = """async ([bytes, size]) => {
  const { readFrames } = await import("/page/sse.js");
  const chunks = [];
  for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.slice(at, at + size));
  const body = new ReadableStream({
    pull(controller) {
      if (chunks.length === 0) controller.close();
      else controller.enqueue(new Uint8Array(chunks.shift()));
    },
  });
  const frames = [];
  for await (const { event, data, id } of readFrames(body)) frames.push([event, data, id]);
  return frames;
}"""

STREAMS: Final = {
    "data: a\n\ndata: b\n\n": [["message", "a", ""], ["message", "b", ""]],
    "data: a\r\n\r\ndata: b\r\n\r\n": [["message", "a", ""], ["message", "b", ""]],
    "data: a\r\ndata: b\r\n\r\n": [["message", "a\nb", ""]],
    "data: a\r\rdata: b\r\r": [["message", "a", ""], ["message", "b", ""]],
    "data: a\rdata: b\ndata: c\r\n\n": [["message", "a\nb\nc", ""]],
    ": ping\n\ndata:a\n: within\ndata:  b\n\n": [["message", "a\n b", ""]],
    "event: e\nid: 7\ndata: a\n\ndata: b\n\n": [["e", "a", "7"], ["message", "b", "7"]],
    "id: bad\0\nretry: 5\nunknown: x\ndata\n\n": [["message", "", ""]],
    "event: e\n\ndata: a\n\n": [["message", "a", ""]],
    "\ufeffdata: grüße 👋 \u2028 世界\n\n": [["message", "grüße 👋 \u2028 世界", ""]],
    "data: a\n\ndata: never ended": [["message", "a", ""]],
    "": [],
}


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
async def test_an_event_stream_reads_the_same_however_it_is_cut(modules: Page, size: int) -> None:
    for text, frames in STREAMS.items():
        assert await modules.evaluate(READ, [[*text.encode()], size]) == frames, text


# ---- The page as a whole -------------------------------------------------------------------------


async def test_a_suggestion_starts_a_chat_and_its_answer_is_drawn(
    page: Page, api: ScriptedApi
) -> None:
    api.answers["threads.create"] = first_answer("Three **tasks** ![x](https://evil.example/?q=1)")
    await expect(page.get_by_role("heading", level=1)).to_have_text("New chat")
    await page.get_by_role("button", name="Show me my tasks").click()
    said = page.get_by_role("article", name="Assistant")
    await expect(said.locator("strong")).to_have_text("tasks")
    await expect(page.get_by_role("article", name="You")).to_contain_text("Show me my tasks")
    await expect(page.get_by_role("heading", level=1)).to_have_text("A title")
    await expect(page.get_by_role("link", name="A title")).to_have_attribute("aria-current", "page")
    await expect(page.get_by_role("textbox", name="Message")).to_be_focused()
    assert page.url == f"{ORIGIN}/#thr_1"
    assert [body["metadata"] for name, body in api.calls if name == "threads.create"] == [
        {"time_zone": "Europe/Berlin"}
    ]
    assert [name for name, _ in api.calls].count("/api/tasks") == 2  # again after tasks/changed
    assert api.elsewhere == []  # an answer loads nothing by itself


async def test_a_message_that_the_server_refused_is_put_back_into_the_box(
    page: Page, api: ScriptedApi
) -> None:
    fault = {"error": {"code": "rate_limited", "message": "Wait 20 seconds."}}
    api.answers["threads.create"] = lambda _: (429, fault)
    box = page.get_by_role("textbox", name="Message")
    await box.fill("Keep me")
    await box.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("Wait 20 seconds.")
    await expect(box).to_have_value("Keep me")
    await expect(page.get_by_role("article")).to_have_count(0)
    api.answers["threads.create"] = first_answer("Here.")
    await page.get_by_role("button", name="Try again").click()
    await expect(page.get_by_role("article", name="Assistant")).to_contain_text("Here.")
    await expect(box).to_have_value("")
    await expect(box).to_be_focused()


async def test_an_error_with_retry_answers_the_last_message_again(
    page: Page, api: ScriptedApi
) -> None:
    api.answers["threads.create"] = stream(
        {"type": "thread.created", "thread": THREAD},
        {"type": "thread.item.done", "item": user_message("Hello", "msg_7")},
        {"type": "error", "code": "custom", "message": "Too slow.", "allow_retry": True},
    )
    api.answers["threads.retry_after_item"] = stream(
        {"type": "thread.item.done", "item": answer("Better now.")}
    )
    box = page.get_by_role("textbox", name="Message")
    await box.fill("Hello")
    await box.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("Too slow.")
    await page.get_by_role("button", name="Try again").click()
    await expect(page.get_by_role("article", name="Assistant")).to_contain_text("Better now.")
    await expect(page.get_by_role("alert")).to_have_count(0)
    assert [body["params"] for name, body in api.calls if name == "threads.retry_after_item"] == [
        {"thread_id": "thr_1", "item_id": "msg_7"}
    ]


async def test_what_is_typed_before_the_page_has_signed_in_stays_in_the_box(
    page: Page, api: ScriptedApi
) -> None:
    gate = asyncio.Event()

    async def sign_in_late(route: Route) -> None:
        await gate.wait()
        await api.serve(route)

    await page.wait_for_load_state("networkidle")  # its first sign-in is over
    await page.route("**/api/auth/guest", sign_in_late)
    await page.evaluate("() => localStorage.clear()")
    await page.reload()
    box = page.get_by_role("textbox", name="Message")
    await box.fill("Typed at once")
    async with page.expect_response("**/api/tasks*"):
        gate.set()
    await expect(box).to_have_value("Typed at once")


async def test_enter_that_chooses_a_word_in_an_input_method_does_not_send(
    page: Page, api: ScriptedApi
) -> None:
    box = page.get_by_role("textbox", name="Message")
    await box.fill("にほん")
    composing = {"key": "Enter", "isComposing": True, "bubbles": True, "cancelable": True}
    await box.dispatch_event("keydown", composing)
    await box.press("Shift+Enter")
    await expect(box).to_have_value("にほん\n")
    assert "threads.create" not in [name for name, _ in api.calls]


async def test_a_long_thread_opens_at_its_end_and_pages_back_to_its_beginning(
    page: Page, api: ScriptedApi
) -> None:
    items = [user_message(f"Message {place}", f"msg_{place}") for place in range(90)]
    items[-1] = answer("The end", "msg_89")

    def list_items(body: dict[str, Any]) -> tuple[int, Any]:
        after = body["params"].get("after")
        end = next((i for i, item in enumerate(items) if item["id"] == after), len(items))
        start = max(0, end - body["params"]["limit"])
        page_of = items[start:end][::-1]
        return 200, {"data": page_of, "has_more": start > 0}

    oldest = {"data": items[:20], "has_more": True, "after": "msg_19"}
    api.answers["threads.get_by_id"] = lambda _: (200, {**THREAD, "items": oldest})
    api.answers["items.list"] = list_items
    await page.goto(f"{ORIGIN}/#thr_1")
    await expect(page.get_by_text("The end")).to_be_in_viewport()
    rows = page.get_by_role("article")
    await expect(rows).to_have_count(40)
    await page.get_by_role("button", name="Show earlier messages").click()
    await expect(rows).to_have_count(80)
    await page.get_by_role("button", name="Show earlier messages").click()
    await expect(rows).to_have_count(90)
    await expect(page.get_by_role("button", name="Show earlier messages")).to_be_hidden()
    shown = await rows.locator("p").all_inner_texts()
    assert shown == [*(f"Message {place}" for place in range(89)), "The end"]


async def test_a_server_without_guests_asks_for_a_token_and_uses_it(
    page: Page, api: ScriptedApi
) -> None:
    api.answers["/api/auth/guest"] = lambda _: (403, {"error": {"code": "off", "message": "Off."}})
    api.answers["/api/tasks"] = lambda _: (401, {"error": {"code": "auth", "message": "Sign in."}})
    await page.evaluate("localStorage.clear()")
    await page.reload()
    token = page.get_by_label("Access token")
    await expect(token).to_be_focused()
    await token.fill("wrong")
    await token.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("did not accept this token")
    del api.answers["/api/tasks"]
    await token.fill("Bearer a.b.c")
    await token.press("Enter")
    await expect(page.get_by_role("button", name="Show me my tasks")).to_be_visible()
    await expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    assert await page.evaluate("sessionStorage.getItem('chatkit.token')") == "a.b.c"


async def test_no_browser_is_a_clear_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHROMIUM", "/nowhere/chromium")
    with pytest.raises(RuntimeError, match="No Chromium found"):
        async with open_chromium():
            pass

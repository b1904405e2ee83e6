"""What the built-in page makes of the Markdown of an answer."""

from __future__ import annotations

from typing import Final

import pytest
from playwright.async_api import Page

pytestmark = pytest.mark.asyncio(loop_scope="module")

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
    "a rule that is none": "|\n" + "-" * 200_000 + "x",
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

"""The built-in page with its files from disk and a scripted API in place of the server."""

from __future__ import annotations

import json
import mimetypes
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from playwright.async_api import Locator, Page, Route

from chatkit.edge.assets import content_policy, page_files

Answer = Callable[[dict[str, Any]], tuple[int, Any]]

FILES: Final = page_files("en")
ORIGIN: Final = (
    "http://localhost"  # a secure context, as the browser sees it; nothing listens there
)
POLICY: Final = content_policy(None)
CREATED: Final = "2026-11-22T10:00:00Z"
THREAD: Final = {
    "allowed_image_domains": [],
    "id": "thr_1",
    "created_at": CREATED,
    "status": {"type": "active"},
    "metadata": {},
    "items": {"data": [], "has_more": False},
}


def user_message(text: str, item_id: str = "msg_1") -> dict[str, Any]:
    return {
        "id": item_id,
        "thread_id": "thr_1",
        "created_at": CREATED,
        "type": "user_message",
        "content": [{"type": "input_text", "text": text}],
        "attachments": [],
        "inference_options": {},
    }


def answer(text: str, item_id: str = "msg_2") -> dict[str, Any]:
    content = [{"type": "output_text", "text": text, "annotations": []}]
    return {
        "id": item_id,
        "thread_id": "thr_1",
        "created_at": CREATED,
        "type": "assistant_message",
        "content": content,
    }


@dataclass
class ScriptedApi:
    """Answers of the server by request type or path; what the page asked is in `calls`."""

    answers: dict[str, Answer] = field(default_factory=dict)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)

    async def serve(self, route: Route) -> None:
        request = route.request
        if not request.url.startswith(f"{ORIGIN}/"):
            self.elsewhere.append(request.url)
            await route.abort()
            return
        path = request.url.removeprefix(ORIGIN).partition("?")[0]
        if path == "/" or path.startswith("/page/"):
            name = path.removeprefix("/page/") if path != "/" else "index.html"
            kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
            headers = {"content-type": kind, "content-security-policy": POLICY}
            await route.fulfill(body=FILES[name], headers=headers)
            return
        is_json = request.headers.get("content-type", "").startswith("application/json")
        body = json.loads(request.post_data or "{}") if is_json else {"url": request.url}
        name = body["type"] if path == "/api/chatkit" else path
        self.calls.append((name, body))
        status, value = self.answers.get(name, self._default(name))(body)
        if isinstance(value, bytes):
            await route.fulfill(status=status, body=value, content_type="text/event-stream")
        else:
            await route.fulfill(status=status, json=value)

    def _default(self, name: str) -> Answer:
        if name == "items.list":  # nothing has come into the thread but what the page knows
            return lambda _: (503, {"error": {"code": "unavailable", "message": "Not now."}})
        quiet: dict[str, Any] = {
            "/api/chatkit/options": {},
            "/api/chatkit/threads/thr_1/events": b"",
            "/api/auth/guest": {"token": "t", "user_id": "guest_1", "expires_in": 3600},
            "/api/tasks": [],
            "/api/chatkit/threads": {"data": [], "has_more": False},
        }
        return lambda _: (200, quiet[name])

    def asked(self, name: str) -> list[dict[str, Any]]:
        """The `params` of every request of that type, in order."""
        return [body["params"] for type_, body in self.calls if type_ == name]


def stream(*events: dict[str, Any]) -> Answer:
    body = "".join(f"data: {json.dumps(event)}\n\n" for event in events).encode()
    return lambda _: (200, body)


def first_answer(text: str) -> Answer:
    """A new thread in which the page's message is answered with `text`, in two deltas."""

    def reply(body: dict[str, Any]) -> tuple[int, Any]:
        asked = user_message(body["params"]["input"]["content"][0]["text"])
        part = {"type": "output_text", "text": "", "annotations": []}
        cut = len(text) // 2

        def update(change: dict[str, Any]) -> dict[str, Any]:
            return {"type": "thread.item.updated", "item_id": "msg_2", "update": change}

        def delta(piece: str) -> dict[str, Any]:
            kind = "assistant_message.content_part.text_delta"
            return update({"type": kind, "content_index": 0, "delta": piece})

        return stream(
            {"type": "thread.created", "thread": THREAD},
            {"type": "thread.item.done", "item": asked},
            {"type": "stream_options", "stream_options": {"allow_cancel": True}},
            {"type": "something.of.tomorrow", "value": 1},
            {"type": "thread.item.done"},
            {"type": "thread.item.added", "item": {**answer(""), "content": []}},
            update(
                {
                    "type": "assistant_message.content_part.added",
                    "content_index": 0,
                    "content": part,
                }
            ),
            delta(text[:cut]),
            delta(text[cut:]),
            {"type": "thread.item.done", "item": {**answer(""), "id": "x_1", "type": "riddle"}},
            {"type": "thread.item.done", "item": answer(text)},
            {"type": "client_effect", "name": "tasks/changed", "data": {}},
            {"type": "thread.updated", "thread": {**THREAD, "title": "A title"}},
        )(body)

    return reply


def done(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "thread.item.done", "item": item}


def item(kind: str, item_id: str, **fields: Any) -> dict[str, Any]:
    """An item of that kind in the thread."""
    stamp = {"id": item_id, "thread_id": "thr_1", "created_at": CREATED}
    return {**stamp, "type": kind, **fields}


def stored(*items: dict[str, Any], **thread: Any) -> Answer:
    """The answer to `threads.get_by_id`."""
    return lambda _: (200, {**THREAD, **thread, "items": {"data": [*items], "has_more": False}})


def new_thread(*events: dict[str, Any]) -> Answer:
    """The answer to `threads.create`: the thread, the message as it was sent, then `events`."""

    def reply(body: dict[str, Any]) -> tuple[int, Any]:
        sent = body["params"]["input"]
        asked = {**user_message(""), "content": sent["content"], "quoted_text": sent["quoted_text"]}
        return stream({"type": "thread.created", "thread": THREAD}, done(asked), *events)(body)

    return reply


async def send(page: Page, text: str) -> None:
    """Type a message and send it."""
    box = page.get_by_role("textbox", name="Message")
    await box.fill(text)
    await box.press("Enter")


async def open_thread(page: Page) -> None:
    """Open the one thread of the scripted API."""
    await page.goto(f"{ORIGIN}/#thr_1")
    await page.reload()


_LIVE: Final = """() => {
  const fetched = window.fetch;
  window.fetch = (address, init) => {
    const asked = typeof init?.body === "string" ? JSON.parse(init.body) : {};
    if (!/^threads\\.(create|add|retry)/.test(asked.type ?? "")) return fetched(address, init);
    const body = new ReadableStream({ start: (controller) => (window.controller = controller) });
    const headers = { "content-type": "text/event-stream" };
    init.signal?.addEventListener("abort", () => window.controller.error(init.signal.reason));
    return Promise.resolve(new Response(body, { headers }));
  };
  window.feed = (events) => {
    for (const event of events) {
      const frame = `data: ${JSON.stringify(event)}\\n\\n`;
      window.controller.enqueue(new TextEncoder().encode(frame));
    }
  };
}"""


async def send_live(page: Page, text: str) -> None:
    """Send a message whose answer is what `feed` lets arrive."""
    await page.evaluate(_LIVE)
    await send(page, text)


async def feed(page: Page, *events: dict[str, Any]) -> None:
    """Let events arrive now, in an answer that goes on."""
    await page.evaluate("(events) => window.feed(events)", [*events])


async def finish(page: Page) -> None:
    """End the answer that `feed` has written."""
    await page.evaluate("() => window.controller.close()")


def message_box(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Message")


async def with_options(page: Page, api: ScriptedApi, **options: Any) -> None:
    """Open the page on a server that offers these in the composer."""
    api.answers["/api/chatkit/options"] = lambda _: (200, {"composer": options})
    async with page.expect_response("**/api/chatkit/options"):
        await page.reload()


def sent_inputs(api: ScriptedApi) -> list[dict[str, Any]]:
    types = ("threads.create", "threads.add_user_message")
    return [params["input"] for name in types for params in api.asked(name)]


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

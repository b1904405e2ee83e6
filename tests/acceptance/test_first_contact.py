"""First contact of pages that send no credentials, and the link that lets a browser in."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Any, Final

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.acceptance.browser import open_chromium
from tests.acceptance.server import ServerProcess, body_of, said
from tests.model_server import ModelServer

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with open_chromium() as chromium:
        yield chromium


#: What the widget's loader sends with each request in a page that sets nothing but the URL.
WIDGET: Final = {
    "content-type": "application/json",
    "accept": "text/event-stream",
    "accept-language": "en-GB",
    "chatkit-frame-instance-id": "5e0b5a3c-2f55-4b3e-8d0e-5f1f1c2a9b10",
    "sec-fetch-site": "same-origin",
    "sec-fetch-mode": "cors",
}
LIST: Final = body_of("threads.list", {"limit": 20, "order": "desc"})


def browser_at(url: str, **headers: str) -> httpx.AsyncClient:
    """The widget in a page at `url`, with the cookies of its browser."""
    return httpx.AsyncClient(
        base_url=url, headers={**WIDGET, "origin": url, **headers}, timeout=20, trust_env=False
    )


async def ask(http: httpx.AsyncClient, body: dict[str, Any]) -> httpx.Response:
    return await http.post("/api/chatkit", json=body)


async def titles(http: httpx.AsyncClient) -> list[str]:
    tasks = await http.get("/api/tasks")
    assert tasks.status_code == 200, tasks.text
    return [task["title"] for task in tasks.json()]


async def test_the_widget_needs_nothing_but_the_url_while_the_demo_answers(
    demo_server: ServerProcess,
) -> None:
    async with browser_at(demo_server.url) as one, browser_at(demo_server.url) as other:
        other.headers["chatkit-frame-instance-id"] = "0d7a66b2-70f3-4f7c-9b7e-6dfb0a40c5a1"
        answer = await ask(one, body_of("threads.create", {"input": said("Add tea")}))
        assert answer.status_code == 200
        assert '"thread.created"' in answer.text
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        listed = (await ask(one, LIST)).json()["data"]
        assert len(listed) == 1
        again = await ask(one, body_of("threads.get_by_id", {"thread_id": listed[0]["id"]}))
        assert again.status_code == 200
        assert await titles(one) == ["Tea"]
        assert (await ask(other, LIST)).json()["data"] == []


async def test_first_requests_that_are_sent_at_once_make_one_guest(
    demo_server: ServerProcess,
) -> None:
    async def alone(body: dict[str, Any]) -> str:
        async with browser_at(demo_server.url) as http:
            http.headers["chatkit-frame-instance-id"] = "c7a5c7d4-3a0e-4e0b-8a36-0a8f0b9b8f11"
            answer = await ask(http, body)
            return answer.headers["set-cookie"].partition(";")[0]

    bodies = [LIST, LIST, body_of("threads.create", {"input": said("Add tea")}), LIST]
    assert len(set(await asyncio.gather(*(alone(body) for body in bodies)))) == 1


async def test_a_real_browser_keeps_the_guest_of_its_first_requests(
    browser: Browser, demo_server: ServerProcess
) -> None:
    page = await browser.new_page()
    host_page = "<!doctype html><title>The host's own page, which sets no cookie</title>"
    await page.route(
        "**/host", lambda route: route.fulfill(body=host_page, content_type="text/html")
    )
    await page.goto(f"{demo_server.url}/host")
    both = """async ([create, list]) => {
      const ask = async (body) => {
        const init = {method: "POST", body, headers: {"content-type": "application/json"}};
        return (await fetch("/api/chatkit", init)).text();
      };
      await Promise.all([ask(create), ask(list)]);
      return [await ask(list), document.cookie];
    }"""
    create = body_of("threads.create", {"input": said("Add tea")})
    listed, readable = await page.evaluate(both, [json.dumps(create), json.dumps(LIST)])
    assert len(json.loads(listed)["data"]) == 1
    assert readable == ""
    await page.close()


async def test_behind_a_proxy_the_demo_says_what_to_do(demo_server: ServerProcess) -> None:
    async with browser_at(demo_server.url, **{"x-forwarded-for": "203.0.113.9"}) as http:
        answer = await ask(http, LIST)
    assert answer.status_code == 401
    assert "GUESTS=on" in answer.json()["error"]["message"]
    assert "set-cookie" not in answer.headers


@pytest_asyncio.fixture(loop_scope="session")
async def paid(database_url: str) -> AsyncIterator[tuple[ServerProcess, dict[str, str]]]:
    """A server whose model costs money, and its variables for another start."""
    async with ModelServer() as model:
        variables = {
            "DATABASE_URL": database_url,
            "MODEL": "openai/scripted",
            "MODEL_API_BASE": model.api_base,
            "MODEL_API_KEY": "x",
        }
        async with ServerProcess(variables) as server:
            yield server, variables


def link_in(server: ServerProcess) -> str:
    found = re.search(r"http://\S+/guest\?link=\S+", server.stdout)
    assert found is not None, server.stdout
    return found[0]


async def test_a_real_model_is_for_the_browser_that_opens_the_link(
    paid: tuple[ServerProcess, dict[str, str]],
) -> None:
    server, variables = paid
    async with browser_at(server.url) as one, browser_at(server.url) as other:
        refused = await ask(one, LIST)
        assert refused.status_code == 401
        assert "the link that the server has printed" in refused.json()["error"]["message"]
        assert (await one.post("/api/auth/guest")).status_code == 403

        link = link_in(server)
        assert (await other.head(link)).status_code == 303  # a preview does not use it up
        assert "set-cookie" not in (await other.head(link)).headers
        opened = await one.get(link)
        assert opened.status_code == 303, opened.text
        assert opened.headers["location"] == "./"
        assert (await one.post("/api/tasks", json={"title": "tea"})).status_code == 201
        assert (await one.get(link)).status_code == 303  # this browser is in already
        assert (await other.get(link)).status_code == 403
        assert (await ask(other, LIST)).status_code == 401

        async with ServerProcess(variables, PORT="0") as restarted:
            one.base_url = other.base_url = httpx.URL(restarted.url)
            assert await titles(one) == ["tea"]
            assert (await other.get(link)).status_code == 403
            assert (await other.get(link_in(restarted))).status_code == 303
            assert await titles(other) == []
            told = restarted.stderr + server.stderr
            for secret in (link, link_in(restarted)):
                assert secret.partition("link=")[2] not in told


async def test_the_page_tells_a_visitor_of_the_link(
    browser: Browser, paid: tuple[ServerProcess, dict[str, str]]
) -> None:
    server, _ = paid
    page = await browser.new_page()
    await page.goto(server.url)
    await page.get_by_text("open the link that the server has printed").wait_for()
    await page.goto(link_in(server))
    await page.get_by_text("What would you like to get done?").wait_for()
    assert page.url == f"{server.url}/"
    await page.close()

"""The built-in page as it is served: in the language that the browser asks for."""

from __future__ import annotations

import json
import re

import pytest

from chatkit.edge.assets import PageRoutes, page_files
from chatkit.edge.router import Router
from chatkit.words.catalogue import Catalogue, Template, sentences_of
from tests.edge.calls import Answer, call
from tests.wording import add_catalogue


@pytest.fixture
def french(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second language, with a few of the sentences."""
    sentences: dict[str, Template] = {
        "page.chats": 'Les "discussions" <b>',
        "page.chat_count": {"one": "{count} discussion", "other": "{count} discussions"},
    }
    known = Catalogue(
        language="fr", sentences=sentences, plural=lambda n: "one" if n < 2 else "other"
    )
    add_catalogue(monkeypatch, known)


async def fetch(path: str, **headers: str) -> Answer:
    """What is at a path of the page. Header names have `_` for `-`."""
    page = PageRoutes()
    router = Router(page.routes())
    return await call(router, "GET", path, **headers)


def sentences_in(script: bytes) -> dict[str, object]:
    found: dict[str, object] = json.loads(
        script.decode().removeprefix("export default ").rstrip(";\n")
    )
    return found


def test_no_place_of_the_document_is_left_without_its_sentence() -> None:
    document = page_files("en")["index.html"].decode()
    assert '<html lang="en"' in document
    assert "<title>Chat &amp; tasks</title>" in document
    assert re.findall(r"\{\{.*?\}\}", document) == []


async def test_the_scripts_have_the_sentences_of_the_page_and_no_others() -> None:
    sentences = sentences_in((await fetch("/page/sentences.js")).body)
    assert sentences == sentences_of("en", "page.")
    assert sentences["page.new_chat"] == "New chat"
    assert all(code.startswith("page.") for code in sentences)


async def test_the_page_has_one_policy_and_nothing_that_loosens_it() -> None:
    headers = (await fetch("/")).headers
    policy = headers["content-security-policy"]
    assert "trusted-types 'none'" in policy
    assert "unsafe" not in policy
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "microphone=(self)" in headers["permissions-policy"]


@pytest.mark.usefixtures("french")
async def test_document_and_scripts_are_in_the_language_that_is_asked_for() -> None:
    document = (await fetch("/", accept_language="fr-CH, en;q=0.8")).body.decode()
    assert '<html lang="fr"' in document
    assert 'id="chats-title">Les &quot;discussions&quot; &lt;b&gt;</h2>' in document
    assert "Write a message…" in document  # what French lacks is said in English
    sentences = sentences_in((await fetch("/page/sentences.js", accept_language="fr")).body)
    assert sentences["page.chats"] == 'Les "discussions" <b>'
    assert sentences["page.chat_count"] == {
        "one": "{count} discussion",
        "other": "{count} discussions",
    }
    assert sentences["page.new_chat"] == "New chat"


@pytest.mark.usefixtures("french")
async def test_a_kept_copy_serves_in_its_own_language_alone() -> None:
    for path in ("/", "/page/sentences.js"):
        english, french_one = await fetch(path), await fetch(path, accept_language="fr")
        assert english.headers["vary"] == "accept-language"
        tag = english.headers["etag"]
        assert tag != french_one.headers["etag"]
        again = await fetch(path, if_none_match=tag)
        assert (again.status, again.body) == (304, b"")
        assert again.headers["vary"] == "accept-language"
        assert (await fetch(path, if_none_match=tag, accept_language="fr")).status == 200


async def test_files_without_words_are_the_same_in_every_language() -> None:
    assert "vary" not in (await fetch("/page/page.js")).headers

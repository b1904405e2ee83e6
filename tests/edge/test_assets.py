"""The built-in page as it is served: in the language that the browser asks for."""

from __future__ import annotations

import json
import re

import pytest

from chatkit.edge.asgi import HttpRequest, Message, Reply
from chatkit.edge.assets import PageRoutes, page_files
from chatkit.words import catalogue
from chatkit.words.catalogue import Catalogue, Sentence, sentences_of


@pytest.fixture
def french(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second language, with a few of the sentences."""
    sentences: dict[str, Sentence] = {
        "page.chats": 'Les "discussions" <b>',
        "page.chat_count": {"one": "{count} discussion", "other": "{count} discussions"},
    }
    known = Catalogue(
        language="fr", sentences=sentences, plural=lambda n: "one" if n < 2 else "other"
    )
    monkeypatch.setitem(catalogue._CATALOGUES, "fr", known)


async def fetch(name: str, **headers: str) -> Reply:
    """A file of the page; `""` is the document. Header names have `_` for `-`."""

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    given = [(key.replace("_", "-").encode(), value.encode()) for key, value in headers.items()]
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": given}
    request = HttpRequest(scope, receive, "id")
    request.params["name"] = name
    routes = PageRoutes(lambda: None)
    return await (routes.asset(request) if name else routes.index(request))


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
    sentences = sentences_in((await fetch("sentences.js")).body)
    assert sentences == sentences_of("en", "page.")
    assert sentences["page.new_chat"] == "New chat"
    assert all(code.startswith("page.") for code in sentences)


@pytest.mark.usefixtures("french")
async def test_document_and_scripts_are_in_the_language_that_is_asked_for() -> None:
    document = (await fetch("", accept_language="fr-CH, en;q=0.8")).body.decode()
    assert '<html lang="fr"' in document
    assert 'id="chats-title">Les &quot;discussions&quot; &lt;b&gt;</h2>' in document
    assert "Write a message…" in document  # what French lacks is said in English
    sentences = sentences_in((await fetch("sentences.js", accept_language="fr")).body)
    assert sentences["page.chats"] == 'Les "discussions" <b>'
    assert sentences["page.chat_count"] == {
        "one": "{count} discussion",
        "other": "{count} discussions",
    }
    assert sentences["page.new_chat"] == "New chat"


@pytest.mark.usefixtures("french")
async def test_a_kept_copy_serves_in_its_own_language_alone() -> None:
    for name in ("", "sentences.js"):
        english, french_one = await fetch(name), await fetch(name, accept_language="fr")
        assert (b"vary", b"accept-language") in english.headers
        tag = dict(english.headers)[b"etag"].decode()
        assert tag != dict(french_one.headers)[b"etag"].decode()
        again = await fetch(name, if_none_match=tag)
        assert (again.status, again.body) == (304, b"")
        assert (b"vary", b"accept-language") in again.headers
        assert (await fetch(name, if_none_match=tag, accept_language="fr")).status == 200


async def test_files_without_words_are_the_same_in_every_language() -> None:
    assert b"vary" not in dict((await fetch("page.js")).headers)

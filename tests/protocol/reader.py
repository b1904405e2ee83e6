"""A real reader of Markdown."""

from __future__ import annotations

from markdown_it import MarkdownIt
from markdown_it.token import Token

_READER = MarkdownIt("gfm-like", {"html": True, "linkify": False})

#: The tokens of what is loaded when a document is looked at.
LOADING = frozenset({"image", "html_block", "html_inline"})


def tokens(markdown: str) -> list[Token]:
    """All of them, those inside of others too."""
    found = []
    for token in _READER.parse(markdown):
        found += [token, *(token.children or ())]
    return found


def kinds(markdown: str) -> set[str]:
    """The types of all tokens."""
    return {token.type for token in tokens(markdown)}

"""A real reader of Markdown."""

from __future__ import annotations

from markdown_it import MarkdownIt
from markdown_it.token import Token

_READER = MarkdownIt("gfm-like", {"html": True, "linkify": False})
_STRICT = MarkdownIt("commonmark")

#: The tokens of what is loaded when a document is looked at.
LOADING = frozenset({"image", "html_block", "html_inline"})


def tokens(markdown: str, reader: MarkdownIt = _READER) -> list[Token]:
    """All of them, those inside of others too."""
    found = []
    for token in reader.parse(markdown):
        found += [token, *(token.children or ())]
    return found


def kinds(markdown: str) -> set[str]:
    """The types of all tokens, with GitHub's additions and without."""
    return {token.type for reader in (_READER, _STRICT) for token in tokens(markdown, reader)}

"""The MCP_SERVERS text."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.config import HttpServer, StdioServer, parse_mcp_servers


def test_both_kinds_of_server_in_their_order() -> None:
    text = """
    {"mcpServers": {
      "files": {"command": "npx", "args": ["-y", "files"], "env": {"TOKEN": "s3cret"}},
      "web": {"type": "http", "url": "https://example.org/mcp", "headers": {"X-Key": "s3cret"}},
      "plain": {"command": "serve", "autoApprove": []},
      "off": {"command": "serve", "disabled": true}
    }}
    """
    assert parse_mcp_servers(text) == (
        StdioServer(name="files", command="npx", args=("-y", "files"), env={"TOKEN": "s3cret"}),
        HttpServer(name="web", url="https://example.org/mcp", headers={"X-Key": "s3cret"}),
        StdioServer(name="plain", command="serve"),
    )


def test_no_servers() -> None:
    assert parse_mcp_servers('{"mcpServers": {}}') == ()


def test_what_may_be_a_secret_is_not_in_the_repr() -> None:
    text = """{"mcpServers": {
      "a": {"command": "x", "args": ["s3cret"], "env": {"A": "s3cret"}},
      "b": {"url": "https://h/?key=s3cret", "headers": {"A": "s3cret"}}
    }}"""
    assert "s3cret" not in repr(parse_mcp_servers(text))


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ([], "mcpServers.x must be an object"),
        ({}, "mcpServers.x must have either a command or a url"),
        ({"command": "a", "url": "b"}, "mcpServers.x must have either a command or a url"),
        ({"command": " "}, "mcpServers.x.command must be a string that is not empty"),
        ({"command": 1}, "mcpServers.x.command must be a string that is not empty"),
        ({"command": "a", "args": "b"}, "mcpServers.x.args must be a list of strings"),
        ({"command": "a", "args": [1]}, "mcpServers.x.args must be a list of strings"),
        ({"command": "a", "env": []}, "mcpServers.x.env must be an object of strings"),
        ({"command": "a", "env": {"B": 1}}, "mcpServers.x.env.B must be a string"),
        ({"command": "a", "env": {"B=": "c"}}, "mcpServers.x.env holds a name that is not allowed"),
        ({"command": "a", "type": "http"}, "mcpServers.x.type must be stdio with a command"),
        ({"url": "http://h", "type": "sse"}, "mcpServers.x.type must be stdio with a command"),
        ({"url": "ftp://h"}, "mcpServers.x.url must be an http or https URL"),
        ({"url": "http://"}, "mcpServers.x.url must be an http or https URL"),
        ({"url": "http://h:x/"}, "mcpServers.x.url must be an http or https URL"),
        ({"url": "http://[h/"}, "mcpServers.x.url must be an http or https URL"),
        ({"url": "http://h", "headers": {"a b": "c"}}, "mcpServers.x.headers holds a name"),
        ({"url": "http://h", "headers": {"a": "c\r\nd"}}, "mcpServers.x.headers.a must be print"),
    ],
)
def test_a_bad_entry_is_named_by_its_place(entry: Any, message: str) -> None:
    with pytest.raises(ValueError, match="^MCP_SERVERS: " + re.escape(message)):
        parse_mcp_servers(json.dumps({"mcpServers": {"x": entry}}))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "MCP_SERVERS: is not JSON (line 1)"),
        ('{\n"mcpServers": nope}', "MCP_SERVERS: is not JSON (line 2)"),
        ("[" * 100_000, "MCP_SERVERS: is not JSON"),
        ("[]", "MCP_SERVERS: must be an object"),
        ("{}", "MCP_SERVERS: must be an object"),
        ('{"mcpServers": []}', "MCP_SERVERS: must be an object"),
        ('{"mcpServers": {"--": {"command": "x"}}}', "MCP_SERVERS: mcpServers holds a name"),
    ],
)
def test_a_text_that_is_no_list_of_servers_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match="^" + re.escape(message)):
        parse_mcp_servers(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["mcpServers", "command", "args", "env", "url", "headers", "type", "x"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@given(JSON)
def test_any_json_gives_servers_or_one_sentence(value: Any) -> None:
    told = ""
    servers = []
    try:
        servers = [*parse_mcp_servers(json.dumps({"mcpServers": value}))]
    except ValueError as error:
        told = str(error)
    assert re.fullmatch(r"(MCP_SERVERS: [^\n]+)?", told)
    assert all(isinstance(server, StdioServer | HttpServer) for server in servers)

"""The odd pieces that requests are made of, beside good ones."""

from __future__ import annotations

from typing import Any, Final

METHODS: Final = (
    *("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"),
    *("CONNECT", "TRACE", "PROPFIND", "get", "FOO", "G\0T", "PRI", "M-SEARCH", ""),
)
PATHS: Final = (
    *("/", "/page/page.js", "/page/..%2f..%2fapp.py", "/page/%2e%2e", "/favicon.ico", "/metrics"),
    *("/api/chatkit", "/api/chatkit/", "/api/chatkit/health", "/api/chatkit/session"),
    *("/api/chatkit/session/{id}", "/api/chatkit/threads/{id}/events"),
    *("/api/chatkit/threads/{id}/cancel", "/api/auth/guest", "/api/tasks", "/api/tasks/{id}"),
    *("/api/tasks/{id}/complete", "/api/tasks/{id}/restore", "/mcp", "/mcp/", "/widget"),
    *("/api/chatkit/upload", "/api/chatkit/upload/{id}", "/api/chatkit/files/{id}"),
    *("/api/chatkit/options", "/api/chatkit/entities", "/api/chatkit/entities/{id}/preview"),
    *(
        "/api/chatkit/threads",
        "/api/chatkit/threads/{id}/status",
        "/api/chatkit/export",
        "/api/chatkit/import",
    ),
    "/api/chatkit/usage",
)
ODD_IDS: Final = (
    *(
        "%00",
        "a%00b",
        "..",
        "%2e%2e",
        "%2f",
        ".",
        "%",
        "%zz",
        "%ff",
        "%ed%a0%80",
        "%c0%af",
        "%0d%0a",
    ),
    *("x" * 255, "x" * 256, "x" * 9000, "0", "-1", "1e9", "{id}", "%F0%9F%98%80", ";", "*", "a b"),
    *("00000000-0000-0000-0000-000000000000", "%EF%BC%91", "%E2%80%AE", "null", "thr_", "'--"),
)
ODD_TARGETS: Final = (
    *("*", "//", "///api/tasks", "//evil.example/api/tasks", "/api//tasks", "/api/./tasks"),
    *("/api/../api/tasks", "/api/tasks/..", "/api/tasks/", "/API/TASKS", "/api/tasks%00", "/%"),
    *(
        "/api/tasks#x",
        "/api/tasks?#",
        "/api/tasks??",
        "/api\\tasks",
        "http://evil.example/api/tasks",
    ),
    *("http://localhost:99999/", "http://[::1/", "http://user:pw@localhost/api/tasks", "http://"),
    *("https://localhost/api/tasks", "ftp://x/y", "localhost:80", "evil.example:443", "", "?", "a"),
    *("/%u0041", "/\x7f", "/é", "/" + "a" * 9000, "/" + "%41" * 3000, "/" + "/" * 500, "/a b"),
)
QUERY_NAMES: Final = (
    *("status", "status_filter", "priority", "category", "tag", "search", "sort", "limit"),
    *("offset", "after", "time_zone", "x", "", "limit[]", "%00"),
    *("thread_id", "format"),
)
QUERY_VALUES: Final = (
    *(
        "all",
        "overdue",
        "this week",
        "newest",
        "oldest",
        "title",
        "high",
        "work",
        "shop",
        "1",
        "50",
    ),
    *(
        "0",
        "-1",
        "101",
        "1000000000",
        "9999999999",
        "9" * 5000,
        "1.0",
        "NaN",
        "٣",
        "²",
        "",
        "%",
        "_",
    ),
    *("\\", "%_\\%", "a\0b", "\ud800", "x" * 300, "Europe/Berlin", "Europe", "../../etc/passwd"),
    *(
        "/etc/passwd",
        "UTC",
        "posixrules",
        "\0",
        "x" * 9000,
        "\r\nx-injected: 1",
        "\u202e",
        "+",
        "&=&",
    ),
)
ORIGINS: Final = (
    *("https://app.example", "https://evil.example", "null", "http://localhost", "http://[::1]"),
    *("*", "https://app.example, https://app.example", "https://app.example.evil.example", "", "é"),
)
HEADERS: Final = (
    *("origin", "cookie", "authorization", "x-forwarded-for", "x-forwarded-proto", "forwarded"),
    *("x-forwarded-host", "x-request-id", "idempotency-key", "last-event-id", "if-none-match"),
    *("accept", "accept-encoding", "accept-language", "content-type", "expect", "upgrade", "range"),
    *("access-control-request-method", "access-control-request-headers", "sec-fetch-site", "te"),
    *("x-chatkit-user", "x-chatkit-timestamp", "x-chatkit-content-sha256", "x-chatkit-signature"),
    *("mcp-protocol-version", "mcp-session-id", "x-http-method-override", "trailer", "keep-alive"),
    *(
        "host",
        "user-agent",
        "content-encoding",
        "x-y",
        "X_Y",
        "sec-websocket-key",
        "http2-settings",
    ),
)
VALUES: Final = (
    *("", " ", "1", "-1", "*", "100-continue", "websocket", "h2c", "gzip", "keep-alive", "GET"),
    *(
        "a" * 300,
        "a" * 8000,
        "é",
        "\x7f",
        "\xff\xfe",
        "\t",
        "a\tb",
        '"x"',
        "text/plain",
        "trailers",
    ),
    *("application/json; charset=utf-16", "application/x-www-form-urlencoded", "same-origin", ","),
    *(
        "127.0.0.1",
        "::1",
        "[::1]:80",
        "1.2.3.4, 127.0.0.1",
        "127.0.0.1," * 500,
        "999.1.1.1",
        "::%1",
    ),
    *(
        "https",
        "http, https",
        "evil.example",
        "localhost:99999",
        "x, x",
        "..",
        "a\\r\\nb",
        "1" * 19,
    ),
    *(
        "v1=" + "0" * 64,
        "0" * 64,
        "1800000000",
        "9" * 12,
        "application/json",
        "2025-06-18",
        "bogus",
    ),
    *("authorization, content-type", "bytes=0-10", "W/x", "en;q=0.5,*;q=x", "cross-site", "none"),
)
#: Of a token's header (RFC 7515, 4.1), and any JSON that may stand there.
JOSE_FIELDS: Final = (
    *("alg", "alg", "alg", "kid", "kid", "typ", "crit", "b64", "zip", "enc", "cty"),
    *("jwk", "jku", "x5c", "x5u", "x5t"),
)
JOSE_VALUES: Final[tuple[Any, ...]] = (
    *("EdDSA", "HS256", "HS512", "none", "None", "RS256", "PS256", "ES256", "A256GCM", "dir", ""),
    *("chatkit-guest+jwt", "JWT", "one", "../one", "' OR 1=1", "\0", "\ud800", "k" * 3000),
    *([], {}, [[]], [{}], {"alg": "EdDSA"}, ["EdDSA"], ["b64"], ["alg", "alg"], [None]),
    *(None, True, False, 0, -1, 1.5, 10**40, "http://169.254.169.254/"),
)
INJECTIONS: Final = (
    *("a\r\nx-injected: 1", "a\nx-injected: 1", "a\rx-injected: 1", "a\0b", "a\r\n b", "a\r\n\tb"),
    *("a\x0bb", "a\x1bb", "a\r\n\r\nGET / HTTP/1.1\r\nhost: x\r\n\r\n"),
)
TOKENS: Final = (
    *(
        b"\r\n",
        b"\n",
        b"\r",
        b"\0",
        b" ",
        b"\t",
        b":",
        b"HTTP/1.1",
        b"HTTP/1.0",
        b"HTTP/2.0",
        b"HEAD",
    ),
    *(
        b"content-length: 5\r\n",
        b"content-length: -1\r\n",
        b"content-length: 99999999999999999999\r\n",
    ),
    *(b"transfer-encoding: chunked\r\n", b"connection: close\r\n", b"connection: upgrade\r\n"),
    *(
        b"upgrade: websocket\r\n",
        b"0\r\n\r\n",
        b"\r\n\r\n",
        b"ffffffffffffffff\r\n",
        b"\xff",
        b"%00",
    ),
    *(
        b"expect: 100-continue\r\n",
        b"\x16\x03\x01\x02\x00\x01",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ),
)

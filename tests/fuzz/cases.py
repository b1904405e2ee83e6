"""Cases by chance: from a seeded generator, and what is known of the server, to bytes to send.

Not Hypothesis, whose engine runs one example after the other: here twenty connections are busy at
once. What fails is shortened afterwards (see runner).
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any, Final
from urllib.parse import quote

from tests.fuzz import bodies, odd
from tests.fuzz.bodies import ISSUER_KID, Known
from tests.fuzz.framing import unclear_end
from tests.fuzz.wire import Case

_Maker = Callable[[Random, Known], Case]
_Body = Callable[[Random, Known], Any]

#: Each route that takes JSON, with what it takes.
_JSON_ROUTES: Final[tuple[tuple[str, str, _Body], ...]] = (
    *(("POST", "/api/chatkit", bodies.chat_body),) * 5,
    ("POST", "/api/tasks", bodies.task_body),
    ("PUT", "/api/tasks/{id}", bodies.task_body),
    ("PATCH", "/api/tasks/{id}", bodies.task_body),
    ("PATCH", "/api/tasks/{id}/complete", bodies.task_body),
    ("POST", "/api/tasks/{id}/restore", bodies.task_body),
    ("POST", "/api/chatkit/session", bodies.session_body),
    ("DELETE", "/api/chatkit/session", bodies.session_body),
    ("POST", "/api/chatkit/import", bodies.import_body),
    *(("POST", "/mcp", bodies.mcp_body),) * 3,
)


def make_case(rng: Random, known: Known) -> Case:
    """The next case."""
    make = rng.choices(_MAKERS, _WEIGHTS)[0]
    case = make(rng, known)
    if case.ending != "waited for" and rng.random() < 0.03:
        case = replace(case, ending="dropped", answers=0)
    if rng.random() < 0.3:
        cuts = tuple(rng.randrange(len(case.sent) + 1) for _ in range(rng.randrange(1, 8)))
        case = replace(case, cuts=cuts)
    return case


def _head(method: str, target: str, headers: list[tuple[str, str]]) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
    return "".join(f"{line}\r\n" for line in lines).encode("latin-1", "replace")


def _request(
    kind: str, method: str, target: str, headers: list[tuple[str, str]], body: bytes | None
) -> Case:
    """A request with an end, which an answer must follow."""
    head = _head(method, target, headers)
    if body is None:
        head += b"\r\n"
    return Case(kind=kind, head=head, body=body, ending="answered", answers=1)


def _host() -> tuple[str, str]:
    return "host", "localhost"


def _credential(rng: Random, known: Known, path: str) -> list[tuple[str, str]]:
    """Mostly a good one for the path."""
    third = "mcp" if path.startswith("/mcp") == (rng.random() < 0.9) else "chat"
    token = known.tokens[rng.choice(("jwt", "key-pair jwt", "guest", third))]
    if rng.random() < 0.85:
        return [("authorization", f"Bearer {token}")]
    match rng.randrange(11):
        case 0:
            return []
        case 1:
            return [("cookie", f"a=b; auth_token={token}"), ("sec-fetch-site", "same-origin")]
        case 2:
            return [("cookie", f"auth_token={token}; auth_token={rng.choice(odd.VALUES)}")]
        case 3:
            return [("authorization", f"Bearer {token}"), ("authorization", "Bearer x")]
        case 4:
            scheme = rng.choice(("Basic", "bearer", "Bearer ", "Bearer,", "", "Digest"))
            return [("authorization", f"{scheme} {token}")]
        case 5:
            place = rng.randrange(len(token))
            return [
                ("authorization", f"Bearer {token[:place]}{rng.choice('.=A_-x')}{token[place:]}")
            ]
        case 6:
            none = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIiwiZXhwIjo5OTk5OTk5OTk5fQ."
            forged = (
                none,
                "..",
                "a.b.c",
                "cks_",
                "cks_" + "A" * 43,
                "W10.W10.W10",
                "bnVsbA.bnVsbA.",
            )
            return [("authorization", f"Bearer {rng.choice(forged)}")]
        case 7:
            return [("authorization", rng.choice(odd.VALUES))]
        case _:
            jwts = [known.tokens[name] for name in ("jwt", "key-pair jwt", "guest")]
            return [("authorization", f"Bearer {_under_another_header(rng, rng.choice(jwts))}")]


def _under_another_header(rng: Random, token: str) -> str:
    """A token with an odd JOSE header in place of its own."""
    header: Any = {"alg": rng.choice(("EdDSA", "HS256")), "kid": ISSUER_KID}
    for _ in range(rng.choice((1, 1, 2, 4))):
        header[rng.choice(odd.JOSE_FIELDS)] = rng.choice(odd.JOSE_VALUES)
    if rng.random() < 0.1:
        del header[rng.choice((*header,))]
    if rng.random() < 0.05:
        header = rng.choice(odd.JOSE_VALUES)
    encoded = urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
    return f"{encoded}.{token.partition('.')[2]}"


def _odd_headers(rng: Random) -> list[tuple[str, str]]:
    found = []
    for _ in range(rng.choice((0, 0, 1, 1, 2, 5))):
        name = rng.choice(odd.HEADERS)
        value = rng.choice(odd.ORIGINS if name == "origin" else odd.VALUES)
        found.append((name, value))
    if rng.random() < 0.1:
        found.append((rng.choice(odd.HEADERS), rng.choice(odd.INJECTIONS)))
    return found


def _target(rng: Random, known: Known, path: str) -> str:
    if "{id}" in path:
        real = rng.random() < 0.6
        path = path.replace("{id}", known.an_id(rng) if real else rng.choice(odd.ODD_IDS))
    if rng.random() < 0.4:
        pairs = []
        for _ in range(rng.choice((1, 1, 2, 3, 60))):
            value = rng.choice((*odd.QUERY_VALUES, known.an_id(rng)))
            pairs.append(f"{rng.choice(odd.QUERY_NAMES)}={quote(value, errors='surrogatepass')}")
        path += "?" + "&".join(pairs)
    if rng.random() < 0.03:
        path += rng.choice(("?%ff=%ff", "?a=%", "?limit=%ED%A0%80", "?\xff", "?" + "a=" * 5000))
    return path


def _json(rng: Random, known: Known) -> Case:
    method, path, make = rng.choice(_JSON_ROUTES)
    value = bodies.mutated(rng, make(rng, known), rng.choice((0, 0, 1, 1, 1, 2, 3)))
    body = bodies.encoded(rng, value)
    if rng.random() < 0.15:
        body = bodies.misencoded(rng, body)
    headers = [_host(), *_json_headers(rng, known, path)]
    target = path.replace("{id}", rng.choice(known.tasks) if rng.random() < 0.8 else "x")
    return _request("json", method, target, headers, body)


def _json_headers(rng: Random, known: Known, path: str) -> list[tuple[str, str]]:
    headers = _credential(rng, known, path)
    if rng.random() < 0.95:
        headers.append(("content-type", "application/json"))
    if path.startswith("/mcp") and rng.random() < 0.95:
        headers.append(("accept", "application/json, text/event-stream"))
    if rng.random() < 0.05:
        headers.append(("idempotency-key", rng.choice(("again", "é", "a b", "x" * 256))))
    return headers


def _route(rng: Random, known: Known) -> Case:
    method = rng.choice(odd.METHODS[:7]) if rng.random() < 0.9 else rng.choice(odd.METHODS)
    path = rng.choice(odd.PATHS)
    target = _target(rng, known, path)
    if rng.random() < 0.15:
        target = rng.choice(odd.ODD_TARGETS)
    headers = [_host()] if rng.random() < 0.97 else []
    headers += [*_credential(rng, known, path), *_odd_headers(rng)]
    body = None
    if method in ("POST", "PUT", "PATCH", "DELETE") and rng.random() < 0.7:
        body = rng.choice((b"", b"{}", b"x", b'{"completed":true}', rng.randbytes(50)))
    case = _request("route", method, target, headers, body)
    # Another end of the head may hide in what was made.
    risky = any(name in ("expect", "upgrade") or "\n" in value for name, value in headers)
    if risky or method not in odd.METHODS[:7]:
        case = replace(case, ending="half-closed", answers=0)
    return case


def _multipart(rng: Random, known: Known) -> Case:
    boundary = rng.choice(("b", "-" * 70, "x" * 300, "", 'a"b', "é"))
    parts = []
    for _ in range(rng.randrange(4)):
        name = rng.choice(("file", "completed", "", "a\r\nx-injected: 1", "\0", '"'))
        file = rng.choice((f'; filename="{name}"', "", "; filename*=UTF-8''%00", "; filename=../x"))
        part = f'--{boundary}\r\ncontent-disposition: form-data; name="{name}"{file}\r\n\r\n'
        parts.append(part.encode() + rng.randbytes(rng.choice((0, 1, 100))) + b"\r\n")
    ending = rng.choice((f"--{boundary}--\r\n", "", f"--{boundary}", "--")).encode()
    uploads = (("POST", "/api/chatkit/upload"), ("PUT", "/api/chatkit/upload/{id}"))
    method, path = rng.choice((*uploads, *uploads, rng.choice(_JSON_ROUTES)[:2]))
    headers = [_host(), *_credential(rng, known, path)]
    headers.append(("content-type", f"multipart/form-data; boundary={boundary}"))
    target = path.replace("{id}", rng.choice(known.tasks))
    return _request("multipart", method, target, headers, b"".join(parts) + ending)


def _large(rng: Random, known: Known) -> Case:
    credential = _credential(rng, known, "/api/tasks")
    lots = ["x" * 40_000, "x" * 33_000, "x" * 31_000, "x" * 300_000]
    match rng.randrange(5):
        case 0:
            headers = [_host(), *credential, (rng.choice(odd.HEADERS[:9]), rng.choice(lots))]
            # What is refused may still be arriving, and the answer lost with it.
            return _closing(_request("large", "GET", "/api/tasks", headers, None))
        case 1:
            many = [(f"x-{n}", "y") for n in range(rng.choice((100, 120, 127, 129, 1000, 5000)))]
            return _closing(_request("large", "GET", "/", [_host(), *many], None))
        case 2:
            target = f"/api/tasks?search={rng.choice(lots)}"
            return _closing(_request("large", "GET", target, [_host(), *credential], None))
        case 3:
            name, value = rng.choice(lots), "y"
            return _closing(_request("large", "GET", "/", [_host(), (name, value)], None))
    method, path, make = rng.choice(_JSON_ROUTES)
    value = make(rng, known)
    if isinstance(value, dict):
        value["padding"] = "x" * rng.choice((2**16, 2**20 - 600, 2**20, 2**20 + 1, 2**21))
    headers = [_host(), *_json_headers(rng, known, path)]
    target = path.replace("{id}", rng.choice(known.tasks))
    return _request("large", method, target, headers, bodies.encoded(rng, value))


def _closing(case: Case) -> Case:
    return replace(case, ending="half-closed", answers=0)


def _valid_bytes(rng: Random, known: Known) -> bytes:
    case = rng.choice((_json, _json, _route, _multipart))(rng, known)
    return case.sent


def _raw(rng: Random, known: Known) -> Case:
    """A valid request with bytes changed, or no request at all."""
    if rng.random() < 0.05:
        return Case(kind="raw", head=rng.randbytes(rng.randrange(1, 3000)))
    sent = bytearray(_valid_bytes(rng, known))
    end = sent.find(b"\r\n\r\n") + 4
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        place = rng.randrange(end if rng.random() < 0.8 else len(sent) + 1)
        match rng.randrange(7):
            case 0:
                del sent[place : place + rng.choice((1, 1, 2, 5, 50))]
            case 1:
                sent[place:place] = rng.choice(odd.TOKENS)
            case 2:
                sent[place : place + 1] = bytes([rng.randrange(256)])
            case 3:
                sent[place:place] = sent[place : place + rng.randrange(60)]
            case 4:
                del sent[place:]
            case 5:
                sent[place : place + 1] = rng.choice((b"\r", b"\n", b"\0", b" ", b":", b"\xff"))
            case _:
                sent[place:place] = rng.randbytes(rng.randrange(1, 30))
        end = min(end, len(sent)) or 1
    return Case(kind="raw", head=bytes(sent) or b"\0")


def _pipeline(rng: Random, known: Known) -> Case:
    """Several good requests in one go, or one whose answer closes the connection."""
    good = b"".join(_pipelined(rng, known) for _ in range(rng.randrange(2, 6)))
    if rng.random() < 0.5:
        return Case(kind="pipeline", head=good + _valid_bytes(rng, known))
    count = len(re.findall(rb" HTTP/1\.1\r\n", good))
    return Case(kind="pipeline", head=good, ending="answered", answers=count)


def _pipelined(rng: Random, known: Known) -> bytes:
    credential = [("authorization", f"Bearer {known.tokens['jwt']}")]
    path = rng.choice(("/api/tasks?limit=1", "/api/chatkit/health", "/nowhere", "/"))
    if rng.random() < 0.5:
        return _request("", "GET", path, [_host(), *credential], None).sent
    body = bodies.encoded(rng, bodies.mutated(rng, bodies.task_body(rng, known), 1))
    return _request("", "POST", "/api/tasks", [_host(), *credential], body).sent


def _endless(rng: Random, known: Known) -> Case:
    """A head that does not end, which the server has to give up."""
    sent = _valid_bytes(rng, known)
    head = sent[: rng.randrange(1, sent.find(b"\r\n\r\n") + 2)]
    return Case(kind="endless", head=head.replace(b"\r\n\r\n", b""), ending="waited for")


_WEIGHTED: Final[tuple[tuple[float, _Maker], ...]] = (
    (30, _json),
    (25, _raw),
    (20, _route),
    (13, unclear_end),
    (5, _pipeline),
    (4, _multipart),
    (2.9, _large),
    (0.1, _endless),
)
_WEIGHTS: Final = [weight for weight, _ in _WEIGHTED]
_MAKERS: Final = [make for _, make in _WEIGHTED]

"""Requests whose end is a matter of opinion: how one is smuggled behind another (RFC 9112, 6.3)."""

from __future__ import annotations

import re
from random import Random

from tests.fuzz.bodies import Known
from tests.fuzz.wire import Case


def unclear_end(rng: Random, known: Known) -> Case:
    """Requests whose end is a matter of opinion, and one more behind them."""
    smuggled = (
        b"GET /api/tasks HTTP/1.1\r\nhost: localhost\r\nx-request-id: smuggled-%d\r\n"
        b"authorization: Bearer %b\r\n\r\n"
    ) % (rng.randrange(1000), known.tokens["jwt"].encode())
    size = len(smuggled)
    chunked = rng.choice(
        (
            *(b"chunked", b"Chunked", b"chunked, chunked", b"gzip, chunked", b"chunked, gzip"),
            *(
                b"xchunked",
                b"chunked;q=1",
                b" chunked ",
                b"\tchunked",
                b"chunked,",
                b"identity",
                b"",
            ),
            *(b"\x0bchunked", b'"chunked"', b"chunked\0"),
        )
    )
    lengths = rng.choice(
        (
            *(b"content-length: 0\r\ncontent-length: %d" % size, b"content-length: %d, 0" % size),
            *(b"content-length: %d\r\ncontent-length: 0" % size, b"content-length: +%d" % size),
            *(b"content-length: -%d" % size, b"content-length: 0x%x" % size, b"content-length:"),
            *(
                b"content-length: %d " % size,
                b"content-length : %d" % size,
                b"content-length: 0%d" % size,
            ),
            *(
                b"content-length:\r\n %d" % size,
                b"content-length: 1 %d" % size,
                b"content-length: %d.0" % size,
            ),
            *(b" content-length: %d" % size, b"content-length: 18446744073709551616", b"x: y"),
            *(
                b"content-length: \xb2",
                b"content\0-length: %d" % size,
                b"content_length: %d" % size,
            ),
        )
    )
    line = rng.choice((b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r", b"\r\r\n", b"\n\r\n"))
    chunks = rng.choice(
        (
            *(
                b"0\r\n\r\n",
                b"%x\r\n%b\r\n0\r\n\r\n" % (size, smuggled),
                b"%x\n%b\n0\n\n" % (size, smuggled),
            ),
            *(
                b"0x%x\r\n%b\r\n0\r\n\r\n" % (size, smuggled),
                b"-1\r\n",
                b"\r\n",
                b"g\r\n",
                b" 0\r\n\r\n",
            ),
            *(
                b'%x;a=b;"\r\n%b\r\n0\r\n\r\n' % (size, smuggled),
                b"fffffffffffffffff\r\n",
                b"5\r\nab",
            ),
            *(b"%x\r\n%b0\r\n\r\n" % (size, smuggled), b"0\r\nx-injected: 1\r\n\r\n", b"0\n\n"),
            *(
                b"00000000000000000000\r\n\r\n",
                b"1;" + b"x" * 20000 + b"\r\na\r\n0\r\n\r\n",
                b"0;\n\r\n\r\n",
            ),
            *(
                b"5 \r\nabcde\r\n0\r\n\r\n",
                b"5\r\nabcdefg\r\n0\r\n\r\n",
                b"0\r\n" + b"t: u\r\n" * 3000 + b"\r\n",
            ),
        )
    )
    upgrade = rng.choice((b"", b"", b"connection: upgrade\r\nupgrade: websocket\r\n"))
    head = b"POST /api/tasks HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer %b\r\n%b" % (
        known.tokens["jwt"].encode(),
        upgrade,
    )
    coding = b"transfer-encoding: " + chunked
    match rng.randrange(6):
        case 0:  # both: whatever is believed, nothing may come of what is inside
            order = rng.choice(((coding, lengths), (lengths, coding)))
            sent = head + order[0] + b"\r\n" + order[1] + b"\r\n\r\n" + chunks
        case 1:
            sent = head + lengths + line + line + smuggled
        case 2:
            sent = head + coding + line + line + chunks
        case 3:
            sent = head + coding + b"\r\n" + coding + b"\r\n\r\n" + chunks
        case 4:
            fold = rng.choice(
                (b"x-a: b\r\n c: d", b"x-a:\r\n\tb", b"\r\n x: y", b"x-a", b": b", b"x a: b")
            )
            sent = head + fold + line + b"content-length: 2\r\n\r\n{}"
        case _:
            sent = head + b"content-length: %d\r\n\r\n%b" % (rng.randrange(2 * size), smuggled)
    # A length that holds for the one inside makes the second request a body; where the first one
    # has no body at all, the second is a request in its own right, as in any pipeline.
    if not _is_ambiguous(sent):
        sent = sent.replace(b"smuggled-", b"second-")
    return Case(kind="framing", head=sent)


def _is_ambiguous(sent: bytes) -> bool:
    """Whether what lies behind the head is no request of its own in any reading but a careless
    one: a length or a coding that is stated at all and holds more than nothing."""
    head = sent.partition(b"\r\n\r\n")[0].lower()
    if b"smuggled-" in head:
        return False
    lengths = re.findall(rb"\r\ncontent-length: *([^\r\n]*)", head)
    if b"\r\ntransfer-encoding:" in head:
        return bool(lengths) or b"chunked" in head
    exact = [length for length in lengths if length.strip().isdigit()]
    return len(lengths) > 1 or len(exact) != len(lengths)

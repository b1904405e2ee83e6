"""Bodies of multipart/form-data: the one file in them, in any pieces, and whatever is none."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatkit.edge.multipart import OneFile, is_multipart
from chatkit.protocol.errors import BadRequest, ChatKitError, UnsupportedMedia
from tests.files import BOUNDARY, END, MULTIPART, PNG, part


async def body_of(data: bytes, cut: int) -> AsyncGenerator[bytes, None]:
    for start in range(0, len(data), cut):
        yield data[start : start + cut]


async def read(
    data: bytes, *, content_type: str = MULTIPART, cut: int = 65536
) -> tuple[str, str, bytes]:
    """Name, type and bytes of the file."""
    return await read_from(body_of(data, cut), content_type)


async def read_from(
    body: AsyncGenerator[bytes, None], content_type: str = MULTIPART
) -> tuple[str, str, bytes]:
    file = OneFile(content_type, body)
    await file.open()
    content = b"".join([piece async for piece in file.pieces()])
    return file.file_name, file.content_type, content


async def refusal(data: bytes, **how: str | int) -> ChatKitError:
    with pytest.raises(ChatKitError) as refused:
        await read(data, **how)  # type: ignore[arg-type] # by name
    return refused.value


@pytest.mark.parametrize("cut", [1, 2, 7, 64, 65536])
async def test_the_file_is_found_however_the_body_is_cut(cut: int) -> None:
    content = PNG + b"\r\n--" + BOUNDARY[:-1] + b"\r\n--\r\n-" + b"\r" * 5
    assert await read(part(content) + END, cut=cut) == ("cat.png", "image/png", content)


@given(
    st.lists(
        st.sampled_from([b"\r\n", b"--", BOUNDARY[:5], BOUNDARY + b"x", b"\r", b"\n", b"ab"]),
        max_size=12,
    ).map(b"".join),
    st.integers(1, 40),
)
async def test_no_bytes_of_a_file_are_lost_or_added(content: bytes, cut: int) -> None:
    if b"\r\n--" + BOUNDARY in b"\r\n" + content:  # no sender chooses such a boundary
        return
    assert (await read(part(content) + END, cut=cut))[2] == content


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("cat.png", "cat.png"),
        ("", ""),
        ("größe 😀.png", "größe 😀.png"),
        ("a%22b%0D%0Ac.png", 'a"b\r\nc.png'),
        ("a;b=c.png", "a;b=c.png"),
        ("100%.png", "100%.png"),
    ],
)
async def test_a_file_name_is_as_the_browser_had_it(given: str, name: str) -> None:
    assert (await read(part(PNG, name=given) + END))[0] == name


async def test_a_name_that_is_not_utf8_is_no_fault() -> None:
    data = (part(PNG, name="NAME") + END).replace(b"NAME", b"caf\xe9.png")
    assert (await read(data))[0] == "caf\ufffd.png"


@pytest.mark.parametrize("cut", [1, 7, 65536])
async def test_small_fields_beside_the_file_are_passed_over(cut: int) -> None:
    before = part(b"1", field="id", name=None) + part(b"", field="note", name=None)
    after = part(b"x" * 1000, field="more", name=None)
    data = before + part(PNG) + after + END
    assert await read(data, cut=cut) == ("cat.png", "image/png", PNG)


async def test_the_boundary_may_be_quoted_and_a_type_may_be_missing() -> None:
    content_type = f'Multipart/Form-Data; charset=utf-8; boundary="{BOUNDARY.decode()}"'
    data = b"\r\n" + part(PNG, mime_type=None) + END + b"an epilogue"
    assert await read(data, content_type=content_type) == ("cat.png", "", PNG)


@pytest.mark.parametrize(
    "data",
    {
        "nothing": b"",
        "no end": part(PNG),
        "half a part": part(PNG)[:60],
        "half the last boundary": part(PNG) + END[:-4],
        "no boundary": b"words " * 50,
        "another boundary": (part(PNG) + END).replace(BOUNDARY, b"other"),
        "two files": part(PNG) + part(PNG) + END,
        "two files of other names": part(PNG) + part(PNG, field="more") + END,
        "a large field before": part(b"1" * 10_000, field="id", name=None) + part(PNG) + END,
        "a large field after": part(PNG) + part(b"1" * 10_000, field="id", name=None) + END,
        "fields that are large together": part(b"1" * 5_000, field="a", name=None) * 2
        + part(PNG)
        + END,
        "many fields": part(b"1", field="a", name=None) * 20 + part(PNG) + END,
        "fields and no file": part(b"1", field="a", name=None) + END,
        "a field without a name": part(b"1", field="", name=None) + part(PNG) + END,
        "another field": part(PNG, field="upload") + END,
        "a field of no name": part(PNG, field="") + END,
        "text in place of a file": part(b"words", name=None) + END,
        "no parts": END,
        "no disposition": (part(PNG) + END).replace(b"Content-Disposition", b"X-Disposition"),
        "another disposition": (part(PNG) + END).replace(b"form-data;", b"attachment;"),
        "a transfer encoding": part(PNG, more=b"Content-Transfer-Encoding: base64\r\n") + END,
        "a header without a colon": part(PNG, more=b"nonsense\r\n") + END,
        "a header with a bad name": part(PNG, more=b"a b: c\r\n") + END,
        "a header without an end": part(PNG, more=b"X-Long: " + b"x" * 10**5 + b"\r\n") + END,
        "too many headers": part(PNG, more=b"X: y\r\n" * 50) + END,
        "a head without an end": part(PNG)[:100].replace(b"\r\n\r\n", b"\r\n"),
        "line feeds alone": (part(PNG) + END).replace(b"\r\n", b"\n"),
    }.items(),
    ids=lambda case: case[0],
)
async def test_what_is_not_one_file_is_a_bad_request(data: tuple[str, bytes]) -> None:
    for cut in (1, 65536):
        assert isinstance(await refusal(data[1], cut=cut), BadRequest)


@pytest.mark.parametrize("cut", [5, 4096])
@pytest.mark.parametrize("after", [b"x", b"-", b"\r", b"-x", b" "])
async def test_bytes_that_almost_end_the_part_are_refused_before_they_cost_time(
    after: bytes, cut: int
) -> None:
    data = part((b"\r\n--" + BOUNDARY + after) * 1000) + END
    read_bytes = 0

    async def body() -> AsyncGenerator[bytes, None]:
        nonlocal read_bytes
        async for piece in body_of(data, cut):
            read_bytes += len(piece)
            yield piece

    with pytest.raises(BadRequest):
        await read_from(body())
    assert read_bytes <= 4096


@pytest.mark.parametrize(
    ("content_type", "error"),
    [
        ("", UnsupportedMedia),
        ("application/json", UnsupportedMedia),
        ("multipart/mixed; boundary=x", UnsupportedMedia),
        ("multipart/form-data", BadRequest),
        ("multipart/form-data; boundary=", BadRequest),
        ("multipart/form-data; boundary=" + "x" * 71, BadRequest),
        ("multipart/form-data; boundary*=utf-8''x", BadRequest),
    ],
)
async def test_a_content_type_that_is_of_no_use_is_refused(
    content_type: str, error: type[ChatKitError]
) -> None:
    assert isinstance(await refusal(part(PNG) + END, content_type=content_type), error)


def test_other_bodies_are_told_apart() -> None:
    assert is_multipart(MULTIPART)
    assert is_multipart("MULTIPART/form-data")
    assert not is_multipart("image/png")
    assert not is_multipart(None)

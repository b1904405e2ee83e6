"""What a file is: by its own word, and by its bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatkit.protocol.errors import BadRequest, UnsupportedMedia
from chatkit.protocol.file_types import FileType, Probe, declared_type, image_type, served_type
from tests.files import GIF, JPEG, PDF, PNG, SVG, WEBP, ZIP
from tests.wording import SAY

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def judge(content: bytes, declared: str, *, cut: int | None = None) -> str:
    probe = Probe()
    for start in range(0, len(content), cut or max(1, len(content))):
        probe.feed(content[start : start + (cut or len(content))])
    return probe.detect(declared).mime_type


@pytest.mark.parametrize("cut", [None, 1, 3])
@pytest.mark.parametrize(
    ("content", "declared", "found"),
    [
        (PNG, "image/png", "image/png"),
        (JPEG, "image/png", "image/jpeg"),
        (GIF, "image/gif", "image/gif"),
        (WEBP, "image/webp", "image/webp"),
        (PNG, "text/html", "image/png"),
        (PNG, "application/octet-stream", "image/png"),
        (PDF, "application/pdf", "application/pdf"),
        (ZIP, DOCX, DOCX),
        (ZIP, "application/zip", "application/zip"),
        (ZIP, "text/plain", "application/zip"),
        (b"a,b\r\n1,2\r\n", "text/csv", "text/csv"),
        (b"{}", "application/json", "application/json"),
        (SVG, "image/svg+xml", "image/svg+xml"),
        (SVG, "application/octet-stream", "text/plain"),
        (b"<script>", "text/html", "text/html"),
        ("\ufeffgrüße 😀".encode(), "application/octet-stream", "text/plain"),
        (b"words", DOCX, "text/plain"),
    ],
)
def test_the_bytes_have_the_last_word(
    content: bytes, declared: str, found: str, cut: int | None
) -> None:
    assert judge(content, declared, cut=cut) == found


@pytest.mark.parametrize(
    ("content", "declared"),
    [
        (b"<html>", "image/png"),
        (SVG, "image/png"),
        (PDF, "image/jpeg"),
        (PNG[:7], "image/png"),
        (b"words", "application/pdf"),
        (b"\x7fELF\x02\x01\x01\x00", "application/octet-stream"),
        (b"MZ\x90\x00", "application/octet-stream"),
        (b"text\0", "text/plain"),
        (b"text \x1b[0m", "text/plain"),
        (b"caf\xe9", "text/plain"),
        ("é".encode()[:1], "text/plain"),
        (b"ok \xc0\xaf", "text/plain"),
    ],
)
def test_what_is_not_what_it_says_or_nothing_known_is_refused(
    content: bytes, declared: str
) -> None:
    for cut in (None, 1):
        with pytest.raises(UnsupportedMedia):
            judge(content, declared, cut=cut)


@given(st.text().map(str.encode), st.integers(1, 5))
def test_pieces_make_no_difference(content: bytes, cut: int) -> None:
    results = []
    for size in (None, cut):
        try:
            results.append(judge(content, "application/octet-stream", cut=size))
        except UnsupportedMedia:
            results.append("refused")
    assert results[0] == results[1]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("image/PNG", "image/png"),
        ("image/jpg", "image/jpeg"),
        ("text/plain; charset=utf-8", "text/plain"),
        ("", "application/octet-stream"),
        ("image/svg+xml", "image/svg+xml"),
    ],
)
def test_a_declared_type_is_brought_to_one_form(text: str, name: str) -> None:
    assert declared_type(text) == FileType(name)


@pytest.mark.parametrize("text", ["png", "image/", "/png", "a/b/c", "a b/c", "*/*"])
def test_what_is_no_type_is_a_bad_request_that_names_the_field(text: str) -> None:
    with pytest.raises(BadRequest, match=r"^params\.mime_type: "):
        declared_type(text, place="params.")


@pytest.mark.parametrize("text", ["image/heic", "image/tiff", "audio/mpeg", "video/mp4"])
def test_what_could_never_be_taken_is_refused_before_it_comes(text: str) -> None:
    with pytest.raises(UnsupportedMedia) as refused:
        declared_type(text, place="params.")
    assert refused.value.in_words(SAY).startswith("params.mime_type: ")


@pytest.mark.parametrize(
    ("mime_type", "served"),
    [
        ("image/png", "image/png"),
        ("application/pdf", "application/pdf"),
        ("image/svg+xml", "text/plain; charset=utf-8"),
        ("text/html", "text/plain; charset=utf-8"),
        ("text/javascript", "text/plain; charset=utf-8"),
        ("application/xhtml+xml", "text/plain; charset=utf-8"),
        ("application/xml", "text/plain; charset=utf-8"),
        (DOCX, "application/octet-stream"),
        ("application/x-shockwave-flash", "application/octet-stream"),
    ],
)
def test_no_file_is_served_as_something_that_runs(mime_type: str, served: str) -> None:
    assert served_type(mime_type) == served


@pytest.mark.parametrize(
    ("data", "mime_type"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0rest", "image/jpeg"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "image/webp"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\x10\0\0\0WAVEfmt ", None),
        (b"%PDF-1.7", None),
        (b"", None),
    ],
)
def test_an_image_that_is_shown_is_known_by_its_first_bytes(
    data: bytes, mime_type: str | None
) -> None:
    assert image_type(data) == mime_type

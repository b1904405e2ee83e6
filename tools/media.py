"""Images and audio in the result of an MCP tool call.

What they are is found in their bytes: a server may declare anything. A provider refuses a whole
request for an image that it cannot read, so one that is no image, or not whole, is left out.
"""

from __future__ import annotations

from binascii import a2b_base64
from typing import Final

from chatkit.protocol.calls import MadeFile
from chatkit.protocol.file_types import audio_type, image_type, is_whole_image

#: Most files of one result; the largest image, and all files together, in bytes. Models are sent
#: images of up to 5 MiB, see `chatkit.engine.file_contents`.
MAX_FILES: Final = 8
MAX_IMAGE_BYTES: Final = 5 * 2**20
MAX_BYTES: Final = 10 * 2**20


class ResultFiles:
    """Collects the files of one result."""

    def __init__(self) -> None:
        self.files: list[MadeFile] = []
        self._left = MAX_BYTES

    def take(self, text: str) -> str:
        """Add a file, which is in base64. What happened to it, as words for the model.

        The words are "" if the bytes are neither an image nor audio that is known.
        """
        if len(self.files) == MAX_FILES:
            return f"left out: only the first {MAX_FILES} files of a result are shown"
        if len(text) * 3 // 4 > self._left + 2:  # before it is decoded; two may be padding
            return "left out: it is too large"
        try:
            data = a2b_base64(text, strict_mode=True)
        except ValueError:
            return "left out: it is not whole base64"
        if len(data) > self._left:
            return "left out: it is too large"
        mime_type = image_type(data)
        if mime_type is None:
            if (mime_type := audio_type(data)) is None:
                return ""
            self._add(MadeFile(mime_type=mime_type, data=data, is_image=False))
            return "offered to the user as a file"
        if len(data) > MAX_IMAGE_BYTES:
            return "left out: it is too large"
        if not is_whole_image(data):
            return "left out: its end is missing"
        self._add(MadeFile(mime_type=mime_type, data=data, is_image=True))
        return "shown to the user"

    def _add(self, file: MadeFile) -> None:
        self.files.append(file)
        self._left -= len(file.data)

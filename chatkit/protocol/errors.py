"""Every error that a client can receive, as an exception with a code and an HTTP status.

    ChatKitError                 never built directly
    ├── BadRequest               400  invalid_request, invalid_json, invalid_cursor, unknown_host
    ├── Unauthorized             401  unauthorized
    ├── Forbidden                403  forbidden, guests_off, dictation_off
    ├── NotFound                 404  not_found
    ├── MethodNotAllowed         405  method_not_allowed
    ├── Conflict                 409  conflict
    ├── TooLarge                 413  too_large
    │   └── StorageFull          413  storage_full
    ├── UnsupportedMedia         415  unsupported_media
    ├── Unprocessable            422  idempotency_mismatch
    ├── TooMany                  429  rate_limited
    ├── Internal                 500  internal
    └── Unavailable              503  unavailable

`code` is stable and documented, `status` is the HTTP status, and the message is safe to show.
The message never contains the text of another exception: that is chained by `from`.

A message is a `Sentence`, which the edge translates to the caller's language. An error in one field
("params.title: is required") is for programmers: its message is an English text.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True, init=False)
class Sentence:
    """A sentence for users, as its code in `chatkit.words` and its parameters."""

    code: str
    params: tuple[tuple[str, str | int], ...]

    def __init__(self, code: str, /, **params: str | int) -> None:
        object.__setattr__(self, "code", code)
        object.__setattr__(self, "params", tuple(params.items()))

    def __str__(self) -> str:
        """The code and the parameters, for logs."""
        given = ", ".join(f"{name}={value!r}" for name, value in self.params)
        return f"{self.code}({given})" if given else self.code

    def in_words(self, say: Callable[..., str]) -> str:
        """The sentence in the language of `say`."""
        return say(self.code, **dict(self.params))


def in_words(message: str | Sentence, say: Callable[..., str]) -> str:
    """A message in the language of `say`. A text is returned unchanged."""
    return message if isinstance(message, str) else message.in_words(say)


class ChatKitError(Exception):
    """The base of all errors. `str(error)` is for logs, `in_words` for the client."""

    status: ClassVar[int]
    default_code: ClassVar[str]

    def __init__(self, message: str | Sentence, *, code: str | None = None) -> None:
        if type(self) is ChatKitError:
            raise TypeError("raise one of the kinds of ChatKitError")
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code

    def in_words(self, say: Callable[..., str]) -> str:
        """The message in the language of `say`."""
        return in_words(self.message, say)


class BadRequest(ChatKitError):
    """The request is malformed; the message names the field."""

    status = 400
    default_code = "invalid_request"


class Unauthorized(ChatKitError):
    """No credential, or an invalid one. `challenge` is the value of WWW-Authenticate."""

    status = 401
    default_code = "unauthorized"
    challenge = "Bearer"


class Forbidden(ChatKitError):
    """The credential is valid but does not allow this."""

    status = 403
    default_code = "forbidden"


class NotFound(ChatKitError):
    """No such object, or it belongs to another user: the response is the same."""

    status = 404
    default_code = "not_found"

    def __init__(self, kind: str) -> None:
        super().__init__(Sentence(f"missing.{kind}"))


class MethodNotAllowed(ChatKitError):
    """The path exists for other methods; `allow` lists them."""

    status = 405
    default_code = "method_not_allowed"

    def __init__(self, allow: tuple[str, ...]) -> None:
        super().__init__(Sentence("http.other_methods", methods=", ".join(allow)))
        self.allow = allow


class Conflict(ChatKitError):
    """The current state of the object does not allow this."""

    status = 409
    default_code = "conflict"


class TooLarge(ChatKitError):
    """The body is above a limit."""

    status = 413
    default_code = "too_large"


class StorageFull(TooLarge):
    """The user stores as much of something as is allowed; the sentence says how to make room."""

    default_code = "storage_full"


class UnsupportedMedia(ChatKitError):
    """The type of the body is not accepted by this route."""

    status = 415
    default_code = "unsupported_media"


class Unprocessable(ChatKitError):
    """Well-formed, but in conflict with an earlier request."""

    status = 422
    default_code = "idempotency_mismatch"


class TooMany(ChatKitError):
    """A rate limit was exceeded; `retry_after_s` says when to retry."""

    status = 429
    default_code = "rate_limited"

    def __init__(self, message: str | Sentence, *, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Internal(ChatKitError):
    """A bug or fault of the server. The cause is in the log under the request id."""

    status = 500
    default_code = "internal"


class Unavailable(ChatKitError):
    """A dependency (the database, a provider) or the process itself is unavailable. Retry later."""

    status = 503
    default_code = "unavailable"

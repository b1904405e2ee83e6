"""Keys that sign what the server gives out: guests' tokens and links."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class Keys:
    """The current key, 32 bytes, signs. The previous one, if there is one, is still accepted.

    Whoever signs or verifies holds this object, which is changed when the keys are rotated.
    """

    current: bytes = field(repr=False)
    previous: bytes | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if len(self.current) != 32:
            raise ValueError("a key must have exactly 32 bytes")

    @property
    def accepted(self) -> tuple[bytes, ...]:
        """The keys to verify with, the current one first."""
        return (self.current,) if self.previous is None else (self.current, self.previous)

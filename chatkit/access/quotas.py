"""What a user may store: text, files, and how many tasks, threads and sessions."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Final

from chatkit.access.caller import GUEST_PREFIX

#: A guest may store this part of what a user may.
_GUEST_PART: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """What is stored or may be stored. Texts and files in bytes, the others by number."""

    text_bytes: int = 0
    file_bytes: int = 0
    tasks: int = 0
    threads: int = 0
    sessions: int = 0

    def to_wire(self) -> dict[str, int]:
        """The JSON object."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotas:
    """The most that each user may store."""

    text_bytes: int = 64 * 2**20
    file_bytes: int = 2**30
    tasks: int = 10_000
    threads: int = 100_000
    sessions: int = 100

    def of(self, user_id: str) -> Amounts:
        """What this user may store; a guest less, but at least one of each."""
        allowed = Amounts(
            text_bytes=self.text_bytes,
            file_bytes=self.file_bytes,
            tasks=self.tasks,
            threads=self.threads,
            sessions=self.sessions,
        )
        if not user_id.startswith(GUEST_PREFIX):
            return allowed
        parts = {kind: max(most // _GUEST_PART, 1) for kind, most in allowed.to_wire().items()}
        return replace(allowed, **parts)

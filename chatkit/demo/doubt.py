"""Words that make a sentence anything but a plain request: nothing is done on them.

Only free text is looked at, such as a title or the name of a task: all other words of a command are
known ones. Text in quotation marks or after a colon is meant as it stands, unless its end takes it
back.
"""

from __future__ import annotations

import re
from typing import Final

_DOUBT: Final = re.compile(
    # denied
    r"\b(?:not|never|no|none|nothing|nobody|neither|nor|without|cannot|\w+n't|nope|nah)\b"
    # conditional
    r"|\b(?:if|unless|whether|when|whenever|while|until|till|otherwise|else|except|in case"
    r"|as soon as|as long as|assuming|suppose|supposing|provided|once (?:i|you|we|he|she|it"
    r"|they|the|my|that))\b"
    # hypothetical or asked
    r"|\b(?:would|should|could|might|may i|maybe|perhaps|probably|possibly|pretend|imagine"
    r"|hypothetically|theoretically|what)\b"
    # taken back, or not meant
    r"|\b(?:but|instead|rather|wait|actually|cancel that|never ?mind|nvm|forget (?:it|that)"
    r"|scratch that|(?:just )?kidding|jok(?:e|ing)|jk|lol|haha\w*|sarcasm|yeah right|as if)\b|/s\b"
    # told of, not said
    r"|\b(?:said|says|told|asked|wrote|quote|unquote)\b"
    # a second request
    r"|(?:,|\band|\bthen)\s+(?:then\s+)?(?:add|show|list|complete|finish|delete|remove|reopen|mark"
    r"|move|rename)\s+(?:me|my|all|the|what|it|them|everything|tasks?|#?\d)"
    r"|[?]",
    re.I,
)  # fmt: skip


def is_doubtful(text: str) -> bool:
    """Whether a free text says more than what a command needs."""
    return _DOUBT.search(text) is not None


_TAKEN_BACK: Final = re.compile(
    r"(?:[,;(\u2013\u2014]|\s-)\s*(?:actually|(?:just )?kidding|jk|lol|never ?mind|wait"
    r"|scratch that|forget (?:it|that)|or not|don'?t\s*$|no\s*$|no (?:wait|don't))\b.*$"
    r"|^(?:actually,?\s+)?(?:no|nope|nothing|never ?mind|forget it|cancel|stop)[.!\s]*$",
    re.I | re.S,
)


def is_taken_back(text: str) -> bool:
    """Whether the end of a text that is otherwise meant as it stands takes it back."""
    return _TAKEN_BACK.search(text) is not None

"""Words that make a sentence more than a plain request. Nothing is done then.

Only free text is checked, such as a title: all other words of a command are known. Text in
quotation marks or after a colon is taken literally, unless its end cancels the request.
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
    # cancelled, or not meant
    r"|\b(?:but|instead|rather|wait|actually|cancel that|never ?mind|nvm|forget (?:it|that)"
    r"|scratch that|(?:just )?kidding|jok(?:e|ing)|jk|lol|haha\w*|sarcasm|yeah right|as if)\b|/s\b"
    # reported speech
    r"|\b(?:said|says|told|asked|wrote|quote|unquote)\b"
    # a second request
    r"|(?:,|\band|\bthen)\s+(?:then\s+)?(?:add|show|list|complete|finish|delete|remove|reopen|mark"
    r"|move|rename)\s+(?:me|my|all|the|what|it|them|everything|tasks?|#?\d)"
    r"|[?]",
    re.I,
)  # fmt: skip


def is_doubtful(text: str) -> bool:
    """Whether a free text contains more than a command needs."""
    return _DOUBT.search(text) is not None


_TAKEN_BACK: Final = re.compile(
    r"(?:[,;(\u2013\u2014]|\s-)\s*(?:actually|(?:just )?kidding|jk|lol|never ?mind|wait"
    r"|scratch that|forget (?:it|that)|or not|don'?t\s*$|no\s*$|no (?:wait|don't))\b.*$"
    r"|^(?:actually,?\s+)?(?:no|nope|nothing|never ?mind|forget it|cancel|stop)[.!\s]*$",
    re.I | re.S,
)


def is_taken_back(text: str) -> bool:
    """Whether the end of a literal text cancels the request."""
    return _TAKEN_BACK.search(text) is not None

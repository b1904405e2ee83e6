"""What is risky in a configuration that works: one sentence each, logged at the start."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from chatkit.demo.model import PREFIX
from chatkit.edge.origins import is_loopback_origin, normalize_origin
from chatkit.wiring.settings import Settings

_log = logging.getLogger("chatkit")


def log_cautions(settings: Settings) -> None:
    """Log every caution as a warning."""
    for sentence in cautions(settings):
        _log.warning("%s", sentence)


def cautions(settings: Settings, env_file: Path = Path(".env")) -> Iterator[str]:
    """The sentences that apply."""
    if _is_readable_by_all(env_file):
        yield "the file .env can be read by every user of this machine: chmod 600 .env"
    if settings.better_auth_url is not None and _is_plain(settings.better_auth_url):
        yield (
            "BETTER_AUTH_URL begins with http://: whoever controls the network in between can "
            "forge the keys that sign users in"
        )
    if settings.guest_policy == "on" and any(
        not model.startswith(PREFIX) for model in settings.models
    ):
        yield "GUESTS is on: everybody who reaches this server uses its model, without sign-in"
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        yield "the server runs as root: use an account of its own"


def _is_readable_by_all(file: Path) -> bool:
    try:
        return bool(file.stat().st_mode & stat.S_IROTH)
    except OSError:
        return False


def _is_plain(url: str) -> bool:
    parts = urlsplit(url)
    origin = normalize_origin(f"{parts.scheme}://{parts.netloc}")
    return parts.scheme == "http" and not (origin is not None and is_loopback_origin(origin))

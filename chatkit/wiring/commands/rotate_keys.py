"""`python app.py rotate-keys`: new keys for guests' tokens and for links."""

from __future__ import annotations

import argparse
import sys
from typing import Any, Final

from chatkit.edge.file_links import HOUR_S
from chatkit.edge.guests import GUEST_TOKEN_S, REMEMBER_S
from chatkit.wiring.database import attached_database
from chatkit.wiring.keyring import FILE_KEYS, GUEST_KEYS, LOOK_S
from chatkit.wiring.settings import Settings
from store.secrets import Secrets

#: How long what the former key has signed is valid anyway, in seconds.
_LIVES: Final = {GUEST_KEYS: GUEST_TOKEN_S, FILE_KEYS: 2 * HOUR_S}


def add_to(commands: Any) -> None:
    """Add the command and its arguments."""
    about = "make new keys for guests' tokens and for links of files"
    parser = commands.add_parser("rotate-keys", help=about, description=about)
    parser.add_argument(
        "--now",
        action="store_true",
        help="do not accept the former keys any more: every guest begins anew, and links that were "
        "given out end",
    )
    parser.set_defaults(run=_rotate)


async def _rotate(settings: Settings, given: argparse.Namespace) -> int:
    async with attached_database(settings) as database:
        secrets = Secrets(database, password=settings.secrets_key)
        for name, life_s in _LIVES.items():
            await secrets.rotate(name, keep_s=0 if given.now else life_s)
    sys.stdout.write(
        f"The keys are new; a running server uses them within {LOOK_S + REMEMBER_S:.0f} seconds. "
        + (
            "The former ones are not accepted any more.\n"
            if given.now
            else "What the former ones have signed is accepted until it ends.\n"
        )
    )
    return 0

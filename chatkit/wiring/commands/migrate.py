"""`python app.py migrate`: bring the database to the schema of this release."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from chatkit.wiring.database import attached_database
from chatkit.wiring.settings import Settings
from store.migrate import VERSION, apply_schema, missing_migrations


def add_to(commands: Any) -> None:
    """Add the command and its arguments."""
    about = "bring the database to the schema of this release, as each start does"
    parser = commands.add_parser("migrate", help=about, description=about)
    parser.add_argument("--dry-run", action="store_true", help="only list what would be done")
    parser.set_defaults(run=_migrate)


async def _migrate(settings: Settings, given: argparse.Namespace) -> int:
    async with attached_database(settings, may_be_empty=True) as database:
        missing = await missing_migrations(database)
        for name in missing:
            sys.stdout.write(f"{'to do' if given.dry_run else 'doing'}: {name}\n")
        if not given.dry_run:
            await apply_schema(database)
    if given.dry_run and missing:
        sys.stdout.write("nothing was changed\n")
    elif not missing:
        sys.stdout.write(f"the database has schema {VERSION} already\n")
    else:
        sys.stdout.write(f"the database has schema {VERSION} now\n")
    return 0

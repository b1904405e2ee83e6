"""The command line of `python app.py`. Without a command the server starts."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence

from chatkit import __version__
from chatkit.protocol.errors import ChatKitError
from chatkit.wiring.commands import audit, migrate, rotate_keys
from chatkit.wiring.settings import load_settings, read_environment
from chatkit.wiring.variables import SettingsError
from chatkit.words.catalogue import ENGLISH, say_in
from store.embedded import EmbeddedError
from store.migrate import SchemaError
from store.postgres import ConnectError, refusals_stop_the_start
from store.secrets import SecretsError

_EPILOGUE = (
    "Without a command the server starts. It is configured by variables of the environment or of "
    "a file .env; README.md lists them."
)


def run(words: Sequence[str]) -> int:
    """Run a command and return its exit code. Bad arguments exit with 2, as argparse does it.

    An operator gets one sentence for what cannot be done, and no traceback.
    """
    given = _parser().parse_args(words)
    try:
        settings = load_settings(read_environment())
        with refusals_stop_the_start():
            code: int = asyncio.run(given.run(settings, given))
    except (SettingsError, EmbeddedError, ConnectError, SchemaError, SecretsError) as error:
        return _fail(str(error))
    except ChatKitError as error:
        return _fail(error.in_words(say_in(ENGLISH)))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        sys.stderr.close()
        return 0
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="app.py", description="A ChatKit server that stands alone.", epilog=_EPILOGUE
    )
    parser.add_argument("--version", action="version", version=f"chatkit {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in (audit, migrate, rotate_keys):
        command.add_to(commands)
    return parser


def _fail(sentence: str) -> int:
    print(sentence, file=sys.stderr)  # noqa: T201 - the output of a command
    return 1

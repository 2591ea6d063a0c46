"""Assembly of the commands, and the one place where an error becomes a message and an exit code."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from cyberpunk_ai.cli import ask, bring, customers, forecasts, operate
from cyberpunk_ai.cli.output import print_error
from cyberpunk_ai.core.errors import CyberpunkError
from cyberpunk_ai.core.logs import get_logger, mask_text

if TYPE_CHECKING:
    from collections.abc import Sequence

EXIT_CODES = {
    "source_failed": 65,
    "contract_broken": 65,
    "too_little_data": 65,
    "settings_invalid": 78,
    "not_built": 70,
    "unavailable": 69,
    "invalid_argument": 64,
    "not_found": 66,
    "limit_reached": 75,
    "permission_denied": 77,
}

app = typer.Typer(
    name="cyberpunk",
    help="One workspace for data, forecasts, customers at risk and live events.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for room in (bring, ask, forecasts, customers, operate):
    room.add_to(app)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line. Errors raised on purpose become one message with a hint; exit codes follow sysexits.h.

    Args:
        arguments: What stands behind the program's name; those of the process when None.
    """
    given = sys.argv[1:] if arguments is None else list(arguments)
    try:
        app(given, prog_name=None if arguments is None else "cyberpunk")
    except CyberpunkError as error:
        print_error(error, as_json="--json" in given)
        sys.exit(EXIT_CODES.get(error.code, 1))
    except Exception as error:  # noqa: BLE001 - a traceback is no answer; whoever wants it asks for it
        get_logger("cli").debug("unexpected", exc_info=error)
        told = CyberpunkError(mask_text(f"{type(error).__name__}: {error}"), hint="LOG_LEVEL=DEBUG shows where it comes from")
        print_error(told, as_json="--json" in given)
        sys.exit(1)

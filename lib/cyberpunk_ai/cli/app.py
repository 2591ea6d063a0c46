"""Assembly of the commands, and the one place where an error becomes a message and an exit code."""

from __future__ import annotations

import sys

import typer

from cyberpunk_ai.cli import ask, bring, operate
from cyberpunk_ai.cli.output import print_error
from cyberpunk_ai.core.errors import CyberpunkError

EXIT_CODES = {"settings_invalid": 78, "not_built": 70, "unavailable": 69, "invalid_argument": 64, "not_found": 66, "permission_denied": 77}

app = typer.Typer(
    name="cyberpunk",
    help="One workspace for data, forecasts, customers at risk and live events.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for room in (bring, ask, operate):
    room.add_to(app)


def main() -> None:
    """Run the command line. Errors raised on purpose become one message with a hint; exit codes follow sysexits.h."""
    try:
        app()
    except CyberpunkError as error:
        print_error(error, as_json="--json" in sys.argv)
        sys.exit(EXIT_CODES.get(error.code, 1))

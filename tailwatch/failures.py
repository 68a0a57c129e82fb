"""How a failure is told: one line on standard error that names the thing, and an exit status."""

import sys
import traceback
from typing import Any

from riskcore.errors import InputError, TailwatchError
from tailwatch.logging import one_line

FAILED = 1
WRONG_INPUT = 2
_UNEXPECTED = "unexpected failure"


def explain(error: BaseException, *, verbose: bool = False) -> int:
    """Print why a command failed, and give its exit status.

    Where ``verbose``, the stack of a failure that nobody foresaw comes first.
    """
    message, status = _told(error)
    if verbose and message.startswith(_UNEXPECTED):
        traceback.print_exception(error, file=sys.stderr)
    print(f"tailwatch: {one_line(message)}", file=sys.stderr, flush=True)  # noqa: T201 - what the user is told
    return status


def _told(error: BaseException) -> tuple[str, int]:
    import typer

    if isinstance(error, KeyboardInterrupt | typer.Abort):
        return "interrupted", FAILED
    if isinstance(error, InputError):
        return str(error), WRONG_INPUT
    if isinstance(error, TailwatchError):
        return str(error), FAILED
    if hasattr(error, "format_message"):
        return _usage(error)
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {(error.strerror or str(error)).lower()}", FAILED
    return f"{_UNEXPECTED}: {type(error).__name__}: {error} (run again with -v for the details)", FAILED


def _usage(error: Any) -> tuple[str, int]:
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "tailwatch"
    message = error.format_message().rstrip(".").replace("\n", " ")
    return f"{message[:1].lower()}{message[1:]}; see `{command} --help`", WRONG_INPUT

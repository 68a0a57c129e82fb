"""The entry point: ``tailwatch`` and ``python -m tailwatch``."""

import os
import sys
from collections.abc import Sequence

_INTERRUPTED = 130
"""What Typer makes of Ctrl-C."""


def main() -> None:
    """Run the command line; exit status 0 done, 1 failed while running, 2 wrong usage or input."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command; every failure becomes one line on standard error, and the exit status."""
    from tailwatch.failures import explain

    verbose = any(argument in ("-v", "-vv", "-vvv", "--verbose") for argument in arguments)
    try:
        from tailwatch.commands import app

        status = app(list(arguments), prog_name="tailwatch", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read our output has left; the interpreter, too, must say nothing more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the last resort: one line in place of a stack
        return explain(error, verbose=verbose)
    if status == _INTERRUPTED:
        return explain(KeyboardInterrupt())
    return status if isinstance(status, int) else 0


if __name__ == "__main__":
    main()

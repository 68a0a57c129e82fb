"""Structured logs on standard error: key=value, or JSON, one line an event whatever the values hold."""

import logging
import sys
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any, TextIO, cast

import structlog

_LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)
_LONGEST = 2_000


class _Patient:
    """A stream that drops what cannot be written: a full disk under the log must not stop who logs."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with suppress(OSError):
            return self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()


def configure(verbose: int = 0, *, as_json: bool = False) -> None:
    """Set up structlog for this process: warnings, with ``-v`` what happens, with ``-vv`` everything.

    A value is escaped (no line break, no terminal sequence gets through) and cut at 2,000 characters, so that
    what a feed or a user sends can neither forge a line nor flood the log.
    """
    level = _LEVELS[min(verbose, len(_LEVELS) - 1)]
    renderer: Any = structlog.processors.JSONRenderer() if as_json else _key_value
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _bounded,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=cast(TextIO, _Patient(sys.stderr))),
        cache_logger_on_first_use=False,
    )
    # The pool tells of every attempt to reach a database that is away; our own line says it once.
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR if verbose < len(_LEVELS) - 1 else level)
    logging.basicConfig(level=level, stream=sys.stderr, format="%(levelname)s logger=%(name)s event=%(message)r")


def one_line(text: str) -> str:
    """Escape what could break a line or drive a terminal: control characters, and separators like U+2028."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )


def _bounded(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> dict[str, Any]:
    return {
        str(key): f"{value[:_LONGEST]}...({len(value)} characters)"
        if isinstance(value, str) and len(value) > _LONGEST
        else value
        for key, value in event.items()
    }


def _key_value(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> str:
    order = ("timestamp", "level", "event")
    keys = [key for key in order if key in event] + [key for key in event if key not in order]
    return " ".join(f"{one_line(key)}={_quoted(event[key])}" for key in keys)


def _quoted(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    if text and all(character.isprintable() and character not in ' "=\\' for character in text):
        return text
    return '"' + one_line(text.replace("\\", "\\\\").replace('"', '\\"')) + '"'

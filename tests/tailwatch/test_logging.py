"""A log line is one line that can be parsed, whatever a feed or a user sent."""

import errno
import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tailwatch.logging import configure, one_line

POISON = [
    "a\r\nlevel=error forged=yes",
    "\x1b[31mred",
    "${jndi:ldap://x}",
    "x" * 1_000_000,
    "\u2028",
    "\x00",
    "\u202eabc",
]


class FullDisk(io.StringIO):
    """A stream on a disk without room until ``room`` is set."""

    room = False

    def write(self, text: str) -> int:
        if not self.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(text)


def test_a_log_on_a_full_disk_stops_nobody_and_goes_on_when_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = FullDisk()
    monkeypatch.setattr("sys.stderr", stream)
    configure(1)
    structlog.get_logger("test").error("said to nobody")
    stream.room = True
    structlog.get_logger("test").error("said again")
    assert stream.getvalue().count("\n") == 1


@pytest.mark.parametrize("value", POISON)
@pytest.mark.parametrize("as_json", [False, True])
def test_a_poisoned_value_stays_one_bounded_line(
    capsys: pytest.CaptureFixture[str], value: str, *, as_json: bool
) -> None:
    configure(1, as_json=as_json)
    structlog.get_logger("test").info("frame.rejected", reason=value)
    written = capsys.readouterr().err
    assert written.count("\n") == 1
    assert len(written) < 15_000
    assert "\x1b" not in written
    assert "\r" not in written
    if as_json:
        assert json.loads(written)["event"] == "frame.rejected"
    else:
        assert " event=frame.rejected " in written
        assert " forged=yes" not in written.split('reason="')[0]


@given(st.text(max_size=50))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_one_line_is_printable_whatever_the_text(text: str) -> None:
    assert one_line(text).isprintable()


def test_warnings_show_always_and_the_rest_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    for verbose, shown in ((0, ["warning"]), (1, ["warning", "info"]), (2, ["warning", "info", "debug"])):
        configure(verbose)
        log = structlog.get_logger("test")
        log.warning("one")
        log.info("two")
        log.debug("three")
        lines = capsys.readouterr().err.splitlines()
        assert [line.split("level=")[1].split()[0] for line in lines] == shown


@pytest.fixture(autouse=True)
def put_back() -> Iterator[None]:
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    structlog.reset_defaults()
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)

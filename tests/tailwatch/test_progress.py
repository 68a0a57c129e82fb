"""Long work says how far it is: once a second where there is no terminal."""

import io

from tailwatch.progress import Progress, megabytes


def test_one_line_a_second_and_no_more() -> None:
    now = [0.0]
    stream = io.StringIO()
    with Progress("replay", megabytes, stream, clock=lambda: now[0]) as progress:
        for step in range(25):
            now[0] = step * 0.1
            progress(step * 1e6, 100e6, "1,000 ticks")
    assert stream.getvalue().splitlines() == [
        "replay: 10.0% 10.0 MB of 100.0 MB in 1 s 1,000 ticks",
        "replay: 20.0% 20.0 MB of 100.0 MB in 2 s 1,000 ticks",
    ]


def test_a_terminal_gets_a_bar_that_leaves_no_trace() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    with Progress("replay [x]", megabytes, stream) as progress:
        progress(50, 100)
    assert "replay [x]" in stream.getvalue()

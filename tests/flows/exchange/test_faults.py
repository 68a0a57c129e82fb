"""The script of faults: read or refused in one line, and the same faults for the same seed."""

import json
from pathlib import Path

import pytest

from flows.exchange import ExchangeSettings, Fault, read_faults
from flows.exchange.faults import OPTIONS
from flows.exchange.misbehaviour import Binary, Misbehaviour
from riskcore.errors import InputError


def _ticks(count: int) -> list[dict[str, object]]:
    return [
        {"ts": 1_700_000_000_000_000_000 + n, "symbol": "A", "price": 100.0 + n, "seq": n} for n in range(1, count + 1)
    ]


def _numbers(script: str, count: int = 10, seed: int = 7) -> list[int]:
    out = Misbehaviour(read_faults(script), seed).frames(_ticks(count))
    frames = [json.loads(frame) for frame in out if isinstance(frame, bytes)]
    return [tick["seq"] for frame in frames for tick in frame]


def test_a_script_is_read_from_a_line_or_a_file(tmp_path: Path) -> None:
    expected = (
        Fault("skip", at=100, times=3),
        Fault("repeat", rate=0.01),
        Fault("close", at=500, options={"code": "1012"}),
        Fault("refuse", times=2, options={"status": "503", "retry": "1"}),
    )
    script = "skip@100x3; repeat~0.01; close@500 code=1012; refuse x2 status=503 retry=1"
    assert read_faults(script) == expected
    path = tmp_path / "faults.txt"
    path.write_text("# a bad day\n" + script.replace(";", "\n") + "   # and no more\n\n")
    assert read_faults(str(path)) == expected
    assert read_faults("") == ()


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("vanish@5", "fault 'vanish' is not known: use one of skip, repeat"),
        ("skip", "fault 'skip' does not say when: add @TICK or ~RATE"),
        ("skip@x", "cannot be read: write it like skip@100x3"),
        ("skip@5 code=3", r"skip has no option code \(none\)"),
        ("silent@5 for=long", "'long' is not a duration"),
        ("close@5 code=soon", "code is a number"),
    ],
)
def test_what_is_no_fault_is_refused_in_one_line(script: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_faults(script)


def test_a_recording_is_played_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="fault skew: it changes ticks, and a recording is played as it is"):
        ExchangeSettings(play=(tmp_path / "x",), faults=read_faults("skew@5"))


def test_skipping_repeating_reordering_and_beginning_again() -> None:
    assert _numbers("skip@3x2") == [1, 2, 5, 6, 7, 8, 9, 10]
    assert _numbers("repeat@3x2") == [1, 2, 3, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    assert _numbers("reorder@3x3") == [1, 2, 5, 4, 3, 6, 7, 8, 9, 10]
    assert _numbers("restart@4 hello=no", 6) == [1, 2, 3, 1, 2, 3]
    assert _numbers("burst@2x3", 4) == [1, 2, 3, 4, 5, 6, 7]


def test_chance_is_a_function_of_the_seed() -> None:
    first, again, other = (_numbers("skip~0.3", 100, seed) for seed in (1, 1, 2))
    assert first == again != other
    assert 50 < len(first) < 90


def test_a_recordings_frames_are_skipped_repeated_and_turned_round() -> None:
    frames = [b"one", b"two", b"three", b"four"]
    assert Misbehaviour(read_faults("skip@2; repeat@4"), 7).frames(frames) == [b"one", b"three", b"four", b"four"]
    assert Misbehaviour(read_faults("reorder@1x2"), 7).frames(frames) == [b"two", b"one", b"three", b"four"]


def test_garbage_comes_between_ticks_and_what_is_no_json_alone() -> None:
    out = Misbehaviour(read_faults("garbage@1 kind=binary; price@2 is=NaN"), 7).frames(_ticks(3))
    assert [type(item) for item in out] == [bytes, Binary, bytes, bytes]
    assert b'"price":NaN' in out[2]


def test_every_fault_is_in_the_reference() -> None:
    page = (Path(__file__).parents[3] / "docs" / "reference" / "faults.md").read_text()
    assert all(f"| `{verb}" in page for verb in OPTIONS)

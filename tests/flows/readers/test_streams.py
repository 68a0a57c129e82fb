import gzip
import os
import tracemalloc
import zlib
from collections.abc import Callable
from itertools import chain
from pathlib import Path

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.feeds.adapter import MAX_FRAME
from flows.readers.streams import CHUNK, check_file, lines
from riskcore.errors import InputError, TailwatchError

Write = Callable[[str, bytes], Path]
MIB = 1024 * 1024


def all_lines(path: Path) -> list[bytes]:
    found: list[bytes] = []
    for first, run in lines(path):
        assert first == len(found) + 1
        found += run
    return found


def compress(content: bytes, kind: str) -> bytes:
    return {"plain": bytes, "gz": gzip.compress, "zst": zstandard.compress}[kind](content)


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    given_lines=st.lists(st.binary(max_size=50).filter(lambda line: not {10, 13} & set(line))),
    end=st.sampled_from([b"\n", b"\r\n"]),
    mark=st.sampled_from([b"", b"\xef\xbb\xbf"]),
    kind=st.sampled_from(["plain", "gz", "zst"]),
)
def test_lines_are_what_was_written(
    tmp_path: Path, given_lines: list[bytes], end: bytes, mark: bytes, kind: str
) -> None:
    path = tmp_path / "file"
    content = b"".join(line + end for line in [b"first", *given_lines])
    path.write_bytes(compress(mark + content, kind))
    assert all_lines(path) == [b"first", *given_lines]


def test_a_last_line_without_an_end_is_a_line(write: Write) -> None:
    assert all_lines(write("f", b"one\ntwo")) == [b"one", b"two"]


@pytest.mark.parametrize("shift", range(-2, 3))
def test_a_line_end_across_two_chunks_is_one(write: Write, shift: int) -> None:
    long = b"x" * (CHUNK - 1 + shift)
    assert all_lines(write("f", long + b"\r\nshort\r\n")) == [long, b"short"]


@pytest.mark.parametrize("kind", ["gz", "zst"])
def test_files_put_together_are_read_through(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(compress(b"one\ntw", kind) + compress(b"o\nthree\n", kind))
    assert all_lines(path) == [b"one", b"two", b"three"]


@pytest.mark.parametrize("kind", ["gz", "zst"])
def test_every_truncation_gives_a_prefix_and_then_names_the_last_line(tmp_path: Path, kind: str) -> None:
    content = b"".join(b"line %d of many\n" % number for number in range(200))
    whole = compress(content, kind)
    path = tmp_path / "file"
    for cut in range(20, len(whole), 7):
        path.write_bytes(whole[:cut])
        found: list[bytes] = []
        with pytest.raises(TailwatchError, match=rf"{path}: the \w+ data ends in the middle, after line (\d+)") as e:
            found.extend(chain.from_iterable(run for _, run in lines(path)))
        assert b"".join(line + b"\n" for line in found) == content[: sum(len(line) + 1 for line in found)]
        assert str(e.value).endswith(f"after line {len(found)}")


def test_a_synced_but_unfinished_compressed_file_gives_all_that_was_synced(tmp_path: Path) -> None:
    path = tmp_path / "file"
    compressor = zlib.compressobj(wbits=31)
    path.write_bytes(compressor.compress(b"one\ntwo\n") + compressor.flush(zlib.Z_SYNC_FLUSH))
    found: list[bytes] = []
    with pytest.raises(TailwatchError, match="after line 2"):
        found.extend(chain.from_iterable(run for _, run in lines(path)))
    assert found == [b"one", b"two"]


@pytest.mark.parametrize("kind", ["gz", "zst"])
def test_damaged_compression_is_an_error_of_that_file(tmp_path: Path, kind: str) -> None:
    whole = bytearray(compress(os.urandom(2_000), kind))
    whole[len(whole) // 2] ^= 255
    whole[-1] ^= 255
    path = tmp_path / "file"
    path.write_bytes(whole)
    if kind == "zst":
        path.write_bytes(whole[:9] + b"\xff" * 100)
    with pytest.raises(TailwatchError, match=f"{path}: the .* data is damaged"):
        all_lines(path)


def test_a_line_without_end_is_cut_at_a_mebibyte_and_the_next_is_whole(write: Write) -> None:
    found = all_lines(write("f", b"one\n" + b"x" * (5 * MIB) + b"\ntwo\n" + b"y" * (2 * MIB)))
    assert [len(line) for line in found] == [3, MAX_FRAME + 1, 3, MAX_FRAME + 1]
    assert found[2] == b"two"


@pytest.mark.parametrize("kind", ["gz", "zst"])
def test_a_bomb_is_refused_by_name_before_it_fills_the_memory(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "bomb"
    path.write_bytes(compress(bytes(256 * MIB), kind))
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match=f"{path}: unpacks to more than 500 times its size"):
            all_lines(path)
        assert tracemalloc.get_traced_memory()[1] < 64 * MIB
    finally:
        tracemalloc.stop()


def test_a_recording_that_packs_well_is_no_bomb(tmp_path: Path) -> None:
    path = tmp_path / "ticks"
    line = b'{"ts":%d,"symbol":"BTC-USD","price":61837.63,"size":0.02}\n'
    content = b"".join(line % (1_700_000_000_000_000_000 + number * 7_919) for number in range(1_200_000))
    path.write_bytes(compress(content, "zst"))
    assert len(content) > 64 * MIB
    assert sum(len(run) for _, run in lines(path)) == 1_200_000


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"missing.ndjson: cannot be read: No such file"):
        check_file(tmp_path / "missing.ndjson")


@pytest.mark.parametrize("special", ["/dev/zero", "pipe"])
def test_what_is_no_regular_file_is_refused_without_waiting(tmp_path: Path, special: str) -> None:
    path = tmp_path / special
    if special == "pipe":
        os.mkfifo(path)
    with pytest.raises(InputError, match="not a regular file"):
        check_file(path)

"""Whether every record of a journal is there and intact, and, where not, what can still be read."""

from collections.abc import Iterator
from pathlib import Path

from flows.journal.files import open_segment
from flows.journal.records import HEAD, Decoder
from flows.journal.segment import HEADER_SIZE, JournalError, clock_positions, first_offsets, proven_durable
from flows.messages import Record

_STEP = 10_000
Found = list[Record] | str
"""Records, one behind the other; or what is damaged, by file, byte and record."""


def salvage(directory: Path) -> Iterator[Found]:
    """Read a whole journal, over damage too, and yield runs of records and what is damaged between them, in order.

    Behind damage the next intact record is looked for byte by byte, up to the next CLOCK record. What a crash tore
    off the end of the last segment is no damage.
    """
    firsts = first_offsets(directory)
    for first, following in zip(firsts, [*firsts[1:], None], strict=True):
        try:
            opened = open_segment(directory, first)
        except JournalError as error:
            yield str(error)
            continue
        if opened is not None:
            path, segment = opened
            yield from _salvage_segment(path, list(segment.pieces()), following)
            segment.close()


def _salvage_segment(path: Path, pieces: list[tuple[int, int, bytes | str]], following: int | None) -> Iterator[Found]:
    stops = [*(piece[0] for piece in pieces[1:]), following]
    for (first, position, content), stop in zip(pieces, stops, strict=True):
        if isinstance(content, str):
            yield content
        else:
            yield from _salvage_piece(path, content, first, stop, position)


def _salvage_piece(path: Path, content: bytes, offset: int, stop: int | None, base: int) -> Iterator[Found]:
    decoder, position = Decoder(), HEADER_SIZE if base == 0 else 0
    while True:
        records, position, damage = decoder.decode(content, position, offset, _STEP)
        offset += len(records)
        if records:
            yield records
        if damage is None:
            continue
        if position == len(content) or (stop is None and proven_durable(content[position:]) <= offset):
            if stop not in (None, offset):
                yield f"{path}: ends before record {offset}, but the next one there is {stop}"
            return
        yield f"{path}: damaged at byte {base + position}, record {offset}: {damage.reason}"
        found = _resume(content, position + 1, offset)
        if found is None:
            return
        position, offset = found


def _resume(content: bytes, position: int, above: int) -> tuple[int, int] | None:
    """The position and offset of the next intact record with an offset over ``above``."""
    limit = next((place for place, offset in clock_positions(content, position) if offset > above), None)
    if limit is None:
        return None
    decoder = Decoder()
    for place in range(position, limit + 1):
        offset = HEAD.unpack_from(content, place)[2]
        if above < offset and decoder.decode(content, place, offset, 1)[0]:
            return place, offset
    return None

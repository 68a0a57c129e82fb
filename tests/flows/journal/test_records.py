import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.journal.records import MAX_PAYLOAD, Decoder, encode
from flows.messages import Kind, Record
from riskcore.errors import InputError

KINDS = [Kind.FRAME, Kind.CLOCK, Kind.COMMAND, Kind.CONNECTED, Kind.DISCONNECTED]
NAMES = st.text(st.characters(codec="utf-8"), max_size=12)
FIELDS = st.tuples(
    st.integers(0, 2**63 - 1),
    st.sampled_from(KINDS),
    NAMES,
    NAMES,
    st.integers(0, 2**32 - 1),
    st.binary(max_size=300),
)


@st.composite
def runs(draw: st.DrawFn) -> list[Record]:
    first = draw(st.integers(0, 2**62))
    fields = draw(st.lists(FIELDS, max_size=8))
    return [Record(first + number, *rest) for number, rest in enumerate(fields)]


@given(runs())
def test_what_was_encoded_is_decoded(records: list[Record]) -> None:
    first = records[0].offset if records else 0
    content = encode(records)
    decoded, position, damage = Decoder().decode(content, 0, first, len(records))
    assert decoded == records
    assert position == len(content)
    assert damage is None


@given(runs(), st.data())
def test_a_truncated_run_gives_a_prefix_and_says_how_much_is_missing(
    records: list[Record], data: st.DataObject
) -> None:
    content = encode(records)
    cut = data.draw(st.integers(0, len(content)))
    first = records[0].offset if records else 0
    decoded, position, damage = Decoder().decode(content[:cut], 0, first, len(records) + 1)
    assert decoded == records[: len(decoded)]
    assert damage is not None
    assert position == damage.position == len(encode(decoded))
    assert damage.needed > cut - position


@given(runs().filter(bool), st.data())
def test_a_changed_byte_never_comes_out_as_a_record(records: list[Record], data: st.DataObject) -> None:
    content = bytearray(encode(records))
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    decoded, position, damage = Decoder().decode(bytes(content), 0, records[0].offset, len(records))
    assert decoded == records[: len(decoded)]
    assert damage is not None
    assert position <= place


def test_a_record_in_the_place_of_another_is_damage() -> None:
    content = encode([Record(5, 1, Kind.FRAME, "", "", 0, b"x")])
    decoded, _, damage = Decoder().decode(content, 0, 6, 1)
    assert decoded == []
    assert damage is not None


def test_names_are_one_object_each() -> None:
    records = [Record(number, 1, Kind.FRAME, "binance", "socket", 0, b"") for number in range(2)]
    (first, second), _, _ = Decoder().decode(encode(records), 0, 0, 2)
    assert first.adapter is second.adapter
    assert first.origin is second.origin


@pytest.mark.parametrize(
    "record",
    [
        Record(0, 0, Kind.FRAME, "", "", 0, bytes(MAX_PAYLOAD + 1)),
        Record(0, 0, Kind.FRAME, "a" * 256, "", 0, b""),
        Record(0, 0, Kind.FRAME, "", "o" * 65_536, 0, b""),
    ],
)
def test_what_does_not_fit_is_refused(record: Record) -> None:
    with pytest.raises(InputError):
        encode([record])

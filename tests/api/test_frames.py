"""What is framed is parsed back by a parser that is not ours.and by a hundred lines that are not either."""

import json

import pytest
from httpx_sse._decoders import SSEDecoder, SSELineDecoder
from hypothesis import given
from hypothesis import strategies as st

from api.frames import Event, frame

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def parsed(raw: bytes) -> list[tuple[str, str, str]]:
    lines, decoder = SSELineDecoder(), SSEDecoder()
    text = raw.decode()
    events = [decoder.decode(line) for line in [*lines.decode(text), *lines.flush()]]
    return [(event.event, event.id, event.data) for event in events if event is not None]


@given(values, st.booleans())
def test_every_payload_comes_through_unchanged(value: object, escaped: bool) -> None:
    payload = json.dumps(value, ensure_ascii=escaped).encode("utf-8", "surrogatepass")
    try:
        payload.decode()
    except UnicodeDecodeError:
        return
    assert parsed(frame("risk", payload, "abc") * 2) == [("risk", "abc", payload.decode())] * 2


@given(st.lists(values, min_size=1, max_size=5), st.integers(0))
def test_a_cut_stream_gives_whole_events_only(payloads: list[object], cut: int) -> None:
    frames = [frame("risk", json.dumps(payload).encode(), str(i)) for i, payload in enumerate(payloads)]
    whole = b"".join(frames)
    kept = whole[: cut % (len(whole) + 1)]
    complete = parsed(whole)[: kept.count(b"\n\n")]
    decoder = SSEDecoder()
    got = [decoder.decode(line) for line in kept.decode().split("\n")[:-1]]
    assert [(event.event, event.id, event.data) for event in got if event is not None] == complete


@pytest.mark.parametrize("payload", [b"a\nb", b"a\rb", b"a\x00b", b"\n"])
def test_payload_that_would_split_the_event_is_refused(payload: bytes) -> None:
    with pytest.raises(ValueError, match="single line"):
        frame("risk", payload)


def test_identifier_that_would_split_the_event_is_refused() -> None:
    with pytest.raises(ValueError, match="single line"):
        frame("risk", b"{}", "1\ndata: injected")


def test_event_without_an_identifier_has_no_id_line() -> None:
    assert frame("status", b"{}") == b"event: status\ndata: {}\n\n"


def test_payload_is_read_out_of_the_frame() -> None:
    payload = b'{"text":"\\n data: id: event: "}'
    assert Event(1, "main", "risk", "abc", frame("risk", payload, "abc")).payload == payload

"""Cursors survive the way through a client, and nothing else is taken for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.cursor import LONGEST, Cursor, after, decode, encode

runs = st.text(min_size=1, max_size=64).filter(lambda run: run.isprintable())
cursors = st.builds(Cursor, runs, st.integers(0, 2**63 - 1), st.integers(0, 2**32 - 1))


@given(cursors)
def test_cursor_comes_back_as_it_was(cursor: Cursor) -> None:
    text = encode(cursor)
    assert decode(text) == cursor
    assert text.replace("-", "").replace("_", "").isalnum()
    assert text.isascii()


@given(cursors, st.data())
def test_cursor_with_one_character_changed_is_not_ours(cursor: Cursor, data: st.DataObject) -> None:
    text = encode(cursor)
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.characters().filter(lambda character: character != text[place]))
    assert decode(text[:place] + other + text[place + 1 :]) is None


@given(st.text())
def test_any_text_is_refused_without_an_error(text: str) -> None:
    assert decode(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "-1",
        "1.5",
        "NaN",
        "null",
        "é",
        "\x00",
        "a\r\nevent: risk",
        "' or 1=1 --",
        "😀",
        "A" * 1_000_000,
        "=",
        "====",
    ],
)
def test_garbage_is_refused(text: str) -> None:
    assert decode(text) is None


def test_cursor_is_never_longer_than_what_is_read_back() -> None:
    assert len(encode(Cursor("r" * 300, 2**63 - 1, 2**32 - 1))) <= LONGEST


def test_places_behind_different_events_of_one_id_are_told_apart() -> None:
    assert after("live", 7, b'{"a":1}') != after("live", 7, b'{"a":2}')

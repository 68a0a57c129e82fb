"""The verdict on what was heard finds each way in which an alert can go wrong, and nothing where none did."""

import pytest

from tests.faults.heard import Alert, wrongly_heard

TOLD: list[Alert] = [(name, name.upper().encode()) for name in "abcd"]
A, B, C, D = TOLD


def test_what_was_heard_as_it_was_told_is_not_wrong() -> None:
    assert wrongly_heard(TOLD, TOLD) == []
    assert wrongly_heard(TOLD, [A, B, B, B, C, D], again=True) == []


@pytest.mark.parametrize(
    ("heard", "wrong"),
    [
        ([A, B, D], "1 missed, first c"),
        ([], "4 missed, first a"),
        ([A, B, B, C, D], "1 heard again, first b"),
        ([A, C, B, D], "1 out of order, first b"),
        ([A, B, ("c", b"c"), D], "1 of other bytes, first c"),
        ([A, B, C, D, ("reset", b"{}")], "1 not expected, first reset"),
    ],
)
def test_each_wrong_is_found_and_named(heard: list[Alert], wrong: str) -> None:
    assert wrongly_heard(TOLD, heard) == [wrong]


def test_a_pager_may_hear_again_at_once_but_neither_later_nor_with_other_bytes() -> None:
    assert wrongly_heard(TOLD, [A, B, A, C, D], again=True) == ["1 heard again, first a"]
    assert wrongly_heard(TOLD, [A, B, ("b", b"b"), C, D], again=True) == [
        "1 of other bytes, first b",
        "1 heard again, first b",
    ]

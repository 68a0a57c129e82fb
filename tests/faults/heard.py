"""What somebody was told, held against what there was to tell."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby, pairwise

Alert = tuple[str, bytes]
"""Its id and its bytes."""


def wrongly_heard(told: Sequence[Alert], heard: Sequence[Alert], *, again: bool = False) -> list[str]:
    """What is wrong with what was heard of what was told, in words; ``again`` lets one come twice, one at once
    behind the other, as to a pager that was told at least once."""
    if again:
        heard = [alert for alert, _ in groupby(heard)]
    expected, ids = dict(told), [name for name, _ in heard]
    times = Counter(ids)
    found = {
        "missed": [name for name in expected if name not in times],
        "not expected": [name for name in ids if name not in expected],
        "of other bytes": [name for name, data in heard if expected.get(name, data) != data],
        "heard again": [name for name, count in times.items() if count > 1],
        "out of order": _out_of_order(expected, ids),
    }
    return [f"{len(names)} {word}, first {names[0]}" for word, names in found.items() if names]


def _out_of_order(expected: Mapping[str, bytes], ids: Sequence[str]) -> list[str]:
    places = {name: place for place, name in enumerate(expected)}
    known = [name for name in dict.fromkeys(ids) if name in places]
    return [after for before, after in pairwise(known) if places[after] < places[before]]

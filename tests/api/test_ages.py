"""A clock that is set an hour forwards or back makes nothing old, and nothing young again."""

import pytest

from api.ages import Ages

HOUR = 3_600


class Clocks:
    """A clock that is set, and one that nobody sets."""

    def __init__(self) -> None:
        self.wall, self.steady = 1_000_000, 0.0
        self.ages = Ages(lambda: self.steady)

    def age(self, stamp: int, after_s: float = 0.0) -> float:
        self.wall, self.steady = self.wall + int(after_s), self.steady + after_s
        return self.ages.of("engine", stamp, self.wall - stamp)


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


def test_at_first_sight_the_stamp_tells_the_age(clocks: Clocks) -> None:
    assert clocks.age(clocks.wall - HOUR) == HOUR
    assert clocks.age(clocks.wall - HOUR, 2.0) == HOUR + 2.0


@pytest.mark.parametrize("step", [HOUR, -HOUR])
def test_what_stays_grows_old_as_time_passes(clocks: Clocks, step: int) -> None:
    stamp = clocks.wall
    assert clocks.age(stamp) == 0.0
    clocks.wall += step
    assert clocks.age(stamp, 4.0) == 4.0
    assert clocks.age(stamp, 3.0) == 7.0


def test_what_was_renewed_before_the_clock_was_set_is_no_older_than_the_look_before(clocks: Clocks) -> None:
    clocks.age(clocks.wall)
    renewed = clocks.wall + 1
    clocks.wall += HOUR
    assert clocks.age(renewed, 2.0) == 2.0
    clocks.wall -= HOUR
    assert clocks.age(clocks.wall, 1.0) == 1.0


def test_a_stamp_of_the_future_is_new(clocks: Clocks) -> None:
    assert clocks.age(clocks.wall + HOUR) == 0.0

from tailwatch.repeat import Repeat


def test_a_signal_delivered_twice_is_one_wish_and_a_later_one_is_another() -> None:
    now = 5.0
    repeat = Repeat(lambda: now)
    assert not repeat.meant()
    now = 5.01
    assert not repeat.meant()
    now = 5.5
    assert repeat.meant()

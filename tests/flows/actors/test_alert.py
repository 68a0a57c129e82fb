"""Limits as the engine watches them: over moments made by hand, each with the figures that a test is about."""

import pytest

from flows.actors.alert import AlertActor
from flows.commands import Acknowledge, Limits, Silence, encode_command
from flows.messages import Checkpoint, Command, Moment, Stream
from riskcore.limits import Limit
from riskcore.messages import Measure, Quality, RiskSnapshot, Uncovered
from riskcore.settings import NANOSECONDS
from riskcore.state import StateError

SECOND = NANOSECONDS
VAR = Limit("main", "var", "historical", 0.99, warning=80.0, breach=100.0)
GROSS = Limit("main", "gross", breach=1_000.0)


def snapshot(portfolio, at, var, gross=0.0, uncovered=()):
    reason = None if var is not None else "warming up: 3 of 30"
    quality = Quality(40, (), uncovered, 0, 0, 0, "60s", 7, "hash")
    measures = (Measure("historical", 0.99, var, var, reason=reason),)
    return RiskSnapshot(portfolio, 1, str(at), "USD", "1d", gross, gross, gross, None, measures, (), None, quality)


class Day:
    """A journal in seconds: tells the actor what happens at each, one record a second."""

    def __init__(self, actor=None):
        self.actor = actor or AlertActor()
        self.told = []
        self.rows = []

    def _send(self, **fields):
        (moment,) = self.actor.on_message(Moment(**({"ordinal": 0, "shard": 0, "snapshots": ()} | fields)))
        self.told += moment.alerts
        self.rows += moment.limits
        return list(moment.alerts)

    def figures(self, second, var, portfolio="main", ordinal=0, **more):
        at = second * SECOND
        return self._send(
            offset=second, event_time=at, stamp=at, ordinal=ordinal, snapshots=(snapshot(portfolio, at, var, **more),)
        )

    def pulse(self, second, gaps=0, **heard):
        at, stream = second * SECOND, Stream({feed: stamp * SECOND for feed, stamp in heard.items()}, gaps)
        return self._send(offset=second, event_time=0, stamp=at, stream=stream)

    def command(self, second, command):
        told = Command(second, second * SECOND, encode_command(command))
        return self._send(offset=second, event_time=0, stamp=second * SECOND, command=told)


@pytest.fixture
def day():
    return Day()


def said(alerts):
    return [(alert.rule, alert.state, alert.level, alert.value) for alert in alerts]


def test_a_limit_fires_rises_falls_and_resolves_with_an_id_for_each(day):
    day.command(1, Limits((VAR,)))
    for second, var in ((2, 79.0), (3, 85.0), (4, 120.0), (70, 90.0), (200, 10.0)):
        day.figures(second, var)
    assert said(day.told) == [
        ("var", "firing", "warning", 85.0),
        ("var", "firing", "breach", 120.0),
        ("var", "firing", "warning", 90.0),
        ("var", "resolved", "warning", 10.0),
    ]
    assert [alert.limit for alert in day.told] == [80.0, 100.0, 80.0, 80.0]
    assert len({alert.id for alert in day.told}) == 4
    assert {alert.since for alert in day.told} == {"1970-01-01T00:00:03.000000000Z"}
    assert [row.name for row in day.rows[-4:]] == ["var historical 0.99"] * 4


def test_one_limit_says_one_thing_at_a_moment_and_has_another_id_at_each_moment_of_a_record(day):
    day.command(1, Limits((VAR,)))
    (first,) = day.figures(5, 85.0)
    (second,) = day.figures(5, 120.0, ordinal=1)
    assert first.id != second.id


def test_the_same_journal_gives_the_same_ids_and_another_one_others():
    ids = []
    for shift in (0, 0, 1_000):
        day = Day()
        day.command(1, Limits((VAR,)))
        day.actor.on_message(
            Moment(9, 0, (9 + shift) * SECOND, 0, (snapshot("main", 9, 120.0),), stamp=(9 + shift) * SECOND)
        )
        day.figures(2_000, 10.0)
        ids.append(day.told[-1].id)
        (moment,) = Day().actor.on_message(Moment(1, 0, 0, 0, ()))
        assert moment.alerts == ()
    assert ids[0] == ids[1] == ids[2]
    one, other = Day(), Day()
    for day, at in ((one, 9), (other, 10)):
        day.command(1, Limits((VAR,)))
        day._send(offset=9, event_time=at * SECOND, stamp=at * SECOND, snapshots=(snapshot("main", at, 120.0),))
    assert one.told[0].id != other.told[0].id


def test_a_hold_ends_between_two_snapshots(day):
    day.command(1, Limits((Limit("main", "var", "historical", 0.99, breach=100.0, hold=5 * SECOND),)))
    day.figures(10, 120.0)
    assert day.pulse(14) == []
    (alert,) = day.pulse(15)
    assert (alert.state, alert.value) == ("firing", 120.0)
    assert alert.event_time == "1970-01-01T00:00:15.000000000Z"


def test_a_missing_figure_is_neither_a_breach_nor_well_but_an_alert_of_its_own(day):
    day.command(1, Limits((VAR,)))
    day.figures(2, None)
    assert day.pulse(3) == []
    assert day.pulse(61) == []
    (alert,) = day.pulse(62)
    assert said([alert]) == [("data_quality", "firing", "warning", 1.0)]
    assert alert.reason == "var historical 0.99: warming up: 3 of 30"
    (resolved,) = day.figures(130, 20.0)
    assert said([resolved]) == [("data_quality", "resolved", "warning", 0.0)]


def test_a_figure_that_goes_missing_in_a_breach_resolves_nothing(day):
    day.command(1, Limits((VAR,)))
    day.figures(2, 120.0)
    for second in range(3, 500, 7):
        day.figures(second, None)
    assert [alert.rule for alert in day.told] == ["var", "data_quality"]


def test_a_limit_on_a_portfolio_that_nobody_holds_is_told_too(day):
    day.command(1, Limits((Limit("nobody", "gross", breach=1.0),)))
    day.pulse(2)
    (alert,) = day.pulse(62)
    assert (alert.portfolio, alert.rule, alert.reason) == ("nobody", "data_quality", "gross: not measured yet")


def test_a_position_in_no_figure_is_told(day):
    day.command(1, Limits((GROSS,)))
    for second in (2, 70):
        day.figures(second, 1.0, uncovered=(Uncovered("X", "no rate EUR/USD"),))
    assert day.told[-1].reason == "1 position is in no figure"


def test_a_dead_feed_is_an_alert_and_so_is_its_return(day):
    day.command(1, Limits((Limit("main", "silence", warning=5.0, breach=10.0), GROSS)))
    day.figures(1, 1.0)
    for second in range(2, 20):
        day.pulse(second, sim=min(second, 4))
    for second in range(20, 140):
        day.pulse(second, sim=second)
    assert said(day.told) == [
        ("silence", "firing", "warning", 5.0),
        ("silence", "firing", "breach", 10.0),
        ("silence", "resolved", "breach", 0.0),
    ]


def test_the_most_silent_of_several_feeds_counts(day):
    day.command(1, Limits((Limit("main", "silence", breach=5.0),)))
    for second in range(2, 12):
        day.pulse(second, quick=second, dead=2)
    assert [alert.rule for alert in day.told] == ["silence"]


def test_a_feed_that_never_spoke_is_silent_from_the_beginning(day):
    day.command(1, Limits((Limit("main", "silence", breach=5.0),)))
    for second in range(2, 8):
        day.pulse(second)
    assert [alert.rule for alert in day.told] == ["silence"]


def test_time_that_the_engine_slept_is_not_the_feeds_silence(day):
    day.command(1, Limits((Limit("main", "silence", breach=30.0),)))
    day.pulse(2, sim=2)
    assert day.pulse(3_600, sim=2) == []
    assert day.pulse(3_601, sim=3_601) == []


def test_gaps_alarm_for_a_minute_after_they_were_found(day):
    day.command(1, Limits((Limit("main", "gaps", breach=2.0), GROSS)))
    day.figures(1, 1.0)
    for second in range(2, 130):
        day.pulse(second, gaps=0 if second < 10 else 3, sim=second)
    assert [(alert.state, alert.value, alert.event_time[14:19]) for alert in day.told] == [
        ("firing", 3.0, "00:10"),
        ("resolved", 0.0, "01:10"),
    ]


def test_a_watchdog_is_said_again_and_again(day):
    day.command(1, Limits((Limit("main", "watchdog", hold=30 * SECOND), GROSS)))
    day.figures(1, 1.0)
    for second in range(2, 100):
        day.pulse(second, sim=second)
    assert [alert.event_time[14:19] for alert in day.told] == ["00:01", "00:31", "01:01", "01:31"]
    assert len({alert.id for alert in day.told}) == 4
    assert len({alert.since for alert in day.told}) == 1


def test_an_alert_can_be_acknowledged_once_and_is_open_again_when_it_gets_worse(day):
    day.command(1, Limits((VAR,)))
    (alert,) = day.figures(2, 85.0)
    (known,) = day.command(3, Acknowledge(alert.id, by="ann"))
    assert (known.state, known.level, known.reason) == ("acknowledged", "warning", "acknowledged by ann")
    assert day.command(4, Acknowledge(alert.id, by="bob")) == []
    assert day.command(5, Acknowledge("no such alert")) == []
    (worse,) = day.figures(6, 120.0)
    assert (worse.state, worse.level) == ("firing", "breach")


def test_in_a_silence_alerts_are_told_as_silenced_and_again_when_it_has_ended(day):
    day.command(1, Limits((VAR,)))
    day.command(2, Silence("s", 0, 100 * SECOND, portfolio="main", rule="var"))
    (silenced,) = day.figures(3, 120.0)
    assert silenced.silenced
    assert day.pulse(99, sim=99) == []
    (loud,) = day.pulse(100, sim=100)
    assert (loud.state, loud.silenced, loud.level) == ("firing", False, "breach")
    assert loud.id != silenced.id
    assert loud.since == silenced.since


def test_a_maintenance_window_begins_when_it_was_planned_for_and_covers_what_it_names(day):
    day.command(1, Limits((VAR, GROSS)))
    day.command(2, Silence("s", 50 * SECOND, 90 * SECOND, rule="var"))
    assert [alert.silenced for alert in day.figures(3, 120.0)] == [False]
    assert day.figures(200, 1.0)[0].state == "resolved"
    day.command(201, Silence("s", 250 * SECOND, 300 * SECOND, rule="var"))
    assert [(a.rule, a.silenced) for a in day.figures(260, 120.0, gross=2_000.0)] == [("var", True), ("gross", False)]


def test_a_silence_that_is_ended_early_covers_nothing_more(day):
    day.command(1, Limits((VAR,)))
    day.command(2, Silence("s", 0, 100 * SECOND))
    day.figures(3, 120.0)
    day.command(4, Silence("s", 0, 0))
    assert [alert.silenced for alert in day.pulse(5, sim=5)] == [False]


def test_limits_stated_again_change_nothing_and_one_that_is_taken_away_resolves(day):
    day.command(1, Limits((VAR, GROSS)))
    day.figures(2, 120.0, gross=5.0)
    assert day.command(3, Limits((VAR, GROSS))) == []
    assert day.figures(4, 120.0, gross=5.0) == []
    (gone,) = day.command(5, Limits((GROSS,)))
    assert (gone.state, gone.reason) == ("resolved", "the limit was taken away")
    assert [row.name for row in day.rows if row.definition is None] == ["var historical 0.99"]


def test_limits_of_one_portfolio_leave_those_of_others_alone(day):
    day.command(1, Limits((VAR, Limit("other", "gross", breach=10.0))))
    day.command(2, Limits((), portfolio="main"))
    assert day.figures(3, 120.0) == []
    assert said(day.figures(4, 1.0, portfolio="other", gross=20.0)) == [("gross", "firing", "breach", 20.0)]


def test_the_gravest_alerts_of_a_moment_come_first(day):
    low = Limit("main", "net", warning=10.0)
    day.command(1, Limits((low, GROSS)))
    assert [alert.level for alert in day.figures(2, 1.0, gross=5_000.0)] == ["breach", "warning"]


WATCHED = (VAR, GROSS, Limit("main", "silence", breach=3.0), Limit("two", "watchdog", hold=9 * SECOND))
STORY = [
    ("command", 1, Limits(WATCHED)),
    *(("figures", second, 60.0 + 7 * (second % 13)) for second in range(2, 90, 3)),
    ("command", 91, Silence("s", 0, 110 * SECOND)),
    *(("pulse", second, None) for second in range(92, 260)),
    *(("figures", second, 130.0 if second % 2 else None) for second in range(260, 400, 9)),
]  # fmt: skip


def tell(day, story):
    for kind, second, what in story:
        if kind == "pulse":
            day.pulse(second, sim=min(second, 120))
        else:
            getattr(day, kind)(second, what)


@pytest.mark.parametrize("cut", [1, 5, 31, 32, 60, 150, 203, 210])
def test_an_actor_restored_in_mid_stream_tells_what_the_undisturbed_one_tells(cut):
    whole = Day()
    tell(whole, STORY)
    assert len(whole.told) > 20
    first = Day()
    tell(first, STORY[:cut])
    ((one, other),) = first.actor.on_message((Checkpoint(cut, 0, b"", b""), Checkpoint(cut, 1, b"", b"")))
    assert one.alert_state == other.alert_state != b""
    second = Day(AlertActor())
    second.actor.restore(one.alert_state)
    tell(second, STORY[cut:])
    assert first.told + second.told == whole.told
    assert second.actor.snapshot() == whole.actor.snapshot()


def test_a_damaged_state_is_refused():
    with pytest.raises(StateError, match="damaged"):
        AlertActor().restore(b"\x93nonsense")


def test_five_thousand_limits_in_one_crash_are_all_told_the_gravest_first(day):
    limits = tuple(
        Limit(f"book {book}", "var", "historical", 0.99, warning=50.0, breach=None if book % 2 else 100.0)
        for book in range(5_000)
    )
    day.command(1, Limits(limits))
    crash = tuple(snapshot(f"book {book}", 2, 150.0) for book in range(5_000))
    alerts = day._send(offset=2, event_time=2 * SECOND, stamp=2 * SECOND, snapshots=crash)
    assert len({alert.id for alert in alerts}) == 5_000
    assert [alert.level for alert in alerts] == ["breach"] * 2_500 + ["warning"] * 2_500

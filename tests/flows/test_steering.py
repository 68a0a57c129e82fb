"""A replay is slowed, hurried and halted from outside, and its output does not show it."""

import json
from threading import Event, Thread
from time import monotonic

import msgspec
import psycopg
import pytest

from flows.commands import Holding, Positions
from flows.pace import Gait, Pace
from flows.replay import Replay, replay_to_database, run_name
from flows.steering import Steer, Steered
from riskcore.settings import NANOSECONDS, RiskSettings

SECOND = NANOSECONDS
BOOK = Positions((Holding("main", "AAA", 5.0), Holding("main", "BBB", -2.0)))


@pytest.fixture
def replay(tmp_path):
    lines = [
        json.dumps({"ts": 1_700_000_000_000 + n * 50, "symbol": ("AAA", "BBB")[n % 2], "price": 100 + n * 7919 % 23})
        for n in range(3_000)
    ]
    file = tmp_path / "ticks.ndjson"
    file.write_text("\n".join(lines) + "\n")
    settings = RiskSettings(bar=SECOND, paths=50, min_observations=5)
    return lambda speed: Replay([file], [BOOK], settings, "hash", speed=speed)


class Stand:
    """A replay into a database on a thread of its own, and what it says of itself there."""

    def __init__(self, work: Replay, url: str) -> None:
        self._run, self._url, self._stopping = run_name(work), url, Event()
        self._thread = Thread(target=replay_to_database, args=(work, url), kwargs={"stopping": self._stopping})
        self._thread.start()
        self._asked = 0

    def sight(self):
        with psycopg.connect(self._url) as connection:
            row = connection.execute("select state, beat from parts where part = 'replay'").fetchone()
        return row and row[0] | {"at": row[1]}

    def seen(self, what):
        return _until(lambda: (sight := self.sight()) is not None and what(sight) and sight)

    def settled(self):
        """What it says once no tick that had been read before is on its way any more: the same three times over."""
        said = []

        def again(sight):
            if not said or sight["at"] != said[-1]["at"]:
                said.append(sight)
            return len({each["event_time"] for each in said[-3:]}) == 1 and len(said) >= 3

        return self.seen(again)["event_time"]

    def ask(self, **wanted):
        self._asked += 1
        payload = msgspec.json.encode({"question": "steer", **wanted}).decode()
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(
                "insert into commands (id, run, kind, payload) values (%s, %s, 'question', %s)",
                [str(self._asked), self._run, payload],
            )
            query = "select status, answer from commands where id = %s and status is not null"
            return _until(lambda: connection.execute(query, [str(self._asked)]).fetchone())

    def events(self):
        self._thread.join(60.0)
        assert not self._thread.is_alive()
        with psycopg.connect(self._url) as connection:
            return connection.execute(
                "select id, portfolio, journal_offset, payload::text from risk_snapshots where run = %s order by id",
                [self._run],
            ).fetchall()

    def end(self) -> None:
        self._stopping.set()
        self._thread.join(10.0)


def _until(what, patience_s=30.0):
    give_up, pause = monotonic() + patience_s, Event()
    while not (found := what()):
        assert monotonic() < give_up
        pause.wait(0.02)
    return found


@pytest.fixture
def stand(database_url):
    stands = []

    def start(work):
        stands.append(Stand(work, database_url))
        return stands[-1]

    yield start
    for one in stands:
        one.end()


def test_it_is_halted_hurried_and_let_go_and_stores_what_it_would_have_stored(replay, stand, database_url):
    plain = stand(replay(None)).events()
    assert len(plain) > 100
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("truncate runs, outbox, risk_snapshots, ticks, positions, archive_progress, parts, writers")
    steered = stand(replay(2.0))
    steered.seen(lambda sight: sight["state"] == "running" and 0 < sight["ticks"] < 3_000)
    status, answer = steered.ask(paused=True)
    assert (status, answer["state"], answer["paused"], answer["speed"]) == (200, "paused", True, "2x")
    still = steered.settled()
    assert steered.ask(speed="40x")[1]["state"] == "paused"
    assert steered.settled() == still
    assert steered.ask(paused=False)[1] | {"ticks": 0, "event_time": "", "fraction": 0.0} == {
        "state": "running", "fraction": 0.0, "event_time": "", "ticks": 0, "speed": "40x", "paused": False,
    }  # fmt: skip
    assert steered.ask(speed="max")[0] == 200
    assert steered.events() == plain
    ended = steered.seen(lambda sight: sight["state"] == "ended")
    assert (ended["fraction"], ended["ticks"]) == (1.0, 3_000)


def test_what_a_replay_does_not_know_is_refused_and_changes_nothing(replay, stand):
    halted = stand(replay(0.001))
    status, answer = halted.ask(speed="fast")
    assert (status, "does not know" in answer["detail"]) == (422, True)
    assert halted.seen(lambda sight: True)["speed"] == "0.001x"


def test_a_change_of_speed_counts_from_where_it_is(replay):
    now = [100.0]
    pace = Pace(1.0, lambda: now[0], lambda seconds: now.__setitem__(0, now[0] + seconds))
    records = [type("R", (), {"stamp": second * SECOND})() for second in range(100)]
    assert pace.due(records) == 1
    now[0] += 9.0
    assert pace.due(records) == 10
    pace.gait = Gait(10.0)
    assert pace.due(records[10:]) == 1
    now[0] += 1.0
    assert pace.due(records[10:]) == 11
    pace.gait = Gait(10.0, paused=True)
    now[0] += 50.0
    assert pace.due(records[21:]) == 0
    pace.gait = Gait(10.0)
    assert pace.due(records[21:]) == 1
    pace.gait = Gait(None)
    assert pace.due(records[22:]) == 78


def test_what_is_not_named_stays() -> None:
    steered = Steered(Pace(3.0))
    steered.steer(Steer(paused=True))
    assert steered.pace.gait == Gait(3.0, paused=True)
    steered.steer(Steer(speed="max"))
    assert steered.pace.gait == Gait(None, paused=True)

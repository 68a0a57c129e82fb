"""S1, S2, O1, O2: alerts that have to reach clients and a pager, while everything on their way is killed."""

import base64
import hmac
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec

from riskcore.limits import Limit
from riskcore.messages import RiskSnapshot
from storage.embedded import EmbeddedPostgres
from storage.migrate import migrate
from tests.faults.bench import Bench
from tests.faults.heard import Alert, wrongly_heard
from tests.faults.stage import PARTS, Stage, Taken
from tests.faults.waves import PERIOD_S, Waves, limits_amid
from tests.pager import SECRET, Receiver
from tests.soak.registry import Figures, Soak, row

LEAST_ALERTS = 200


class Goal(NamedTuple):
    """How large a run is, and what it goes on for."""

    clients: int
    broken: int
    """Times that a client breaks off by itself."""
    kills: int
    """Of the engine."""
    seconds_s: float
    """Of the journal in a second."""
    weights: tuple[int, int, int]
    """How often engine, API and webhook are the next to be killed."""


@row("S1, S2, O1, O2", budget_s=3600)
def alerts_reach_a_thousand_clients(soak: Soak) -> Figures:
    """A thousand clients that break off five thousand times, under kills of all parts, have every alert, in order."""
    return _played(soak, Goal(1_000, 5_000, 5, 2.0, (5, 4, 1)))


@row("O1, O2", budget_s=3600)
def alerts_outlive_fifty_kills(soak: Soak) -> Figures:
    """Alerts across fifty kills of the engine, and some of API and webhook, are those of an undisturbed run."""
    return _played(soak, Goal(20, 0, 50, 3.0, (8, 1, 1)))


def _played(soak: Soak, goal: Goal) -> Figures:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with EmbeddedPostgres(soak.directory / "database") as server, _pager() as pager:
        migrate(server.url)
        limits = _limits(soak.directory / "probe", server.url, soak.seed)
        stage = Stage(soak.directory, server.url, soak.seed, limits, pager, goal.seconds_s)
        try:
            _play(stage, goal)
            return _judged(stage, pager)
        finally:
            stage.end()


def _play(stage: Stage, goal: Goal) -> None:
    stage.begin(goal.clients)
    while stage.kills["engine"] < goal.kills or stage.broken() < goal.broken or stage.progress().alerts < LEAST_ALERTS:
        (victim,) = stage.draw.choices(PARTS, goal.weights)
        before, more = stage.progress(), stage.draw.randrange(5)
        while victim not in stage.tick():
            now = stage.progress()
            has_worked = stage.bench.is_ready(victim) and now.newest > before.newest
            if has_worked and now.alerts >= before.alerts + more:
                stage.kill(victim)
                break


def _judged(stage: Stage, pager: Receiver) -> Figures:
    told = stage.settle()
    taken = stage.taken(len(told))
    stage.bench.wait_for(lambda: {name for name, _ in told} <= set(pager.ids))
    heard = [_verified(headers, body) for headers, body in pager.got]
    events = stage.bench.told()
    assert events == stage.bench.undisturbed(), "an undisturbed run tells other events"
    assert len(dict(told)) == len(told), "two alerts have one id"
    assert [wrong for one in taken.clients for wrong in wrongly_heard(told, one)] == []
    assert wrongly_heard(told, heard, again=True) == []
    assert taken.late == 0
    return _figures(stage, taken, told, heard)


def _figures(stage: Stage, taken: Taken, told: list[Alert], heard: list[Alert]) -> Figures:
    clients = sum(taken.clients.values())
    return {
        "clients": clients,
        "broken off": stage.broken(),
        **{f"kills of {part}": stage.kills[part] for part in PARTS},
        "alerts": len(told),
        "delivered": clients * len(told),
        "missed": 0,
        "out of order": 0,
        "of other bytes": 0,
        "told to the pager again": len(heard) - len(told),
        "resumed median s": round(taken.median_s, 3),
        "resumed worst s": round(taken.worst_s, 2),
    }


def _verified(headers: dict[str, str], body: bytes) -> Alert:
    name, key = headers["webhook-id"], base64.b64decode(SECRET.removeprefix("whsec_"))
    signed = hmac.digest(key, f"{name}.{headers['webhook-timestamp']}.".encode() + body, "sha256")
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(signed).decode()}", name
    return name, body


def _limits(directory: Path, url: str, seed: int) -> tuple[Limit, ...]:
    directory.mkdir()
    waves = Waves(directory, seed)
    waves.roll(2 * PERIOD_S)
    probe = Bench(directory, url, waves.end(), "probe")
    probe.run_to_the_end()
    snapshots = [msgspec.json.decode(text, type=RiskSnapshot) for _, _, text in probe.told()]
    return limits_amid(snapshots[len(snapshots) // 2 :])


@contextmanager
def _pager() -> Iterator[Receiver]:
    pager = Receiver()
    try:
        yield pager
    finally:
        pager.close()

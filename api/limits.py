"""Limits and silences between their public form and that of the engine."""

from typing import Any

import msgspec

from api.frames import Event
from api.models import Limit, NewLimit, Silence
from api.moments import text
from api.problems import ProblemError
from riskcore import limits as core
from riskcore.errors import InputError
from riskcore.messages import RiskSnapshot
from storage.alerts import StoredLimit

SECOND = 1_000_000_000
_limit = msgspec.json.Decoder(core.Limit)
_snapshot = msgspec.json.Decoder(RiskSnapshot)


def limit_of(portfolio: str, given: NewLimit) -> core.Limit:
    """The limit that somebody states.

    Raises
    ------
    ProblemError
        422: it makes no sense, in words that name the field.
    """
    limit = core.Limit(
        portfolio=portfolio,
        rule=given.rule,
        method=given.method,
        confidence=given.confidence,
        scenario=given.scenario,
        warning=given.warning,
        breach=given.breach,
        hold=round(given.for_s * SECOND),
        hysteresis=given.hysteresis,
    )
    try:
        core.check_limit(limit)
    except InputError as error:
        raise ProblemError(422, f"{limit.name}: {error}") from None
    return limit


def shown_limit(stored: StoredLimit, newest: Event | None) -> Limit:
    """A limit as it stands, with the figure of the newest snapshot of its portfolio."""
    limit, standing = _limit.decode(stored.definition), msgspec.json.decode(stored.standing)
    value, reason = _figure(limit, standing, newest)
    level = limit.breach if limit.breach is not None else limit.warning
    return Limit(
        name=stored.name,
        rule=limit.rule,  # type: ignore[arg-type]  # checked when it was stated
        method=limit.method,  # type: ignore[arg-type]
        confidence=limit.confidence,
        scenario=limit.scenario,
        warning=limit.warning,
        breach=limit.breach,
        for_s=limit.hold / SECOND,
        hysteresis=limit.hysteresis,
        value=value,
        utilisation=None if value is None or level is None else value / level,
        reason=reason,
        state=standing["state"],
        level=standing["level"],
        since=standing["since"],
        alert=standing["alert"],
        silenced=standing["silenced"],
    )


def _figure(limit: core.Limit, standing: Any, newest: Event | None) -> tuple[float | None, str | None]:
    if limit.rule in core.STREAM:
        return standing["value"], standing["reason"]
    if newest is None:
        return None, "its portfolio has no figures yet"
    return core.figure(limit, _snapshot.decode(newest.payload))


def shown_silence(definition: bytes) -> Silence:
    """A silence as it was stated."""
    stated = msgspec.json.decode(definition)
    return Silence(
        id=stated["id"],
        starts=text(stated["starts"]),
        ends=text(stated["ends"]),
        portfolio=stated.get("portfolio"),
        rule=stated.get("rule"),
        comment=stated.get("comment", ""),
        by=stated.get("by", ""),
    )

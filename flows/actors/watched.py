"""A limit together with where it stands, and how both are kept."""

from collections.abc import Iterable

import msgspec

from flows.commands import Silence
from flows.timestamps import format_timestamp
from riskcore.alerting import LEVELS, Standing
from riskcore.limits import Limit
from riskcore.settings import MINUTE
from storage.rows import LimitRow, SilenceRow

_encode = msgspec.json.Encoder().encode


class Watched(msgspec.Struct):
    """A limit, where it stands, and its figure as of now."""

    limit: Limit
    standing: Standing
    value: float | None = None
    reason: str | None = "not measured yet"


def watched_by_name(limits: Iterable[Limit]) -> dict[str, dict[str, Watched]]:
    """New limits by portfolio and name. Each portfolio with a limit is watched for figures that are missing, too."""
    found: dict[str, dict[str, Watched]] = {}
    for limit in limits:
        found.setdefault(limit.portfolio, {})[limit.name] = Watched(limit, Standing())
    for portfolio, named in found.items():
        quality = Limit(portfolio, "data_quality", warning=1.0, hold=MINUTE)
        named.setdefault(quality.name, Watched(quality, Standing()))
        # Last, because it counts what the others have found.
        named["data_quality"] = named.pop("data_quality")
    return found


def limit_row(one: Watched, offset: int, *, gone: bool = False) -> LimitRow:
    """The limit as the database keeps it."""
    standing = one.standing
    state = "acknowledged" if standing.acknowledged else "firing"
    told = {
        "state": state if standing.level else "ok",
        "level": LEVELS[standing.level] if standing.level else None,
        "since": format_timestamp(standing.since) if standing.level else None,
        "alert": standing.alert or None,
        "silenced": standing.silenced,
        "value": one.value,
        "reason": one.reason,
    }
    definition = None if gone else _encode(one.limit)
    return LimitRow(one.limit.portfolio, one.limit.name, definition, _encode(told), offset)


def silence_row(silence: Silence, offset: int) -> SilenceRow:
    """The silence as the database keeps it."""
    ended = silence.ends <= silence.starts
    return SilenceRow(silence.id, None if ended else _encode(silence), offset)

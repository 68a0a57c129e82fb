"""Limits: what is limited, at which levels, and what a snapshot says of it.

Every figure is one of which more is worse, so a limit is two levels, ``warning`` below ``breach``, of which one may be
missing. Money is in base currency, losses are positive.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite

from riskcore.errors import InputError
from riskcore.messages import Measure, RiskSnapshot
from riskcore.settings import NANOSECONDS

MEASURED = ("var", "es")
BOOK = ("stress", "gross", "net", "position_share", "stale")
STREAM = ("silence", "gaps", "data_quality", "watchdog")
RULES = (*MEASURED, *BOOK, *STREAM)
METHODS = ("historical", "parametric", "monte_carlo")

MOST_HOLD = 7 * 24 * 3600 * NANOSECONDS
_LARGEST = 1e15


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit on one figure of one portfolio.

    ``rule`` is one of

    - ``var``, ``es``: of ``method`` at ``confidence``;
    - ``stress``: the loss in ``scenario``, or in the worst one;
    - ``gross``, ``net``: exposure, without its sign;
    - ``position_share``: the largest position's part of gross exposure, 0 to 1;
    - ``stale``: positions whose price is stale or missing;
    - ``silence``: seconds since the most silent feed was heard;
    - ``gaps``: gaps in the venues' numbering found within the last minute;
    - ``data_quality``: limited figures that cannot be given, and positions that are in none;
    - ``watchdog``: always firing, said again after every ``hold``: its silence is what alarms.
    """

    portfolio: str
    rule: str
    method: str | None = None
    confidence: float | None = None
    scenario: str | None = None
    warning: float | None = None
    breach: float | None = None
    hold: int = 0
    """Nanoseconds of journal time for which the figure must stand above a level before it fires."""
    hysteresis: float = 0.05
    """Part of a level by which the figure must fall below it before it counts as below."""

    @property
    def name(self) -> str:
        """The limit's name within its portfolio: ``var historical 0.99``."""
        confidence = None if self.confidence is None else f"{self.confidence:.12g}"
        return " ".join(part for part in (self.rule, self.method, confidence, self.scenario) if part)

    @property
    def levels(self) -> tuple[float | None, float | None]:
        return self.warning, self.breach


def check_limit(limit: Limit) -> None:
    """Refuse a limit that does not make sense.

    Raises
    ------
    InputError
        In words that name the field.
    """
    if limit.rule not in RULES:
        raise InputError(f"rule {limit.rule!r} is not known; there are {', '.join(RULES)}")
    _check_subject(limit)
    _check_levels(limit)
    if not 0 <= limit.hysteresis < 1:
        raise InputError(f"hysteresis is {limit.hysteresis:g}; it must be at least 0 and below 1")
    if not 0 <= limit.hold <= MOST_HOLD:
        raise InputError("for must be between 0s and 7d")
    if limit.rule == "watchdog" and limit.hold < NANOSECONDS:
        raise InputError("for must be at least 1s for a watchdog: so often it is said again")


def _check_subject(limit: Limit) -> None:
    measured = limit.rule in MEASURED
    if measured and limit.method not in METHODS:
        raise InputError(f"method must be one of {', '.join(METHODS)} for {limit.rule}")
    if measured and not (limit.confidence is not None and 0.5 < limit.confidence < 1):
        raise InputError(f"confidence must be between 0.5 and 1 for {limit.rule}, such as 0.99")
    if not measured and (limit.method is not None or limit.confidence is not None):
        raise InputError(f"method and confidence do not go with {limit.rule}")
    if limit.scenario is not None and limit.rule != "stress":
        raise InputError(f"scenario does not go with {limit.rule}")


def _check_levels(limit: Limit) -> None:
    given = [level for level in limit.levels if level is not None]
    if limit.rule == "watchdog":
        if given:
            raise InputError("a watchdog has no level: leave out warning and breach")
        return
    if not given:
        raise InputError("give warning, breach, or both")
    for level in given:
        if not (isfinite(level) and 0 < level <= _LARGEST):
            raise InputError(f"a level is {level:g}; it must be above 0 and at most {_LARGEST:g}")
    if len(given) == 2 and given[0] >= given[1]:
        raise InputError(f"warning is {given[0]:g}; it must be below breach, which is {given[1]:g}")


def figure(limit: Limit, snapshot: RiskSnapshot) -> tuple[float | None, str | None]:
    """What a snapshot says of a limited figure: the value, or None and why there is none.

    Not for the rules of ``STREAM``: these are not in a snapshot.
    """
    if limit.rule in MEASURED:
        return _measured(limit, snapshot.measures)
    if limit.rule == "stress":
        return _stressed(limit, snapshot)
    return _BOOK[limit.rule](snapshot), None


def _position_share(snapshot: RiskSnapshot) -> float:
    largest = max((abs(one.market_value or 0.0) for one in snapshot.positions), default=0.0)
    return largest / snapshot.gross if snapshot.gross else 0.0


_BOOK: dict[str, Callable[[RiskSnapshot], float]] = {
    "gross": lambda snapshot: snapshot.gross,
    "net": lambda snapshot: abs(snapshot.net),
    "position_share": _position_share,
    "stale": lambda snapshot: float(len(snapshot.quality.stale) + len(snapshot.quality.uncovered)),
}


def _measured(limit: Limit, measures: tuple[Measure, ...]) -> tuple[float | None, str | None]:
    for measure in measures:
        if measure.method == limit.method and measure.confidence == limit.confidence:
            return (measure.var if limit.rule == "var" else measure.es), measure.reason
    return None, f"{limit.method} at {limit.confidence} is not measured: see --confidence"


def _stressed(limit: Limit, snapshot: RiskSnapshot) -> tuple[float | None, str | None]:
    losses = {one.scenario: max(0.0, -one.pnl) for one in snapshot.stress}
    if not losses:
        return None, "no stress scenario can be told yet"
    if limit.scenario is None:
        return max(losses.values()), None
    loss = losses.get(limit.scenario)
    return loss, None if loss is not None else f"scenario {limit.scenario!r} is not there"

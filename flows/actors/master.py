"""What may be stated of instruments while the engine runs: judged whole, by row."""

from collections.abc import Callable, Container, Mapping, Sequence
from typing import NamedTuple

import msgspec

from files.instruments import Instrument
from flows.actors.blotter import Fault
from storage.rows import AnswerRow


class Held(NamedTuple):
    """In what an instrument is held or traded: this may not change under a position."""

    currency: str
    multiplier: float


class Facts(NamedTuple):
    """What a statement is judged by; the same in every shard."""

    find: Callable[[str], int | None]
    known: Mapping[int, Instrument]
    held: Callable[[int], Held | None]
    has_ticks: Callable[[int], bool]
    calendars: Container[str]
    base: str
    shrinks: bool


def faults_of(told: Sequence[Instrument], facts: Facts) -> list[Fault]:
    """Everything that is wrong with a statement."""
    seen: dict[int, str] = {}
    faults = []
    for row, one in enumerate(told):
        number = facts.find(one.symbol)
        if number is None:
            fault: Fault | None = Fault(f"symbol: {one.symbol!r} is neither held nor watched; {_NAME_IT}")
        elif number in seen:
            fault = Fault(f"symbol: {one.symbol!r} is there twice, as {seen[number]!r} before")
        else:
            seen[number] = one.symbol
            fault = _fault(number, one, facts)
        if fault is not None:
            faults.append(fault._replace(text=f"instruments.{row}.{fault.text}"))
    return faults


def answer_of(asked: str, faults: Sequence[Fault]) -> tuple[AnswerRow, ...]:
    """What whoever stated it hears."""
    if not asked:
        return ()
    if not faults:
        return (AnswerRow(asked, 200, b"{}"),)
    errors = [fault.text for fault in faults]
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    said = {"detail": f"nothing was changed: {errors[0]}{more}", "errors": errors[:100]}
    return (AnswerRow(asked, 409 if any(fault.conflict for fault in faults) else 422, msgspec.json.encode(said)),)


_NAME_IT = "name it with --symbols at the engine's start"


def _fault(number: int, one: Instrument, facts: Facts) -> Fault | None:
    if one.proxy is not None and facts.find(one.proxy) in (None, number):
        return Fault(f"proxy: {one.proxy!r} is itself, or neither held nor watched; {_NAME_IT}")
    if one.session is not None and one.session not in facts.calendars:
        return Fault(f"session: the engine does not know the calendar {one.session!r}; name it in the instruments file")
    if one.negative and facts.shrinks:
        return Fault("negative: shrinkage mixes variances, and those of prices that may be negative are in points")
    return _conflict(number, one, facts)


def _conflict(number: int, one: Instrument, facts: Facts) -> Fault | None:
    known, held = facts.known.get(number), facts.held(number)
    if held is not None and (one.currency or facts.base) != held.currency:
        return Fault(f"currency: {one.symbol!r} is held in {held.currency}", conflict=True)
    if held is not None and (one.multiplier or 1.0) != held.multiplier:
        return Fault(f"multiplier: {one.symbol!r} is held with {held.multiplier:g}", conflict=True)
    if not facts.has_ticks(number):
        return None
    if one.mark is not None and (known is None or known.mark is None):
        return Fault(f"mark: {one.symbol!r} has prices of its own", conflict=True)
    if one.negative != (known is not None and known.negative):
        return Fault(f"negative: {one.symbol!r} has returns of the other kind", conflict=True)
    return None

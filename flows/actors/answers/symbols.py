"""From the symbol of a question to the instrument."""

from flows.universe import Universe
from riskcore.errors import InputError


def number_of(universe: Universe, symbol: str, place: str) -> int:
    """The number of an instrument; ``InputError`` beginning with its place in the question where it is not watched."""
    number = universe.find(symbol)
    if number is None:
        advice = "name it with --symbols at the engine's start"
        raise InputError(f"{place}: {symbol!r} is neither held nor watched; {advice}")
    return number

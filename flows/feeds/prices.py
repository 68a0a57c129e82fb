"""What a price and a size can be: within bounds that no market reaches, so that no figure overflows."""

from math import isfinite

from flows.feeds.adapter import TickReason

MIN_PRICE = 1e-12
MAX_PRICE = 1e15
MAX_SIZE = 1e15


def fault_of_price(price: float) -> TickReason | None:
    """Why ``price`` is none; None where nothing is wrong with it."""
    if MIN_PRICE <= price <= MAX_PRICE:
        return None
    if not isfinite(price):
        return "not_finite"
    return "out_of_bounds" if price > 0.0 else "not_positive"


def fault_of_any_price(price: float) -> TickReason | None:
    """The same of an instrument whose price can be 0 or below."""
    if -MAX_PRICE <= price <= MAX_PRICE:
        return None
    return "out_of_bounds" if isfinite(price) else "not_finite"


def fault_of_quote(bid: float, ask: float) -> TickReason | None:
    """Why the middle of ``bid`` and ``ask`` is no price: a side is none, or there is no room between them."""
    if MIN_PRICE <= bid < ask <= MAX_PRICE:
        return None
    return fault_of_price(bid) or fault_of_price(ask) or ("crossed" if bid > ask else "locked")

"""The positions of a portfolio, as they are booked."""

from api.models.base import Payload


class Position(Payload):
    """What a portfolio holds of one instrument. Prices and risk of it are in the risk snapshot."""

    portfolio: str
    symbol: str
    """As the positions file wrote it."""
    quantity: float
    """Signed, contracts or shares."""
    avg_price: float | None
    """Average price paid, quote currency."""
    multiplier: float
    """Value of one contract for a price of 1."""
    currency: str | None
    """Quote currency."""
    desk: str | None

"""D4: fills of any size, added up for as long as a book lives, lose no cent."""

from riskcore.cost_basis import CostBasis
from tests.soak.registry import Figures, Soak, row

FILLS, AT_ONCE, POSITIONS = 10_000_000, 100_000, 50
LOTS, CENTS = 10**8, 100


@row("D4", budget_s=900)
def ten_million_fills(soak: Soak) -> Figures:
    """Ten million fills of 1e-8 lots, spread over fifty positions, add up to what integers say, to the last cent."""
    rng = soak.rng
    bases = [CostBasis() for _ in range(POSITIONS)]
    held, paid = [0] * POSITIONS, [0] * POSITIONS
    for _ in range(FILLS // AT_ONCE):
        positions = rng.integers(0, POSITIONS, AT_ONCE).tolist()
        lots = rng.integers(-(10**10), 10**10, AT_ONCE).tolist()
        cents = rng.integers(1, 10**7, AT_ONCE).tolist()
        for position, lot, cent in zip(positions, lots, cents, strict=True):
            bases[position].trade(lot / LOTS, cent / CENTS)
            held[position] += lot
            paid[position] += lot * cent
    assert [basis.quantity * LOTS for basis in bases] == held
    assert [basis.paid is not None and basis.paid * LOTS * CENTS for basis in bases] == paid
    return {"fills": FILLS, "positions": POSITIONS, "lots lost": 0, "cents lost": 0}

"""Average cost: an independent ledger in fractions, and fills whose sum must not lose a cent (row D4 of the faults)."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskcore.cost_basis import CostBasis, PositionPnl
from riskcore.errors import InputError

FILLS = st.lists(
    st.tuples(st.integers(-500, 500).filter(bool), st.integers(1, 10_000)),
    min_size=1,
    max_size=40,
)


def as_basis(fills) -> CostBasis:
    basis = CostBasis()
    for hundredths, cents in fills:
        basis.trade(hundredths / 100, cents / 100)
    return basis


def lots(fills) -> tuple[Fraction, Fraction]:
    """Realised P&L and average price as a clerk reckons them: the open lot is one, closed piece by piece."""
    held, average, realised = Fraction(0), Fraction(0), Fraction(0)
    for hundredths, cents in fills:
        quantity, price = Fraction(hundredths, 100), Fraction(cents, 100)
        closed = min(abs(quantity), abs(held)) if held * quantity < 0 else Fraction(0)
        realised += closed * (price - average) * (1 if held > 0 else -1)
        opened = abs(quantity) - closed
        if opened:
            rest = abs(held) - closed
            average = (rest * average + opened * price) / (rest + opened)
        held += quantity
    return realised, average


@given(FILLS)
def test_average_and_realised_pnl_are_those_of_a_clerk_with_fractions(fills) -> None:
    basis, (realised, average) = as_basis(fills), lots(fills)
    told = basis.pnl(price=None)
    assert told.realised == pytest.approx(float(realised), rel=1e-12, abs=1e-12)
    if basis.quantity:
        assert told.average_price == pytest.approx(float(average), rel=1e-14)
    else:
        assert told.average_price is None


@given(FILLS)
def test_what_is_kept_between_fills_changes_no_figure(fills) -> None:
    asked = CostBasis()
    for count, (hundredths, cents) in enumerate(fills, 1):
        asked.trade(hundredths / 100, cents / 100)
        for multiplier in (1.0, 50.0, 50.0, 1.0):
            assert asked.pnl(50.25, multiplier) == as_basis(fills[:count]).pnl(50.25, multiplier)
        assert asked == as_basis(fills[:count])


@given(FILLS, st.integers(1, 10_000))
def test_realised_and_unrealised_add_up_to_the_value_less_what_was_paid_exactly(fills, cents: int) -> None:
    basis = as_basis(fills)
    told = basis.pnl(cents / 100)
    assert told.realised is not None
    assert told.unrealised is not None
    earned = sum(Fraction(q, 100) * (Fraction(cents, 100) - Fraction(p, 100)) for q, p in fills)
    assert told.realised + told.unrealised == pytest.approx(float(earned), rel=1e-14, abs=1e-10)


def test_a_position_bought_in_tenths_and_sold_at_once_is_flat() -> None:
    basis = CostBasis()
    for _ in range(10):
        basis.trade(0.1, 0.3)
    basis.trade(-1.0, 0.3)
    assert sum([0.1] * 10) != 1.0, "or the test shows nothing"
    assert (basis.quantity, basis.paid) == (0, 0)
    assert basis.pnl(5.0) == PositionPnl(None, 0.0, 0.0)


def test_a_hundred_thousand_fills_lose_no_cent() -> None:
    draw = np.random.default_rng(3)
    units, cents = draw.integers(-(10**8), 10**8, 100_000).tolist(), draw.integers(1, 10**7, 100_000).tolist()
    basis = CostBasis()
    for unit, cent in zip(units, cents, strict=True):
        basis.trade(unit / 1e8, cent / 100)
    paid = sum(unit * cent for unit, cent in zip(units, cents, strict=True))
    assert basis.quantity * 10**8 == sum(units)
    assert basis.paid is not None
    assert basis.paid * 10**10 == paid


def test_a_fill_through_zero_realises_the_whole_and_opens_the_rest_at_its_price() -> None:
    basis = CostBasis()
    basis.trade(10, 5.0)
    basis.trade(-14, 6.0)
    assert basis.pnl(7.0, multiplier=2.0) == PositionPnl(6.0, 2 * 10.0, 2 * -4.0)


def test_an_unknown_price_leaves_the_average_unknown_until_the_position_turns() -> None:
    basis = CostBasis()
    basis.trade(10, None)
    basis.trade(5, 6.0)
    assert basis.pnl(7.0) == PositionPnl(None, None, None)
    basis.trade(-20, 8.0)
    assert basis.pnl(7.0) == PositionPnl(8.0, None, 5.0)
    basis.restate(3, 2.0)
    assert basis.pnl(7.0) == PositionPnl(2.0, 0.0, 15.0)


def test_a_state_in_the_middle_goes_on_as_before() -> None:
    fills = [(150, 333), (70, 1), (-220, 90), (-10, 500)]
    restored = CostBasis.restore(as_basis(fills[:2]).state())
    for hundredths, cents in fills[2:]:
        restored.trade(hundredths / 100, cents / 100)
    assert restored == as_basis(fills)
    assert CostBasis.restore(as_basis(fills).state()) == as_basis(fills)
    assert CostBasis.restore(CostBasis(paid=None).state()) == CostBasis(paid=None)


@pytest.mark.parametrize("fill", [(float("nan"), 1.0), (float("inf"), 1.0), (1.0, float("nan"))])
def test_what_is_no_number_is_refused(fill) -> None:
    with pytest.raises(InputError, match="finite number"):
        CostBasis().trade(*fill)


def test_a_state_is_the_same_to_the_last_byte_after_a_fill_of_nothing() -> None:
    basis = CostBasis()
    basis.trade(0.0, 1.0)
    assert CostBasis.restore(basis.state()).state() == basis.state() == ["0.0", "0.00", None]

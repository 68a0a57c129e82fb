"""Desks and the firm: sums of portfolios, kept as books of what these hold together.

P&L is linear in what is held, so the P&L vector of a book that holds the sums is the sum of the P&L vectors of its
portfolios. It needs nothing of them but their positions, which every shard hears of, and has everything that a book
has: three methods, components, stress, what-if.
"""

from collections.abc import Iterable, Sequence

import msgspec
from msgspec.structs import replace

from flows.commands import Holding
from riskcore.cost_basis import exact
from riskcore.errors import InputError
from riskcore.messages import FIRM, desk_name


class Sums:
    """Which portfolios belong to which sums, and in what units; the same in every shard.

    The firm is the sum of all portfolios, where there is more than one; a desk that of those that name it.
    """

    def __init__(self, base_currency: str) -> None:
        self._base = base_currency
        self._desks: dict[str, str | None] = {}
        self._multipliers: dict[str, dict[int, float]] = {}

    @property
    def names(self) -> set[str]:
        """The sums that there are."""
        return {name for portfolio in self._desks for name in self.of(portfolio)}

    def of(self, portfolio: str) -> tuple[str, ...]:
        """The sums that a portfolio is part of."""
        desk = self._desks.get(portfolio)
        firm = (FIRM,) if len(self._desks) > 1 else ()
        return firm if desk is None else (desk_name(desk), *firm)

    def state_book(self, holdings: Sequence[tuple[int, Holding]]) -> dict[str, list[tuple[int, Holding]]]:
        """Take a whole book; return what each sum holds of it.

        Raises
        ------
        InputError
            One instrument is said to be in two currencies.
        """
        self._multipliers = {}
        for number, held in holdings:
            self._desks[held.portfolio] = self._desks.get(held.portfolio) or held.desk
            self._multipliers.setdefault(held.portfolio, {})[number] = held.multiplier
        parts: dict[str, list[tuple[int, Holding]]] = {name: [] for name in self.names}
        for number, held in holdings:
            for name in self.of(held.portfolio):
                parts[name].append((number, held))
        return {name: _added(name, rows, self._base) for name, rows in parts.items()}

    def quantity(self, portfolio: str, number: int, quantity: float, new: Holding, held: Holding | None) -> float:
        """A quantity that a portfolio trades in the units of the sum that has ``held``; ``new`` is on its own terms."""
        own = self._multipliers.get(portfolio, {}).get(number, new.multiplier)
        return _in_units(quantity, own, (held or new).multiplier)

    def state(self) -> "SumsState":
        """What :meth:`restore` needs."""
        return SumsState(self._desks, self._multipliers)

    def restore(self, state: "SumsState") -> None:
        """Become what :meth:`state` described."""
        self._desks, self._multipliers = state.desks, state.multipliers


class SumsState(msgspec.Struct, array_like=True):
    """The sums in a checkpoint."""

    desks: dict[str, str | None]
    multipliers: dict[str, dict[int, float]]


def _added(name: str, rows: Iterable[tuple[int, Holding]], base: str) -> list[tuple[int, Holding]]:
    total: dict[int, Holding] = {}
    for number, held in rows:
        known = total.get(number)
        if known is None:
            total[number] = replace(held, portfolio=name, desk=None)
            continue
        one, other = held.currency or base, known.currency or base
        if one != other:
            raise InputError(
                f"{held.symbol!r} is in {one} for portfolio {held.portfolio!r} and in {other} for another: "
                "one instrument has one currency"
            )
        more = _in_units(held.quantity, held.multiplier, known.multiplier)
        total[number] = replace(known, quantity=float(exact(known.quantity) + exact(more)), avg_price=None)
    return list(total.items())


def _in_units(quantity: float, own: float, multiplier: float) -> float:
    return quantity if own == multiplier else quantity * own / multiplier

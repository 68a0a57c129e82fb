"""Rows of the soak: plain functions, registered by name with the fault that they show."""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import numpy as np

from tests.soak import rows

Figures = dict[str, float | int | str]


class NotRunError(Exception):
    """Raised by a row that cannot be run on this machine, with the reason: it has neither passed nor failed."""


@dataclass(frozen=True, slots=True)
class Soak:
    """What a row is given: all its chance comes from ``seed``, all its files go to ``directory``."""

    seed: int
    directory: Path

    @property
    def rng(self) -> np.random.Generator:
        """A generator that begins anew each time it is asked for."""
        return np.random.default_rng(self.seed)


@dataclass(frozen=True, slots=True)
class Row:
    """A large test: what it shows, how long it may take, and the function that asserts it and returns its figures."""

    name: str
    shows: str
    """The row of the catalogue of faults, as ``M5``, or the issue's own words."""
    budget_s: float
    run: Callable[[Soak], Figures]

    @property
    def claim(self) -> str:
        """The first line of the function's docstring."""
        return (self.run.__doc__ or self.name).strip().splitlines()[0]

    def seed(self, of_run: int) -> int:
        """The row's own seed: the same whatever else is run, and in whatever order."""
        return crc32(f"{of_run}:{self.name}".encode())


_ROWS: dict[str, Row] = {}


def row(shows: str, budget_s: float) -> Callable[[Callable[[Soak], Figures]], Callable[[Soak], Figures]]:
    """Register a function as the row of its name; past ``budget_s`` seconds it is stopped and has failed."""

    def register(run: Callable[[Soak], Figures]) -> Callable[[Soak], Figures]:
        name = run.__name__
        if name in _ROWS and _ROWS[name].run.__module__ != run.__module__:
            raise ValueError(f"two rows of the soak are called {name}: rename one")
        _ROWS[name] = Row(name, shows, budget_s, run)
        return run

    return register


def all_rows() -> dict[str, Row]:
    """Every row of every module in ``tests/soak/rows``, by name."""
    for module in pkgutil.iter_modules(rows.__path__):
        importlib.import_module(f"{rows.__name__}.{module.name}")
    return dict(sorted(_ROWS.items()))

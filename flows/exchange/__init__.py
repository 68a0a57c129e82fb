"""The simulated exchange: a real WebSocket server with a generated market, or playing recordings."""

from flows.exchange.book import Holding, example_book, write_book
from flows.exchange.faults import Fault, read_faults
from flows.exchange.history import History, simulate_history, write_history
from flows.exchange.instruments import Instrument, list_instruments
from flows.exchange.market import Market
from flows.exchange.saved import load_state
from flows.exchange.server import run_exchange, serve
from flows.exchange.settings import ExchangeSettings

__all__ = [
    "ExchangeSettings",
    "Fault",
    "History",
    "Holding",
    "Instrument",
    "Market",
    "example_book",
    "list_instruments",
    "load_state",
    "read_faults",
    "run_exchange",
    "serve",
    "simulate_history",
    "write_book",
    "write_history",
]

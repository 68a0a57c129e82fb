"""The journal: everything that comes in, in one order, on disk before anything else sees it."""

from flows.journal.appender import Appender
from flows.journal.keeper import KEEP_ALL, Keeper, Retention
from flows.journal.reader import JournalReader
from flows.journal.segment import JournalError
from flows.journal.writer import JournalWriter

__all__ = ["KEEP_ALL", "Appender", "JournalError", "JournalReader", "JournalWriter", "Keeper", "Retention"]

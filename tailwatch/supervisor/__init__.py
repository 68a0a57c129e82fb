"""Runs the parts of tailwatch as processes: starts, watches, starts again, and stops them in order."""

from tailwatch.supervisor.child import Child, Part
from tailwatch.supervisor.supervisor import Interrupted, Supervisor

__all__ = ["Child", "Interrupted", "Part", "Supervisor"]

"""The exceptions of the house.

::

    TailwatchError          something failed while running; one line, exit status 1
    └── InputError          wrong usage or input: the message names the thing and says what to do; exit status 2
"""


class TailwatchError(Exception):
    """A failure that a user can understand from its message alone."""


class InputError(TailwatchError, ValueError):
    """Wrong usage or wrong input."""

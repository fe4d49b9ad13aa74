"""`UsageError`, the error whose text is shown to the user."""

from __future__ import annotations


class UsageError(Exception):
    """Wrong input of the user.  The text is one line: what is wrong, where, and what to do.  Exit status 2."""


class NoWorkersError(UsageError):
    """The workers that a run expects did not come, or a worker found no master."""

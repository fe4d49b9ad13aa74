"""The one error that a user is meant to read."""

from __future__ import annotations


class UsageError(Exception):
    """Something that the user gave is wrong.  The text is one line: what, where, what to do.  Exit status 2."""

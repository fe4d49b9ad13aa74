"""Bounds of real time on a machine that has other things to do."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

P = ParamSpec("P")
ATTEMPTS = 6
FOREVER_S = 60.0
"""The pause of a server, or the time limit of a client, that must not be waited for."""
PROMPT_S = FOREVER_S / 2
"""What did not wait for it took less, however busy the machine is."""


def undisturbed(test: Callable[P, None]) -> Callable[P, None]:
    """Makes a test up to `ATTEMPTS` times, until one attempt holds; when none does, all that they said.

    Only for tests of real time that cannot be had without (by what the server itself noted, by a fake clock, or with
    `FOREVER_S` against `PROMPT_S`), and whose disturbance goes one way: a pause of the machine can only make such a
    test fail, never pass.  What one attempt that was left alone says is true, and a real defect fails them all.
    """

    @wraps(test)
    def attempts(*args: P.args, **kwargs: P.kwargs) -> None:
        said = []
        for _ in range(ATTEMPTS):
            try:
                return test(*args, **kwargs)
            except AssertionError as error:
                said.append(str(error))
        raise AssertionError("\n".join(f"attempt {number}: {text}" for number, text in enumerate(said, 1)))

    return attempts

"""Messages of the tool in both languages, as a page is read in either: a run says and writes them in one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..goals import baseline
from ..records import reader
from ..request import outcomes, proxy, waiting
from ..texts import REASONS, Texts, in_both_languages
from .figures import Both

Translation = Callable[[str], Both]
"""A message in (English, Chinese)."""

TABLES: Sequence[Texts] = (
    outcomes.TEXTS, waiting.TEXTS, proxy.TEXTS, reader.TEXTS, baseline.NOTES, REASONS,
)  # fmt: skip


def message(said: str, more: Sequence[Texts] = ()) -> Both:
    """A message in (English, Chinese); itself twice where it is not of the tool, as what a server says.

    `more` are tables of rooms above this one.
    """
    return in_both_languages(said, (*TABLES, *more))

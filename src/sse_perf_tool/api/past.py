"""Reads the result of an earlier run from its records file."""

from __future__ import annotations

from pathlib import Path

from ..commands.judging import judged_again
from ..commands.report import read_back
from ..records import RunResult
from ..texts import LANGUAGES


def read_run(path: str | Path, lang: str = LANGUAGES[0]) -> RunResult:
    """The run whose `--records` are in this file, with the figures that the run itself gave.

    `lang` ("en" or "zh") is the language of its warnings.  It is held against the rules that it was made with.
    UsageError when the file cannot be read or is something else.
    """
    result = read_back(Path(path), lang, None).result
    return judged_again(result)

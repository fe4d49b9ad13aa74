"""Reads the result of an earlier run from its records file, and writes the report of a run."""

from __future__ import annotations

from pathlib import Path

from .. import report_generator
from ..commands.judging import judged_again
from ..commands.messages import in_both
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


def generate_html_report(
    result: RunResult,
    path: str | Path,
    *,
    brand: str = report_generator.BRAND,
    title: str | None = None,
    lang: str | None = None,
) -> list[str]:
    """Writes the report of a run to `path`; OSError when it cannot be written.

    `lang` ("en" or "zh") is the language in which the page opens, by default that of the run; it can be read in both.
    Returns notes for the console, such as that the page is not offline, in that language.
    """
    return report_generator.generate_html_report(result, path, brand=brand, title=title, lang=lang, translated=in_both)

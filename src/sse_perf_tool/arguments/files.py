"""The input and output files that a command line names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..flags import Flag
from ..texts import Texts
from . import output_paths
from .flag_values import FlagValues
from .sources import Source

TEXTS: Texts = {
    **output_paths.TEXTS,
    "no_record_file": ("cannot be read ({reason}); check the path", "无法读取（{reason}），请检查路径"),
}

_INPUT_FILES = (
    "config",
    "param_file",
    "replay",
    "api_key_file",
    "request_body_file",
    "cacert",
    "baseline",
    "tokenizer",
)


def inputs(flags: FlagValues) -> dict[Path, str]:
    """The input files, and the names of their flags."""
    return {Path(flags[key]).resolve(): flags.name(key) for key in _INPUT_FILES if flags[key]}


def drop_files_of_runs(flags: FlagValues, of_runs: Sequence[Flag]) -> None:
    """Ignores output files that are not named on the command line of this command: they belong to a run."""
    for flag in of_runs:
        if flag.writes_file and flag.key in flags.given and flags.source(flag.key) is not Source.LINE:
            flags.drop(flag.key)


def outputs(
    flags: FlagValues,
    environ: Mapping[str, str],
    now: output_paths.Now,
    taken: dict[Path, str],
    *,
    default_report: bool,
) -> dict[str, Any]:
    """The fields of `Arguments` for the output files.

    `taken` has the files that must not be overwritten, with their names for errors; `now` dates the default report.
    """
    files = output_paths.checked(flags, taken, now, default_report=default_report)
    return {
        "html_report": files.html_report,
        "report_named": "html_report" in flags.given,
        "brand": flags["brand"],
        "report_title": flags["report_title"],
        "exports": files.exports,
        "records_file": files.records,
        "color": not (flags["no_color"] or environ.get("NO_COLOR")),
    }
